"""What is checked out and what is uncommitted, in one git call."""

from collections.abc import Callable
from typing import Self

from loop_kit.values import dataclass
from loop_kit.values.wording import path_text
from loop_kit.vcs.git import Git, zero_separated

# How many fields stand before the path in each kind of `--porcelain=v2` entry.
_FIELDS = {b"1": 8, b"2": 9, b"u": 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeStatus:
    """`sha` is "" before the first commit, `branch` is "" when HEAD is detached. Paths are bytes as git knows them.

    `ignored_paths` has entries only when asked for: files, and whole folders, which end with a `/`.
    """

    sha: str
    branch: str
    dirty_paths: tuple[bytes, ...]
    untracked_paths: tuple[bytes, ...]
    ignored_paths: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, git: Git, *, untracked: bool = True, ignored: bool = False) -> Self:
        """Ask git; a submodule counts when another commit is checked out in it, not for its files.

        Without `untracked` no folder is searched, which takes most of the time.
        """
        return cls.begin(git, untracked=untracked, ignored=ignored)()

    @classmethod
    def begin(cls, git: Git, *, untracked: bool = True, ignored: bool = False) -> Callable[[], Self]:
        """Start git and return a function that waits for the answer; it has to be called."""
        which = (f"--untracked-files={'all' if untracked else 'no'}", f"--ignored={'matching' if ignored else 'no'}")
        options = ("--porcelain=v2", "--branch", "-z", "--ignore-submodules=dirty", "--no-renames", "--no-ahead-behind")
        question = ("status", *options, *which)
        answer = git.begin(*question)
        return lambda: cls._parse(git.sound(question, answer()))

    @classmethod
    def _parse(cls, raw: bytes) -> Self:
        headers: dict[bytes, bytes] = {}
        dirty: list[bytes] = []
        untracked: list[bytes] = []
        ignored: list[bytes] = []
        for entry in zero_separated(raw):
            kind, _, rest = entry.partition(b" ")
            if kind == b"#":
                name, _, value = rest.partition(b" ")
                headers[name] = value
            elif kind == b"?":
                untracked.append(rest)
            elif kind == b"!":
                ignored.append(rest)
            elif kind in _FIELDS:
                dirty.append(entry.split(b" ", _FIELDS[kind])[-1])
        sha, branch = headers.get(b"branch.oid", b""), headers.get(b"branch.head", b"")
        return cls(
            sha="" if sha == b"(initial)" else sha.decode("ascii"),
            branch="" if branch == b"(detached)" else path_text(branch),
            dirty_paths=tuple(dirty),
            untracked_paths=tuple(untracked),
            ignored_paths=tuple(ignored),
        )

    @property
    def dirty(self) -> tuple[str, ...]:
        return tuple(map(path_text, self.dirty_paths))

    @property
    def untracked(self) -> tuple[str, ...]:
        return tuple(map(path_text, self.untracked_paths))
