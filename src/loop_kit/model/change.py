"""What git shows, and the problems that loop itself found in it."""

from enum import StrEnum
from typing import Any

from loop_kit.values import dataclass


class Effect(StrEnum):
    """What a finding does to the round, from the mildest to the gravest."""

    NOTE = "note"
    JUDGE = "judge"
    FIX = "fix"
    ASK_AGAIN = "ask_again"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem found by loop itself, never by an agent.

    `code` is stable and machine-readable, `text` is one sentence for people and agents, `paths` are the files it is
    about (shortened: the text carries the full count).
    """

    effect: Effect
    code: str
    text: str
    paths: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        return {"effect": str(self.effect), "code": self.code, "text": self.text, "paths": list(self.paths)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    sha: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One path between base and head. `status` is git's letter (A, M, D, R, C, T); counts are None for what has no lines.

    That is a binary file, and one that is too large to count its lines.
    """

    path: str
    status: str
    added: int | None
    removed: int | None

    @property
    def counts(self) -> str:
        """The counts as they are shown, e.g. `+3 -1`."""
        return "binary or large" if self.added is None or self.removed is None else f"+{self.added} -{self.removed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a worker's claim turned out to be: commits between two shas, judged by loop."""

    base_sha: str
    head_sha: str
    tree: str
    commits: tuple[Commit, ...]
    files: tuple[FileChange, ...]
    findings: tuple[Finding, ...] = ()

    def having(self, effect: Effect) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.effect is effect)
