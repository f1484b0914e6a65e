"""What the checks showed at one commit, with everything somebody needs to believe it or to look again."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self

from loop_kit.model import schema
from loop_kit.model.check import CheckCommand, Where, shown_command
from loop_kit.values import dataclass, replace


class Ending(StrEnum):
    """How a command ended."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    NOT_STARTED = "not_started"  # no such program
    NOT_RUN = "not_run"  # something before it made it pointless


class Verdict(StrEnum):
    """What a check says about the commit. Only the first two say anything."""

    PASS = "pass"  # noqa: S105  (no password)
    FAIL = "fail"
    FLAKY = "flaky"  # failed and passed on one tree, here or at the base: neither
    PREEXISTING = "preexisting"  # fails, and failed at the base already
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Tests as the command's own output counts them. Skipped ones did not run; errors count as failed."""

    run: int
    failed: int
    skipped: int

    @property
    def sentence(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.run} tests run, {self.failed} failed{skipped}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check at one tree. `reason` is empty when there is nothing to say beyond that it passed.

    `tail` is the end of what it printed, as safe text; `digest` is the sha256 of all of it, `log` the file that holds
    it, relative to the bus. When a failure was run again, all of these are of the first try.
    """

    name: str
    argv: tuple[str, ...]
    where: Where
    tree: str
    verdict: Verdict
    how: Ending
    exit_code: int | None = None
    seconds: float = 0.0
    counts: Counts | None = None
    tail: str = ""
    digest: str = ""
    log: str = ""
    reason: str = ""

    @classmethod
    def without_run(cls, command: CheckCommand, tree: str, how: Ending, reason: str) -> Self:
        """Return the result of a command that never ran; one that could not be started has failed."""
        verdict = Verdict.FAIL if how is Ending.NOT_STARTED else Verdict.NOT_RUN
        return cls(
            name=command.name,
            argv=command.command_line,
            where=command.where,
            tree=tree,
            verdict=verdict,
            how=how,
            reason=reason,
        )

    @classmethod
    def from_document(cls, entry: Any) -> Self:
        counts = entry.get("tests")
        return cls(
            name=entry["name"],
            argv=tuple(entry["argv"]),
            where=Where(entry["where"]),
            tree=entry["tree"],
            verdict=Verdict(entry["result"]),
            how=Ending(entry["how"]),
            exit_code=entry.get("exit_code"),
            seconds=float(entry.get("seconds", 0.0)),
            counts=None if counts is None else Counts(**{key: counts[key] for key in ("run", "failed", "skipped")}),
            tail=entry.get("output", ""),
            digest=entry.get("digest", ""),
            log=entry.get("log", ""),
            reason=entry.get("reason", ""),
        )

    def to_document(self) -> dict[str, Any]:
        counts = self.counts
        return {
            "name": self.name,
            "argv": list(self.argv),
            "where": str(self.where),
            "tree": self.tree,
            "result": str(self.verdict),
            "how": str(self.how),
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "tests": counts and {"run": counts.run, "failed": counts.failed, "skipped": counts.skipped},
            "reason": self.reason,
            "output": self.tail,
            "digest": self.digest,
            "log": self.log,
        }

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
        """It was tried, and it did not pass; a flaky one is not called failed."""
        return self.verdict in {Verdict.FAIL, Verdict.PREEXISTING}

    @property
    def shown(self) -> str:
        return shown_command(self.argv)

    @property
    def sentence(self) -> str:
        """One line that says it all, for prompts, logs and panels."""
        parts = (
            self.counts.sentence if self.counts else "",
            self.reason,
            "run in the person's own tree" if self.where is Where.INPLACE and self.how is not Ending.NOT_RUN else "",
        )
        said = "; ".join(part for part in parts if part)
        took = f" in {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.name} ({self.shown}): {_WORDS[self.verdict]}{took}{': ' if said else ''}{said}"

    def against(self, base: "CheckResult | None") -> Self:
        """Return this result in the light of the same command's result at the base."""
        if base is None or base.argv != self.argv or self.verdict is not Verdict.FAIL:
            return self
        if base.flaky:
            return replace(self, verdict=Verdict.FLAKY, reason=_said(self.reason, "it is flaky at the base"))
        if base.failed:
            return replace(self, verdict=Verdict.PREEXISTING, reason=_said(self.reason, "it fails at the base too"))
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All results at one commit.

    `refused` says why the environment proves nothing, `prepared` is None when there was nothing to make ready.
    """

    kind: ClassVar[str] = "checks"

    task_id: str
    round: int
    head_sha: str
    tree: str
    results: tuple[CheckResult, ...] = ()
    prepared: CheckResult | None = None
    refused: str = ""

    @classmethod
    def from_document(cls, document: Any, *, name: str = "") -> Self:
        schema.check(cls.kind, document, name=name)
        prepared = document.get("prepare")
        return cls(
            task_id=document["task_id"],
            round=document["round"],
            head_sha=document["head_sha"],
            tree=document["tree"],
            results=tuple(CheckResult.from_document(entry) for entry in document["checks"]),
            prepared=None if prepared is None else CheckResult.from_document(prepared),
            refused=document.get("refused", ""),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "task_id": self.task_id,
            "round": self.round,
            "head_sha": self.head_sha,
            "tree": self.tree,
            "verified": self.verified,
            "refused": self.refused,
            "prepare": None if self.prepared is None else self.prepared.to_document(),
            "checks": [result.to_document() for result in self.results],
        }

    @property
    def verified(self) -> bool:
        """Whether an approval rests on this: something passed, everything ran, and nothing fails that the change broke.

        What failed at the base already, or is flaky, neither helps nor harms.
        """
        harmless = {Verdict.PASS, Verdict.PREEXISTING, Verdict.FLAKY}
        ran = all(result.verdict in harmless for result in self.results)
        return ran and bool(self.passed_names) and not self.refused

    @property
    def passed_names(self) -> frozenset[str]:
        return frozenset(result.name for result in self.results if result.passed)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One line a command, and one for an environment that was refused."""
        first = (f"no evidence: {self.refused}",) if self.refused else ()
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
    Verdict.PREEXISTING: "failed, as before the change",
    Verdict.NOT_RUN: "not run",
}


def _said(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
