"""What the checks showed at one commit, with everything that is needed to trust it or to look again."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from loop_kit.model.check import CheckCommand, Where, shown_command
from loop_kit.model.figures import counted, lasted
from loop_kit.model.kinds import Amount, ClaimedSha, ClaimedTask, Count
from loop_kit.values import dataclass, replace
from loop_kit.values.annotations import Form, Named, Range, Size


class CheckEnding(StrEnum):
    """How a command ended."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    NOT_STARTED = "not_started"  # no such program
    NOT_RUN = "not_run"  # something before it failed


class Verdict(StrEnum):
    """What a check says about the commit; only `pass` and `fail` say something."""

    PASS = "pass"  # noqa: S105  (no password)
    FAIL = "fail"
    FLAKY = "flaky"  # failed and passed on the same tree, here or at the base
    PREEXISTING = "preexisting"  # fails, and failed at the base already
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Tests as the command's own output counts them."""

    run: Annotated[Count, "How many tests ran."]
    failed: Annotated[Count, "How many of those failed."]
    skipped: Annotated[Count, "How many did not run."]

    @property
    def sentence(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{counted(self.run, 'test')} run, {self.failed} failed{skipped}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check at one tree. After a rerun everything here is that of the first try."""

    name: Annotated[str, Size(1, 200), "What the check is called."]
    argv: Annotated[
        tuple[Annotated[str, Size(0, 100_000)], ...],
        Size(0, 1000),
        "What was started; a line for the shell is there as sh -c.",
    ]
    where: Annotated[Where, "The tree it ran in: loop's own clean one, or the person's."]
    tree: Annotated[str, Size(0, 64), "The id of the git tree it ran on."]
    verdict: Annotated[
        Verdict,
        Named("result"),
        "What it says: it passes or fails; or nothing, because it both failed and passed on the same tree (flaky), failed at "
        "the base already (preexisting), or was not run.",
    ]
    how: Annotated[CheckEnding, "How the command ended."]
    exit_code: Annotated[
        int | None, "The exit code of the command, negative for a signal; null when it did not run."
    ] = None
    seconds: Annotated[Amount, "How long it took."] = 0.0
    counts: Annotated[
        Counts | None,
        Named("tests"),
        "Tests as the command's output counts them; null where it does not. Skipped ones did not run; errors count as failed.",
    ] = None
    reason: Annotated[
        str,
        Size(0, 100_000),
        "Why it did not pass, or what else is to be known; empty when there is nothing to say.",
    ] = ""
    tail: Annotated[str, Named("output"), Size(0, 100_000), "The end of what it printed."] = ""
    digest: Annotated[
        str, Size(0, 64), "The sha256 of everything it printed, in hexadecimal; empty when it did not run."
    ] = ""
    log: Annotated[
        str, Size(0, 5000), "The file with everything it printed, relative to the bus; empty when it did not run."
    ] = ""

    @classmethod
    def without_run(cls, command: CheckCommand, tree: str, how: CheckEnding, reason: str) -> Self:
        """Return the result of a command that never ran; one that could not be started has failed."""
        verdict = Verdict.FAIL if how is CheckEnding.NOT_STARTED else Verdict.NOT_RUN
        return cls(
            name=command.name,
            argv=command.command_line,
            where=command.where,
            tree=tree,
            verdict=verdict,
            how=how,
            reason=reason,
        )

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASS

    @property
    def flaky(self) -> bool:
        return self.verdict is Verdict.FLAKY

    @property
    def preexisting(self) -> bool:
        return self.verdict is Verdict.PREEXISTING

    @property
    def failed(self) -> bool:
        """Whether it was tried and did not pass; a flaky check has not failed."""
        return self.verdict in {Verdict.FAIL, Verdict.PREEXISTING}

    @property
    def shown(self) -> str:
        return shown_command(self.argv)

    @property
    def verdict_text(self) -> str:
        return _WORDS[self.verdict]

    @property
    def sentence(self) -> str:
        """One line that says it all, for prompts, logs and panels."""
        parts = (
            self.counts.sentence if self.counts else "",
            self.reason,
            "run in the person's own tree"
            if self.where is Where.INPLACE and self.how is not CheckEnding.NOT_RUN
            else "",
        )
        said = "; ".join(part for part in parts if part)
        took = f" in {lasted(self.seconds)}" if self.seconds else ""
        return f"{self.name} ({self.shown}): {self.verdict_text}{took}{': ' if said else ''}{said}"

    def against(self, base: "CheckResult | None") -> Self:
        """Return this result compared with that of the same command at the base."""
        if base is None or base.argv != self.argv or self.verdict is not Verdict.FAIL:
            return self
        if base.flaky:
            return replace(self, verdict=Verdict.FLAKY, reason=_said(self.reason, "it is flaky at the base"))
        if base.failed:
            return replace(self, verdict=Verdict.PREEXISTING)
        return self


Results = Annotated[tuple[CheckResult, ...], Size(0, 200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What loop ran itself at one commit, with what it saw. Reused after a crash: nothing is run twice for one head."""

    kind: ClassVar[str] = "checks"
    form: ClassVar[Form] = Form.OPEN
    written: ClassVar[tuple[str, ...]] = ("verified",)

    task_id: Annotated[ClaimedTask, "The id of the task."]
    round: Annotated[
        int,
        Range(0, 1_000_000),
        "The number of the round, counted from 1; 0 for checks of the base before anything is paid.",
    ]
    head_sha: Annotated[ClaimedSha, "The commit the checks ran at."]
    tree: Annotated[str, Size(0, 64), "The id of that commit's git tree."]
    refused: Annotated[
        str,
        Size(0, 100_000),
        "Why the environment proves nothing about this tree, as a sentence; empty when it was not refused.",
    ] = ""
    prepared: Annotated[
        CheckResult | None,
        Named("prepare"),
        "How making the tree ready went; null when it was ready already or nothing is to be done.",
    ] = None
    results: Annotated[
        Results, Named("checks"), "One entry for each check, in the order they ran: what was run and what came of it."
    ]

    @property
    def verified(self) -> bool:
        """Whether the checks verify the commit.

        They do when at least one passed, all of them ran, the environment was not refused, and none fails that passed at the
        base. Flaky checks and failures that the base has too do not count.
        """
        harmless = {Verdict.PASS, Verdict.PREEXISTING, Verdict.FLAKY}
        ran = all(result.verdict in harmless for result in self.results)
        return ran and bool(self.passed_names) and not self.refused

    @property
    def passed_names(self) -> frozenset[str]:
        return frozenset(result.name for result in self.results if result.passed)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One line for each command, and one for an environment that was refused."""
        first = (f"checks could not run: {self.refused}",) if self.refused else ()
        return (*first, *(result.sentence for result in (self.prepared, *self.results) if result is not None))

    def named(self) -> Mapping[str, CheckResult]:
        return {result.name: result for result in self.results}

    def against(self, baseline: "Evidence | None") -> Self:
        """Return this evidence with everything marked that failed or was flaky at the base already."""
        if baseline is None:
            return self
        known = baseline.named()
        prepared = None if self.prepared is None else self.prepared.against(baseline.prepared)
        results = tuple(result.against(known.get(result.name)) for result in self.results)
        return replace(self, results=results, prepared=prepared)


_WORDS: Mapping[Verdict, str] = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.FLAKY: "flaky",
    Verdict.PREEXISTING: "still failing (fails at the base too)",
    Verdict.NOT_RUN: "not run",
}


def _said(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
