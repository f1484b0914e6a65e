"""What is tried: the commands that loop runs itself, as the card or the config name them."""

import shlex
from enum import StrEnum
from typing import Any, Self

from loop_kit.values import dataclass


class Where(StrEnum):
    """Which tree a check runs in: loop's own clean one at the exact commit, or the person's as it is."""

    WORKTREE = "worktree"
    INPLACE = "inplace"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCommand:
    """One check. `timeout` is in seconds, 0 meaning no limit; `expect` are the exit codes that count as success."""

    name: str
    argv: tuple[str, ...]
    timeout: float = 600.0
    expect: tuple[int, ...] = (0,)
    where: Where = Where.WORKTREE

    @classmethod
    def from_document(cls, entry: Any, *, name: str) -> Self:
        """Read what the schema has let through."""
        expect = entry.get("expect", [0])
        return cls(
            name=name,
            argv=read_argv(entry),
            timeout=float(entry.get("timeout", 600.0)),
            expect=tuple(expect) if isinstance(expect, list) else (expect,),
            where=Where(entry.get("where", Where.WORKTREE)),
        )

    def to_document(self) -> dict[str, Any]:
        """Return the entry of a config, where the name is the table's own."""
        return {
            **write_argv(self.argv),
            "timeout": self.timeout,
            "expect": list(self.expect),
            "where": str(self.where),
        }

    @property
    def shown(self) -> str:
        """The command as a person would type it."""
        return shown_command(self.argv)

    @property
    def sentence(self) -> str:
        """One line for whoever should know beforehand what will be run."""
        return f"{self.name}: {self.shown}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """What makes a tree ready for checks; `argv` is empty when linking is all.

    `files` are globs of the files that decide whether it has to run again (none: it always runs), `link` are paths that
    are linked from the person's tree.
    """

    argv: tuple[str, ...] = ()
    timeout: float = 600.0
    files: tuple[str, ...] = ()
    link: tuple[str, ...] = ()

    @classmethod
    def from_document(cls, entry: Any) -> Self:
        return cls(
            argv=read_argv(entry),
            timeout=float(entry.get("timeout", 600.0)),
            files=tuple(entry.get("files", ())),
            link=tuple(entry.get("link", ())),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            **write_argv(self.argv),
            "timeout": self.timeout,
            "files": list(self.files),
            "link": list(self.link),
        }


def read_argv(entry: Any) -> tuple[str, ...]:
    """Return the command line of an entry that has `argv`, or `run` as one line for the shell, or neither."""
    return ("sh", "-c", entry["run"]) if "run" in entry else tuple(entry.get("argv", ()))


def write_argv(argv: tuple[str, ...]) -> dict[str, Any]:
    match argv:
        case ():
            return {}
        case ("sh", "-c", line):
            return {"run": line}
        case _:
            return {"argv": list(argv)}


def shown_command(argv: tuple[str, ...]) -> str:
    match argv:
        case ("sh", "-c", line):
            return line
        case _:
            return shlex.join(argv)
