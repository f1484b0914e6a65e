"""What no worker should touch: hooks, git config, attributes outside the tree, and loop's own refs.

Digests are taken before an agent runs and compared after. Values are never kept: a config may hold secrets.
"""

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from loop_kit.digests import file_digest, sha256
from loop_kit.model.change import Finding
from loop_kit.model.state import KEPT_ROWS
from loop_kit.vcs.findings import listed, stop
from loop_kit.vcs.git import Git, path_text, zero_separated
from loop_kit.vcs.refs import read_refs, refs_question
from loop_kit.vcs.repository import Repository

# What git and git-lfs write on their own while somebody works, also in a sibling worktree; none of it starts a program.
_WRITTEN_BY_GIT = (
    "branch.*.merge",
    "submodule.*.url",
    "submodule.*.active",
    "lfs.repositoryformatversion",
    "lfs.*.access",
)
_OWN_SCOPES = frozenset({b"local", b"worktree"})
_SETTINGS = ("config", "--list", "--show-scope", "-z", "--includes")
_CODES = {"hook": "hooks_changed", "config": "config_changed", "file": "config_changed", "ref": "loop_refs_changed"}
_NAMES_IN_TEXT = 10
_NOUNS = {"hook": "git hook", "config": "git setting", "file": "git file", "ref": "ref of loop"}


def take(repository: Repository, place: str, round_number: int) -> dict[str, str]:
    """Return name -> digest of everything watched; names begin with `hook `, `config `, `file ` or `ref `."""
    listed, pins = repository.git.outs(_SETTINGS, refs_question(*_relied_on(place, round_number)))
    return _watched(repository, listed) | named(read_refs(pins))


def settings(repository: Repository) -> dict[str, str]:
    """Return what is watched but for the refs, which loop itself adds to: hooks, git config, attributes."""
    return _watched(repository, repository.git.out(*_SETTINGS))


def touched_filters(git: Git, before: Mapping[str, str]) -> tuple[str, ...]:
    """Return the settings of filters that are not as they were: a look at a working tree would run what they name.

    They are asked for from that tree, because a setting may be there for one tree alone.
    """
    fields = iter(zero_separated(git.out(*_SETTINGS)))
    own: dict[bytes, bytes] = {}
    for scope, setting in zip(fields, fields, strict=True):
        name, _, value = setting.partition(b"\n")
        if scope in _OWN_SCOPES and name.startswith(b"filter."):
            own[name] = own.get(name, b"") + value + b"\0"
    touched = (name for name, values in own.items() if _digest(values) != before.get(f"config {path_text(name)}"))
    return tuple(map(os.fsdecode, touched))


def _watched(repository: Repository, listed: bytes) -> dict[str, str]:
    own, every = _configured(listed)
    watched = {f"config {name}": _digest(value) for name, value in own.items()}
    for folder in {repository.common_dir / "hooks", *_configured_hooks(repository, every)}:
        watched |= {f"hook {_name(path, repository)}": digest for path, digest in _hooks(folder, repository)}
    attributes = repository.common_dir / "info" / "attributes"
    if attributes.is_file():
        watched["file info/attributes"] = _digest_file(attributes)
    return watched


def refs(repository: Repository, place: str, round_number: int) -> dict[str, str]:
    """Return the pins, ref -> commit, that a run relies on in that round."""
    return repository.refs(*_relied_on(place, round_number))


def _relied_on(place: str, round_number: int) -> tuple[str, ...]:
    """Return where these pins are: those of the run's start, of the rounds in its state, and of the next.

    Git reads a file for each ref, and a long run has thousands: what older rounds pinned nobody reads any more, and their
    heads are in the history of what is pinned here.
    """
    rounds = (0, *range(max(1, round_number - KEPT_ROWS), round_number + 2))
    return tuple(f"refs/loop/{place}/r{number}/" for number in rounds)


def named(pins: Mapping[str, str]) -> dict[str, str]:
    """Return pins, ref -> commit, in the words of `take`."""
    return {f"ref {ref}": sha for ref, sha in pins.items()}


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> list[Finding]:
    """Return one finding for each kind of thing that changed, with the names of what did."""
    kinds: dict[str, list[str]] = {}
    for name in sorted({*before, *after}):
        if name.startswith("agent "):  # of agent programs, outside of git: rounds.agent_settings compares them
            continue
        if before.get(name) != after.get(name):
            kind, _, what = name.partition(" ")
            done = "added" if name not in before else "removed" if name not in after else "changed"
            kinds.setdefault(kind, []).append(f"{what} {done}")
    return [
        stop(_CODES[kind], f"{_NOUNS[kind]} touched during the round: {listed(names, _NAMES_IN_TEXT)}")
        for kind, names in kinds.items()
    ]


def _configured(listed: bytes) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the repository's own settings (local, worktree, what they include; all values), and the settings in force."""
    fields = iter(zero_separated(listed))
    own: dict[str, bytes] = {}
    every: dict[str, bytes] = {}
    for scope, setting in zip(fields, fields, strict=True):
        name, _, value = setting.partition(b"\n")
        text = path_text(name)
        if scope != b"command":
            every[text] = value
        if scope in _OWN_SCOPES:
            own[text] = own.get(text, b"") + value + b"\0"
    return {name: value for name, value in own.items() if not _is_noise(name, value, every)}, every


def _is_noise(name: str, value: bytes, every: Mapping[str, bytes]) -> bool:
    if fnmatchcase(name, "branch.*.remote"):  # git names a known remote here, or "."; an address would redirect a push
        return value == b".\0" or f"remote.{path_text(value[:-1])}.url" in every
    return any(fnmatchcase(name, noise) for noise in _WRITTEN_BY_GIT)


def _configured_hooks(repository: Repository, every: Mapping[str, bytes]) -> tuple[Path, ...]:
    folder = every.get("core.hookspath")
    return (repository.root / Path(os.fsdecode(folder)).expanduser(),) if folder else ()


def _hooks(folder: Path, repository: Repository) -> Iterator[tuple[Path, str]]:
    """Yield the hooks in a folder. One that is tracked is a file like any other: its change is judged, not watched."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    tracked = _tracked(folder.resolve(), repository) if found else frozenset()
    for path in found:
        if path.is_file() and path.suffix != ".sample" and path.name not in tracked:
            target = os.fsencode(path.readlink()) if path.is_symlink() else b""
            yield path, _digest(f"{path.stat().st_mode & 0o111:o} {_digest_file(path)} ".encode() + target)


def _tracked(folder: Path, repository: Repository) -> frozenset[str]:
    """Return the names in `folder` that git tracks; nothing is tracked inside git's own folder."""
    if not folder.is_relative_to(repository.root) or folder.is_relative_to(repository.common_dir):
        return frozenset()
    raw = repository.git.out("ls-files", "-z", "--", os.fspath(folder.relative_to(repository.root)))
    found = (repository.root / os.fsdecode(path) for path in zero_separated(raw))
    return frozenset(path.name for path in found if path.parent == folder)


def _name(path: Path, repository: Repository) -> str:
    known = (repository.common_dir, repository.root)
    home = next((folder for folder in known if path.is_relative_to(folder)), None)
    return path_text(os.fsencode(path.relative_to(home) if home else path))


def _digest_file(path: Path) -> str:
    return file_digest(path).hexdigest()[:32]


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:32]
