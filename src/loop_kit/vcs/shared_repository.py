"""A repository of its own, in `root/.git`, that reads the objects of another one, with a checkout of one commit.

What `git clone --shared` makes, put together from its parts, because git's own way fails where it matters: of a shallow
repository it makes a full copy, of a partial one a clone that cannot check anything out; and it adds a remote, hooks of a
template and settings that would have to be taken out again.

The checkout is done by the other repository's git folder, with an index and files of ours. So files come to be as they do
there: by its filters and their stores, its attributes, its sparse patterns; and what a partial clone lacks is asked of
the remote with the person's own means, once, and is there for both. Its own index, HEAD and files are not touched.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from loop_kit import folders
from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.values import replace
from loop_kit.values.wording import path_text
from loop_kit.vcs import carried_settings
from loop_kit.vcs.findings import listed
from loop_kit.vcs.git import Git, last_line
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.watched_files import pointed_at

_REFS = ("for-each-ref", "--format=%(objectname) %(refname) %(symref)", "--", "refs/heads", "refs/tags", "refs/remotes")
# What it takes over as it is: from the git folder of the working tree, and from that of all of them.
_OF_THE_TREE = ("info/sparse-checkout",)
_OF_ALL = ("info/exclude", "info/attributes", "shallow")
_KEYS = "git-crypt"  # a folder of keys that a filter looks for in the git folder
_CHECKOUT = tuple(
    part
    for name, value in (*carried_settings.NO_DOWNLOAD, ("submodule.recurse", "false"), ("index.sparse", "false"))
    for part in ("-c", f"{name}={value}")
)
_SHA256 = 64  # hexadecimal digits
_SIGNS = re.compile(rb'[\x00-\x1f\x7f"\\]')
_NAMES_SHOWN = 5


def at(root: Path) -> Repository:
    """Return the repository in `root/.git`: git is told that it is this one, and does not look for itself."""
    git_dir = root / ".git"
    location = (f"--git-dir={git_dir}", f"--work-tree={root}")
    return Repository(root=root, git_dir=git_dir, common_dir=git_dir, git=Git(root, location))


def objects(repository: Repository) -> Path:
    return Path(os.path.realpath(repository.common_dir / "objects"))


def make(source: Repository, root: Path, *, sha: str, branch: str) -> list[str]:
    """Make it in an empty folder, with `branch` at `sha`, or with a detached HEAD for ""; return what stays behind.

    Raise `StartError` when it cannot be made; then what there is of it is no use.
    """
    settings, refs = source.git.outs(carried_settings.QUESTION, _REFS)
    if source.commit_id(sha) != sha:
        raise StartError(f"{path_text(source.root)} has no commit {sha:.100}", hint="git log shows the commits")
    there = carried_settings.read(settings)
    tree = at(root)
    kind = "sha256" if len(sha) == _SHA256 else "sha1"
    # In files whatever git's default is: they are written here, and git answers by them.
    as_files = replace(tree.git, variables={"GIT_DEFAULT_REF_FORMAT": "files"})
    as_files.out("init", "--quiet", "--template=", f"--object-format={kind}", f"--initial-branch={branch or 'none'}")
    _write(tree.git_dir / "objects/info/alternates", alternates(source))
    (tree.git_dir / "info").mkdir()
    for folder, names in ((source.git_dir, _OF_THE_TREE), (source.common_dir, _OF_ALL)):
        for name in names:
            _take_over(folder / name, tree.git_dir / name)
    _take_over_keys(source, tree)
    _write_refs(tree, refs.splitlines(), sha, branch)
    here = carried_settings.read(tree.git.out(*carried_settings.QUESTION))
    with (tree.git_dir / "config").open("ab") as config:
        config.write(carried_settings.as_text(carried_settings.for_tree(there, here, source.root)))
    _check_out(source, tree, sha, carried_settings.promisors(there))
    return list(_hooks(source, there))


def alternates(source: Repository) -> bytes:
    """Return the file by which git finds the objects of `source`."""
    path = os.fsencode(objects(source))
    return (quoted(path) if _SIGNS.search(path) else path) + b"\n"


def quoted(path: bytes) -> bytes:
    """Return a path in quotation marks, as git reads it in a list of folders with objects."""
    return b'"' + _SIGNS.sub(lambda found: b"\\%03o" % ord(found[0]), path) + b'"'


def check(source: Repository, root: Path) -> Repository:
    """Return the repository in `root`; raise `NeedsPersonError` when it is not the one that was made there."""
    problem = _problem(source, root)
    if problem:
        raise NeedsPersonError(
            f"{path_text(root)} is not the run's tree any more: {problem}",
            hint=f"see what happened to it; what loop has fetched from it is below refs/loop/ of {path_text(source.root)}",
        )
    return at(root)


def _problem(source: Repository, root: Path) -> str:
    """Say what is not as it was made: git would read settings, refs or objects of another repository."""
    git_dir = root / ".git"
    try:
        for folder in (git_dir, git_dir / "objects"):
            with folders.opened(folder):
                pass
        for file in ("HEAD", "config"):
            folders.read(git_dir / file)
        named = folders.read(git_dir / "objects/info/alternates")
    except folders.LinkError as error:
        return f"{error.filename} is a symbolic link"
    except FileNotFoundError as error:
        return f"{error.filename} is gone"
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    if os.path.lexists(git_dir / "commondir"):
        return f"{path_text(git_dir / 'commondir')} names another repository"
    if named != alternates(source):
        return f"{path_text(git_dir / 'objects/info/alternates')} does not name the objects of {path_text(source.root)} alone"
    return ""


def _take_over(source: Path, target: Path) -> None:
    if source.is_file():
        _write(target, source.read_bytes())


def _take_over_keys(source: Repository, tree: Repository) -> None:
    folder = source.common_dir / _KEYS
    for name in folders.names(folder / "keys") if folder.is_dir() else ():
        _take_over(folder / "keys" / name, tree.git_dir / _KEYS / "keys" / name)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_refs(tree: Repository, lines: list[bytes], sha: str, branch: str) -> None:
    """Write branches, tags and remote branches as they are in the other repository, and what is checked out."""
    own = os.fsencode(f"refs/heads/{branch}")
    known = {name: (at_, names) for at_, name, names in (line.split(b" ", 2) for line in lines) if name != own}
    if branch:
        _check_name(own, known.keys())
        known[own] = (sha.encode(), b"")
    else:
        _write(tree.git_dir / "HEAD", f"{sha}\n".encode())
    packed = b"".join(at_ + b" " + name + b"\n" for name, (at_, names) in sorted(known.items()) if not names)
    _write(tree.git_dir / "packed-refs", b"# pack-refs with: sorted \n" + packed)
    for name, (_, names) in known.items():
        if names:  # as `refs/remotes/origin/HEAD` does
            _write(tree.git_dir / os.fsdecode(name), b"ref: " + names + b"\n")


def _check_name(own: bytes, known: Iterable[bytes]) -> None:
    """Raise when git could not keep a branch of that name beside the others, there as here."""
    in_its_way = next((name for name in known if own.startswith(name + b"/") or name.startswith(own + b"/")), None)
    if in_its_way is not None:
        name, other = (path_text(ref).removeprefix("refs/heads/") for ref in (own, in_its_way))
        raise StartError(
            f"there can be no branch {name} beside the branch {other}", hint=f"rename that: git branch -m {other} NAME"
        )


def _check_out(source: Repository, tree: Repository, sha: str, promisors: list[str]) -> None:
    git = replace(
        source.git,
        where=tree.root,
        location=(*source.git.location, f"--git-dir={source.git_dir}", f"--work-tree={tree.root}"),
        variables={**source.git.variables, "GIT_INDEX_FILE": os.fspath(tree.git_dir / "index")},
    )
    answer = git.ask(*_CHECKOUT, "read-tree", "--reset", "-u", "--no-recurse-submodules", sha)
    if answer.code != 0:
        hint = (
            f"this is a partial clone: {', '.join(promisors)} has to be within reach once, for what is not here yet"
            if promisors
            else f"git worktree add FOLDER {sha[:12]} does the same and says more"
        )
        raise StartError(
            f"git cannot check out {sha[:12]} of {path_text(source.root)} into a tree of its own: {last_line(answer.err)}",
            hint=hint,
        )


def _hooks(source: Repository, settings: carried_settings.Settings) -> Iterator[str]:
    in_force = {name: entries[-1][1] or b"" for name, entries in settings.items()}
    folder = (*pointed_at(source, in_force, "core.hookspath"), source.common_dir / "hooks")[0]
    with suppress(OSError):  # then none of them ran in the person's tree either
        names = [name for name in folders.names(Path(os.path.realpath(folder))) if not name.endswith(".sample")]
        if names:
            yield f"no git hook runs in the run's tree, not those in {path_text(folder)}: {listed(names, _NAMES_SHOWN)}"
