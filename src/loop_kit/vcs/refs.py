"""Loop's own refs, `refs/loop/{run_name}/…`: pins that keep commits alive, and claims that only one process can win."""

from collections.abc import Mapping

from loop_kit.errors import NeedsPersonError
from loop_kit.values.wording import path_text
from loop_kit.vcs.git import Git, last_line


def refs_under(git: Git, *prefixes: str) -> dict[str, str]:
    """Return full ref name -> object id for each prefix itself and everything below it; with a final `/` only the latter."""
    return read_refs(git.out(*refs_question(*prefixes)))


def refs_question(*prefixes: str) -> tuple[str, ...]:
    """Return what to ask git for these refs; `read_refs` reads the answer."""
    return ("for-each-ref", "--format=%(objectname) %(refname)", "--", *prefixes)


def read_refs(answer: bytes) -> dict[str, str]:
    lines = (line.partition(b" ") for line in answer.splitlines())
    return {path_text(name): path_text(sha) for sha, _, name in lines}


def pin(git: Git, ref: str, sha: str) -> dict[str, str]:
    """Point `ref` at `sha` and return every ref that was made or moved; pinning again changes nothing.

    Nothing pinned is ever lost: what was pinned there before moves to `older/{name}-1`, `older/{name}-2` and so on beside it.
    """
    pinned = _create(git, ref, sha)
    if pinned == sha:
        return {ref: sha}
    if git.ask("cat-file", "-e", pinned).code != 0:  # its object is gone, so there is nothing to keep
        git.out("update-ref", "--no-deref", ref, sha)
        return {ref: sha}
    folder, _, name = ref.rpartition("/")
    taken = refs_under(git, f"{folder}/older")
    numbered = (f"{folder}/older/{name}-{number}" for number in range(1, len(taken) + 2))
    older = next(free for free in numbered if free not in taken)
    # One transaction: both commits have a ref at any moment.
    moves = f"create {older} {pinned}\nupdate {ref} {sha} {pinned}\n"
    git.out("update-ref", "--no-deref", "--stdin", stdin=moves.encode())
    return {ref: sha, older: pinned}


def keep(git: Git, pins: Mapping[str, str]) -> tuple[str, ...]:
    """Point each ref at its commit; return those that git could make: all, unless an object is gone."""
    commands = {ref: f"update {ref} {sha}\n".encode() for ref, sha in pins.items()}
    if git.ask("update-ref", "--no-deref", "--stdin", stdin=b"".join(commands.values())).code == 0:
        return tuple(pins)
    made = (ref for ref, command in commands.items() if git.ask("update-ref", "--stdin", stdin=command).code == 0)
    return tuple(made)


def log_ref(run_name: str) -> str:
    """Return the ref that pins where the log of a run is anchored."""
    return f"refs/loop/{run_name}/log"


def blobs(git: Git, *names: str) -> dict[str, tuple[str, bytes]]:
    """Return name -> id and content of the blob that each ref names, without missing refs; no content of other objects."""
    answer = git.out("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    found = {}
    for name in names:
        told, _, answer = answer.partition(b"\n")
        match told.split():
            case [sha, kind, size]:
                content, answer = answer[: int(size)], answer[int(size) + 1 :]
                found[name] = path_text(sha), content if kind == b"blob" else b""
    return found


def write_blob(git: Git, content: bytes) -> str:
    return git.line("hash-object", "-w", "--stdin", stdin=content)


def move(git: Git, ref: str, sha: str, before: str) -> None:
    """Move `ref` from `before` ("" for none) to `sha`; raise `NeedsPersonError` when it is elsewhere."""
    answer = git.ask("update-ref", "--no-deref", ref, sha, before)
    if answer.code != 0:
        raise NeedsPersonError(
            f"git cannot move {ref}: {last_line(answer.err)}",
            hint="find out who wrote it; when no git is running, a leftover .lock file may be deleted; a ref that is in its "
            "way goes with: git update-ref -d REF; then: loop run --resume",
        )


def claim(git: Git, ref: str, content: bytes) -> bool:
    """Create `ref` with `content` and return True, also when it has the same content already; else False."""
    blob = write_blob(git, content)
    return _create(git, ref, blob) == blob


def _create(git: Git, ref: str, sha: str) -> str:
    """Make `ref` point at `sha` unless it exists; return where it points now."""
    answer = git.ask("update-ref", "--no-deref", ref, sha, "")  # an empty old value: only when there is no such ref
    if answer.code == 0:
        return sha
    existing = refs_under(git, ref).get(ref)
    if existing is None:
        raise NeedsPersonError(
            f"git cannot write {ref}: {last_line(answer.err)}",
            hint="when no git is running, a leftover .lock file named above may be deleted; a ref that is in its way goes "
            "with: git update-ref -d REF",
        )
    return existing
