"""Digests of the watched files: hooks, git's own files, and those that a setting names.

Reading a file does not start git.
"""

import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from hashlib import file_digest, sha256
from pathlib import Path

from loop_kit.values.wording import path_text
from loop_kit.vcs.git import zero_separated
from loop_kit.vcs.repository import Repository

# Below git's common folder: what decides which files git lists, and what makes it show another history.
_FILES = ("info/attributes", "info/exclude", "config.worktree")
_HISTORY = ("info/grafts", "objects/info/alternates", "shallow")
# A setting that names a file, and the file's default path.
_POINTING = {"core.excludesfile": "git/ignore", "core.attributesfile": "git/attributes"}

# Settings whose value git runs.
_COMMANDS = (
    *("core.fsmonitor", "core.sshcommand", "core.editor", "core.pager", "core.askpass", "core.alternaterefscommand"),
    *("filter.*.clean", "filter.*.smudge", "filter.*.process", "diff.external", "diff.*.command", "diff.*.textconv"),
    *("merge.*.driver", "gpg.program", "gpg.*.program", "credential.helper", "credential.*.helper", "sequence.editor"),
    *(
        "alias.*",
        "pager.*",
        "interactive.difffilter",
        "uploadpack.packobjectshook",
        "difftool.*.cmd",
        "mergetool.*.cmd",
    ),
)
_WORDS = 2
_LARGEST_SCRIPT = 1 << 20  # bytes


def standing_files(repository: Repository, in_force: Mapping[str, bytes]) -> dict[str, str]:
    """Return `file NAME` or `history NAME` -> digest for the files that exist."""
    own = repository.common_dir
    places = {f"file {name}": own / name for name in _FILES} | {f"history {name}": own / name for name in _HISTORY}
    for setting, usual in _POINTING.items():
        for path in pointed_at(repository, in_force, setting) or (repository.git.config_home / usual,):
            if not _is_tracked(path, repository):
                places[f"file {_name(path, repository)}"] = path
    found = {name: seen for name, path in places.items() if (seen := _digest_of(path))}
    commands = (value for setting, value in in_force.items() if any(fnmatchcase(setting, each) for each in _COMMANDS))
    named = {path for value in commands for path in _named(repository.root, value)}
    return found | {
        f"file {_name(path, repository)}": _looks(path) for path in named if not _is_tracked(path, repository)
    }


def _named(root: Path, value: bytes) -> Iterator[Path]:
    """Yield the program of a command and its script; other files that a command names may change."""
    if b"/" not in value:
        return
    with suppress(ValueError, OSError, RuntimeError):  # not a command line, not a path, or an unknown home
        words = shlex.split(os.fsdecode(value).removeprefix("!"))
        paths = (root / Path(word).expanduser() for word in words[:_WORDS] if "/" in word)
        yield from (path for path in paths if path.is_file())


def _looks(path: Path) -> str:
    """Return the digest of a script; for a large program its identity, which changes when it is replaced."""
    seen = path.stat()
    if seen.st_size <= _LARGEST_SCRIPT:
        return _digest_file(path)
    return f"{seen.st_ino} {seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}"


def pointed_at(repository: Repository, in_force: Mapping[str, bytes], setting: str) -> tuple[Path, ...]:
    """Return the path that a setting names, if it names one."""
    place = in_force.get(setting)
    if not place:
        return ()
    path = Path(os.fsdecode(place))
    with suppress(RuntimeError):  # it begins with an unknown home
        path = path.expanduser()
    return (repository.root / path,)


def hooks_below(folder: Path, repository: Repository) -> Iterator[tuple[str, str]]:
    """Yield name and digest of the hooks in a folder.

    A tracked hook is a file like any other: its change is reviewed, not watched.
    """
    try:
        found = sorted(folder.iterdir())
    except (OSError, ValueError):  # not a folder, or an impossible path
        found = []
    tracked = _tracked(folder.resolve(), repository) if found else frozenset()
    for path in found:
        if path.is_file() and path.suffix != ".sample" and path.name not in tracked:
            target = os.fsencode(path.readlink()) if path.is_symlink() else b""
            mode = path.stat().st_mode & 0o111
            yield _name(path, repository), digest(f"{mode:o} {_digest_file(path)} ".encode() + target)


def _is_tracked(path: Path, repository: Repository) -> bool:
    return bool(_digest_of(path)) and path.name in _tracked(path.parent.resolve(), repository)


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


def _digest_of(path: Path) -> str:
    """Return the digest of a file, a description of anything else (reading a pipe would block), "" when there is nothing."""
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    return _digest_file(path) if stat.S_ISREG(kind) else f"not a file ({stat.S_IFMT(kind):o})"


def _digest_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()[:32]
    except OSError as error:
        return f"not readable ({type(error).__name__})"


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:32]
