"""What git shows, and the problems that loop itself found in it."""

from enum import StrEnum
from typing import Annotated

from loop_kit.model.kinds import Count
from loop_kit.values import dataclass
from loop_kit.values.annotations import Size


class Effect(StrEnum):
    """What a finding does to the round, from the mildest to the gravest."""

    NOTE = "note"
    JUDGE = "judge"
    FIX = "fix"
    ASK_AGAIN = "ask_again"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem found by loop itself, never by an agent."""

    effect: Annotated[Effect, "What the finding does to the round, from the mildest to the gravest."]
    code: Annotated[str, Size(1, 200), "The kind of finding, as a stable word for programs."]
    text: Annotated[str, Size(1, 100_000), "The finding, as a sentence for people and agents."]
    paths: Annotated[
        tuple[Annotated[str, Size(0, 20_000)], ...],
        Size(0, 10_000),
        "Files it is about; a long list is shortened and the sentence has the full count.",
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    sha: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One path between base and head."""

    path: Annotated[
        str, Size(0, 20_000), "The path from the root of the repository; bytes that are no text are shown escaped."
    ]
    status: Annotated[
        str,
        Size(1, 10),
        "What happened to it, in git's letters: A added, M modified, D deleted, R renamed, C copied, T changed its kind.",
    ]
    added: Annotated[Count | None, "Lines added; null when the file is not text, or has more than 8 MiB."]
    removed: Annotated[Count | None, "Lines removed; null when the file is not text, or has more than 8 MiB."]

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
