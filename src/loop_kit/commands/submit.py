"""What a person hands in: a work report made from git, a review made from what they say.

No lock is taken, so a run that waits may hold them. What would be refused is refused here, before anything is written:
the work is judged by the same code as in a round.
"""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.lock import Lock, read_holder
from loop_kit.dispatch.failover import in_use
from loop_kit.engine.run import digest
from loop_kit.engine.watching import homes_of
from loop_kit.engine.world import utc_now
from loop_kit.errors import DirtyTreeError, DocumentError, LockedError, LoopError, StalledError, StartError
from loop_kit.model import documents
from loop_kit.model.change import Change, Effect, Finding
from loop_kit.model.decision import Decision
from loop_kit.model.manifest import Manifest
from loop_kit.model.review import Issue, ReviewReport
from loop_kit.model.roles import REVIEWER, WORKER
from loop_kit.model.state import Phase, RunState
from loop_kit.model.work import WorkReport
from loop_kit.steps.work import ground_of, stop_at
from loop_kit.values import dataclass, replace
from loop_kit.vcs import identity, watch
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.verify import verify

# A report that has just been handed in is looked at by the run before the review is due; checks may take longer.
_REVIEW_DUE_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_NOT_COMMITTED = ("uncommitted_changes", "new_untracked_files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The run that waits for a person; `running` says whether a process of it lives."""

    state: RunState
    manifest: Manifest
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """A document that was put on the bus, what is remarkable about it, and what comes next."""

    document: Mapping[str, Any]
    path: str
    warnings: tuple[str, ...]
    next_step: str


def stand(bus: Bus, role: str) -> Standing:
    """Return the run that a person of this role can answer; raise `StartError` when there is none."""
    state = bus.read_state()
    if state is None or not state.unfinished:
        raise StartError("no run is waiting for anybody", hint="loop run starts one; without --auto-dispatch it waits")
    manifest = Archive(bus.archive_root / state.run_name).read_manifest(state.digests.get(Manifest.kind, "none"))
    if not manifest.by_hand(role) and state.outcome is None:
        raise StartError(
            f"the {role} of {state.run_name} is a program ({in_use(manifest.settings, state.backends, role)})",
            hint="a person can step in when the run has ended; create .loop/STOP to end it",
        )
    return Standing(state=state, manifest=manifest, running=_is_running(bus))


def hand_in_work(
    bus: Bus, repository: Repository, *, notes: str = "", tests: Iterable[tuple[str, str]] = ()
) -> HandedIn:
    """Put a work report on the bus that says what git shows; raise the `LoopError` for which a round would refuse it."""
    at = stand(bus, WORKER)
    if at.state.phase is not Phase.AWAITING_WORK:
        raise StartError(
            f"the work of round {at.state.round} is handed in and awaits its review", hint="loop review answers"
        )
    head = repository.head()
    document = {
        "task_id": at.state.task_id,
        "round": at.state.round,
        "head_sha": head.sha,
        "files_changed": list(repository.changed_paths(at.state.head_sha, head.sha)),
        "notes": notes,
        "tests": [{"name": name, "result": result} for name, result in tests],
    }
    report = documents.read(WorkReport, document, name="work_report")
    change = _verify(repository, at, report)
    _put(bus, at, WorkReport.kind, document)
    return HandedIn(
        document=document,
        path=bus.name(bus.path(WorkReport.kind)),
        warnings=_remarks(change),
        next_step=_after_work(at),
    )


def _put(bus: Bus, at: Standing, kind: str, document: Mapping[str, Any]) -> None:
    """Put what a person says on the bus; the state of a run that nobody plays is told, which takes nobody else's word."""
    data = bus.write(kind, document)
    if at.running:
        return
    with suppress(LockedError), Lock.acquire(bus.lock_path, purpose=f"loop: {kind}", now=utc_now()):
        now = bus.read_state()  # somebody may have gone on with the run since
        if now is not None and (now.run_id, now.round) == (at.state.run_id, at.state.round):
            bus.put_state(replace(now, digests={**now.digests, kind: digest(data)}))


def _verify(repository: Repository, at: Standing, report: WorkReport) -> Change:
    before = {**at.state.watch, **watch.named(watch.refs(repository, at.state.run_name, at.state.round))}
    now = watch.take(repository, at.state.run_name, at.state.round, homes_of(at.manifest.settings))
    ground = ground_of(at.manifest, at.state)
    change = verify(report, ground, repository, watch.compare(before, now))
    stop_at(change.having(Effect.STOP), ground, at.state.run_name, by_hand=True, then="loop submit")
    again = change.having(Effect.ASK_AGAIN)
    if again:
        raise _mendable(at.state, again)
    return change


def _mendable(state: RunState, findings: tuple[Finding, ...]) -> LoopError:
    text = "; ".join(finding.text for finding in findings)
    if any(finding.code in _NOT_COMMITTED for finding in findings):
        return DirtyTreeError(text, hint="commit what belongs to the work, stash or ignore the rest, then: loop submit")
    if all(finding.code == "nothing_done" for finding in findings):
        return StalledError(
            text,
            hint=f"commit the work on top of {state.head_sha[:12]}, then: loop submit (loop run --base counts older)",
        )
    return DocumentError(text, hint="mend that, then: loop submit")


def _remarks(change: Change) -> tuple[str, ...]:
    said = {Effect.FIX: "the round will end with changes required", Effect.JUDGE: "the reviewer will be told"}
    return tuple(f"{said[finding.effect]}: {finding.text}" for finding in change.findings if finding.effect in said)


def _after_work(at: Standing) -> str:
    if not at.running:
        return "loop run --resume goes on with the run; loop run --single-round plays this round"
    if at.manifest.by_hand(REVIEWER):
        first = (
            "loop's own checks, and if they let it pass, "
            if at.manifest.card.checks or at.manifest.settings.checks
            else ""
        )
        return f"{first}the review: loop review --approve, or loop review --change FILE --reason TEXT"
    backend = in_use(at.manifest.settings, at.state.backends, REVIEWER)
    return f"the reviewer ({backend}) is asked by the run; loop status shows how far it is"


def review_due(bus: Bus) -> tuple[Standing, Mapping[str, Any]]:
    """Return the run whose review is due, and the review request; raise `StartError` when none is."""
    until = time.monotonic() + _REVIEW_DUE_SECONDS
    while True:
        at = stand(bus, REVIEWER)
        if at.state.phase is Phase.AWAITING_REVIEW:
            break
        handed_in = bus.round_of(WorkReport.kind) == at.state.round
        if not (at.running and handed_in) or time.monotonic() > until:
            raise _not_due(at, handed_in=handed_in)
        time.sleep(_LOOK_SECONDS)
    request = bus.read("review_request")
    sound = request is not None and request.get("round") == at.state.round and isinstance(request.get("head_sha"), str)
    wanted = at.state.digests.get("review_request")
    if not sound or wanted not in (None, digest(bus.read_raw("review_request") or b"")):
        raise StartError(
            f"there is no review request of round {at.state.round} on the bus that loop wrote",
            hint="loop run --resume writes it anew",
        )
    return at, request or {}


def _not_due(at: Standing, *, handed_in: bool) -> StartError:
    round_number = at.state.round
    if not handed_in:
        return StartError(f"round {round_number} awaits the work, not a review", hint="loop submit hands the work in")
    hint = "loop status shows how far the run is" if at.running else "loop run --resume looks at it first"
    return StartError(f"the work of round {round_number} is handed in and has not been looked at yet", hint=hint)


def hand_in_review(
    bus: Bus, repository: Repository, answer: Mapping[str, Any], *, environment: Mapping[str, str]
) -> HandedIn:
    """Put a person's review on the bus. `answer` holds its decision, issues and suggestions; the rest is filled in here."""
    at, request = review_due(bus)
    head, base = request["head_sha"], at.state.base_sha
    document = {
        "task_id": at.state.task_id,
        "round": at.state.round,
        "decision": answer.get("decision", ""),
        "blocking_issues": answer.get("blocking_issues", []),
        "non_blocking_suggestions": answer.get("non_blocking_suggestions", []),
        "head_sha": head,
        "reviewer": "person",
        "self_review": _did_the_work(repository, at, head, environment),
    }
    report = documents.read(ReviewReport, document, name="review_report")
    warnings = (*_unknown_files(repository, base, head, report.blocking_issues), *_moved(repository, head))
    _put(bus, at, ReviewReport.kind, document)
    return HandedIn(
        document=document,
        path=bus.name(bus.path(ReviewReport.kind)),
        warnings=warnings,
        next_step=_after_review(at, report.decision),
    )


def _did_the_work(repository: Repository, at: Standing, head: str, environment: Mapping[str, str]) -> bool:
    """Whether the reviewing person wrote the commits; a program commits in a person's name and is not that person."""
    if not at.manifest.by_hand(WORKER):
        return False
    return identity.address(repository, environment) in identity.authors(repository, at.state.base_sha, head)


def _unknown_files(repository: Repository, base: str, head: str, issues: Iterable[Issue]) -> tuple[str, ...]:
    known = {*repository.paths(head), *repository.changed_paths(base, head)}
    named = dict.fromkeys(issue.file for issue in issues if issue.file)
    return tuple(
        f"{file} is neither in {head[:12]} nor in the change"
        for file in named
        if file not in known and split_line(file)[0] not in known
    )


def split_line(file: str) -> tuple[str, str]:
    """Return path and line of `path:12`; the line is "" when there is none."""
    path, _, line = file.rpartition(":")
    return (path, line) if path and line.isdecimal() else (file, "")


def _moved(repository: Repository, head: str) -> tuple[str, ...]:
    now = repository.head().sha
    return () if now == head else (f"this review is about {head[:12]}, and HEAD is at {now[:12]} by now",)


def _after_review(at: Standing, decision: Decision) -> str:
    if not at.running:
        return "loop run --resume goes on with the run; loop run --single-round ends this round"
    if decision is Decision.APPROVE:
        return "the run ends approved; loop accept shows the change and takes it over"
    who = "loop submit hands in the next work" if at.manifest.by_hand(WORKER) else "the worker is asked by the run"
    return f"round {at.state.round + 1}: fix_list.json says what to change, and {who}"


def _is_running(bus: Bus) -> bool:
    holder = read_holder(bus.lock_path)
    return holder is not None and holder.alive() is not False
