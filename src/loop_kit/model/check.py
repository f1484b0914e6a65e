"""Checks: the commands that loop itself runs, as the card or the config names them."""

import shlex
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from loop_kit.model.kinds import Argument, Seconds, TaskId
from loop_kit.values import dataclass
from loop_kit.values.annotations import Mark, Pattern, Range, Size
from loop_kit.values.wording import shown

Argv = Annotated[
    tuple[Argument, ...], Size(1, 1000), Mark.ABSENT, "The program and its arguments, started without a shell."
]
ShellLine = Annotated[
    str,
    Size(1, 100_000),
    Pattern(r"^(?=[\s\S]*\S)[^\u0000]*(?![\s\S])", "it should be a command, without NUL characters"),
    Mark.ABSENT,
    "The command as one line for sh -c, instead of argv.",
]
Timeout = Annotated[Seconds, "Seconds it may take; 0 for no limit. 600 when absent."]
_INNER = r"^(?!/)(?!(.*/)?\.\.(/|$))(?!\.?/*$)"
InnerGlob = Annotated[
    str,
    Size(0, 1000),
    Pattern(
        _INNER + r"(?!.*[^/]\*\*)(?!.*\*\*[^/])[^\u0000\n]+(?![\s\S])",
        "it should be a glob inside the repository, with '**' only as a whole folder name, as in **/*.lock",
    ),
]
InnerPath = Annotated[
    str,
    Size(0, 1000),
    Pattern(
        _INNER + r"[^\u0000\n]+(?![\s\S])",
        "it should be a path inside the repository, without '..' and not beginning with '/'",
    ),
]
_NEITHER, _BOTH = "it is missing, and so is 'argv'", "it should be left out beside 'argv'"
_NO_LINE = {"description": "Left out beside argv.", "$comment": _BOTH, "type": "string", "maxLength": 100_000}
_NOT_BOTH = {"properties": {"run": {**_NO_LINE, "pattern": "^(?!)"}}}
_ONE_COMMAND = {
    "if": {"not": {"required": ["argv"]}},
    "then": {"$comment": _NEITHER, "required": ["run"]},
    "else": _NOT_BOTH,
}


class Where(StrEnum):
    """Which tree a check runs in: loop's own clean one at the exact commit, or the person's as it is."""

    WORKTREE = "worktree"
    INPLACE = "inplace"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCommand:
    """One check."""

    schema: ClassVar[Mapping[str, Any]] = _ONE_COMMAND

    name: Annotated[
        TaskId,
        Mark.KEY,
        "What the check is called in findings, criteria and file names; unique in the card. A check of the config that has "
        "the same name is replaced.",
    ]
    argv: Argv = ()
    run: ShellLine = ""
    timeout: Timeout = 600.0
    expect: Annotated[
        tuple[Annotated[int, Range(0, 255)], ...],
        Size(1, 256),
        Mark.SINGLE,
        "The exit code that counts as success, or a list of them; 0 when absent.",
    ] = (0,)
    where: Annotated[
        Where, "The tree it runs in: loop's own clean one at the exact commit, or the person's as it is."
    ] = Where.WORKTREE

    @staticmethod
    def contradiction(document: Mapping[str, Any]) -> str | None:
        """Return what is wrong with an entry that has no command, or two."""
        return _not_one(document)

    @property
    def command_line(self) -> tuple[str, ...]:
        return _command_line(self.argv, self.run)

    @property
    def shown(self) -> str:
        """The command as a person would type it."""
        return shown_command(self.command_line)

    @property
    def sentence(self) -> str:
        """One line that says what will be run."""
        return f"{self.name}: {self.shown}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """What makes a tree ready for checks; without a command it only links."""

    schema: ClassVar[Mapping[str, Any]] = {
        "if": {"not": {"required": ["link"]}},
        "then": _ONE_COMMAND,
        "else": {"if": {"required": ["argv"]}, "then": _NOT_BOTH},
    }

    argv: Argv = ()
    run: ShellLine = ""
    timeout: Timeout = 600.0
    files: Annotated[
        tuple[InnerGlob, ...],
        Size(0, 100),
        "Globs of the files whose content decides whether it has to run again. None: it always runs.",
    ] = ()
    link: Annotated[
        tuple[InnerPath, ...],
        Size(0, 100),
        "Paths that are linked from the person's own tree before it runs, such as node_modules.",
    ] = ()

    @staticmethod
    def contradiction(document: Mapping[str, Any]) -> str | None:
        return _not_one(document) if "argv" in document or "link" not in document else None

    @property
    def command_line(self) -> tuple[str, ...]:
        return _command_line(self.argv, self.run)


def _not_one(document: Mapping[str, Any]) -> str | None:
    if "argv" in document:
        return f".run: {_BOTH}, not {shown(document['run'])}" if "run" in document else None
    return None if "run" in document else f".run: {_NEITHER}"


def _command_line(argv: tuple[str, ...], run: str) -> tuple[str, ...]:
    return ("sh", "-c", run) if run else argv


def shown_command(argv: tuple[str, ...]) -> str:
    match argv:
        case ("sh", "-c", line):
            return line
        case _:
            return shlex.join(argv)
