"""The worker's half of a round: a report that git confirms, or the reason why there is none."""

from collections.abc import Sequence

from loop_kit.bus.own_folders import own_paths
from loop_kit.checks.plan import plan_checks
from loop_kit.dispatch.collect import refuse
from loop_kit.dispatch.dispatch import dispatch
from loop_kit.dispatch.person import LOOK_SECONDS, Mark, mark
from loop_kit.dispatch.request import Ask
from loop_kit.dispatch.watchdog import Presence
from loop_kit.engine.context import RunContext
from loop_kit.engine.recovery_hints import how_to_mend
from loop_kit.engine.seals import find_fix_list
from loop_kit.engine.self_hosting import find_broken_loop
from loop_kit.engine.snapshots import last_unfinished, pin_unfinished
from loop_kit.engine.watching import homes_of, watched
from loop_kit.errors import DocumentError, LoopError, NeedsPersonError, StalledError
from loop_kit.model.change import Change, Effect, Finding
from loop_kit.model.events import Verified
from loop_kit.model.manifest import Manifest
from loop_kit.model.shown_events import DocumentProblem
from loop_kit.model.state import KEPT_ROWS, Phase, RunState
from loop_kit.model.work import WorkReport
from loop_kit.prompts.worker import WorkerBrief, worker_prompt
from loop_kit.vcs.findings import about
from loop_kit.vcs.verify import Ground, verify

# After how long git is asked again whether a person has mended their work, when nothing tells of it before.
_LOOK_AGAIN_SECONDS = 60.0


def obtain_change(ctx: RunContext, state: RunState) -> tuple[WorkReport, Change, RunState]:
    """Return a work report, the change that git shows for it, and the state after it was had.

    A report that git contradicts in something the worker can mend is asked for once more; then the run stops.
    """
    if ctx.bus.round_of(WorkReport.kind) != state.round:
        state = _awaiting_work(ctx, state)
    problems: tuple[str, ...] = ()
    seen: Change | None = None
    presence = Presence(ctx, "worker")
    while True:
        ctx.find_pins(state.round)
        marks = _marks(ctx)
        work, state = dispatch(ctx, state, _ask(ctx, state, problems))
        change = verify(work, ground_of(ctx.manifest, state), ctx.repository, watched(ctx, state))
        if change != seen:  # a person who is waited for is asked about again and again
            _tell_verified(ctx, state, change)
        seen = change
        stop_at(state, change.having(Effect.STOP), by_hand=ctx.by_hand("worker"))
        mendable = (*change.having(Effect.ASK_AGAIN), *_committed_bus(ctx, change), *find_broken_loop(ctx))
        if not mendable:
            return work, change, state
        again = tuple(finding.text for finding in mendable)
        if ctx.by_hand("worker"):
            presence = _wait_for_mending(ctx, again, told=problems, presence=presence, before=marks)
        else:
            state = _awaiting_work(ctx, state)
            pin_unfinished(ctx, state)
            state = refuse(ctx, state, WorkReport.kind, "; ".join(again))
            if problems:
                raise _gives_up(mendable)
        problems = again


def _committed_bus(ctx: RunContext, change: Change) -> tuple[Finding, ...]:
    """Return a finding when the change holds what loop keeps for itself: no run would start on it any more."""
    own = own_paths(ctx.bus, ctx.repository.root)
    there = (file.path for file in change.files if file.status != "D")
    committed = [path for path in there if any(path == each or path.startswith(f"{each}/") for each in own)]
    if not committed:
        return ()
    return (about(Effect.ASK_AGAIN, "bus_committed", "file(s) were committed where loop keeps its own", committed),)


def _awaiting_work(ctx: RunContext, state: RunState) -> RunState:
    if state.phase is Phase.AWAITING_WORK:
        return state
    state = state.at(Phase.AWAITING_WORK, now=ctx.now())
    ctx.bus.put_state(state)
    return state


def _ask(ctx: RunContext, state: RunState, problems: tuple[str, ...]) -> Ask[WorkReport]:
    def prompt(report_path: str, again: tuple[str, ...]) -> str:
        return worker_prompt(
            WorkerBrief(
                card=ctx.card,
                round=state.round,
                base_sha=state.base_sha,
                head_sha=state.head_sha,
                report_path=report_path,
                texts=ctx.manifest.texts,
                fix_list=find_fix_list(ctx, state),
                history=state.round_details,
                again=again,
                snapshot=last_unfinished(ctx, state, ctx.pins),
                checks=tuple(command.sentence for command in plan_checks(ctx.card, ctx.settings).commands),
            )
        )

    return Ask(role="worker", expect=WorkReport, cwd=ctx.repository.root, prompt=prompt, problems=problems)


def ground_of(manifest: Manifest, state: RunState) -> Ground:
    """Return what the work of the state's round is held against."""
    oldest = state.round_details[0] if len(state.round_details) == KEPT_ROWS else None
    return Ground(
        base_sha=state.base_sha,
        last_head=state.head_sha,
        listed_from=state.base_sha if oldest is None else oldest.head_sha,
        branch=state.branch,
        untracked=manifest.untracked,
        start_tree=manifest.start_tree,
        run_name=state.run_name,
        round=state.round,
        in_scope=manifest.card.in_scope,
        out_of_scope=manifest.card.out_of_scope,
        seen_trees=tuple(row.tree for row in state.round_details),
        homes=homes_of(manifest.settings),
        private=manifest.private,
        hidden=manifest.hidden,
    )


def stop_at(state: RunState, findings: Sequence[Finding], *, by_hand: bool, then: str = "loop run --resume") -> None:
    """Raise for a finding that only a person should judge; the report stays where it is."""
    if not findings:
        return
    text = "; ".join(finding.text for finding in findings)
    if any(finding.code == "in_circles" for finding in findings):
        raise StalledError(text, hint="show the worker in the card what it keeps undoing, then: loop run --reset")
    codes = [finding.code for finding in findings]
    raise NeedsPersonError(text, hint=how_to_mend(state, codes, by_hand=by_hand, then=then))


def _gives_up(findings: Sequence[Finding]) -> LoopError:
    text = "; ".join(finding.text for finding in findings)
    if all(finding.code == "nothing_done" for finding in findings):
        return StalledError(f"the worker was asked twice and did nothing: {text}", hint="loop run --resume tries again")
    return DocumentError(
        f"work_report.json was refused twice: {text}",
        hint="mend the working tree or commit what belongs to the work, then: loop run --resume",
    )


def _wait_for_mending(
    ctx: RunContext,
    problems: tuple[str, ...],
    *,
    told: tuple[str, ...],
    presence: Presence,
    before: tuple[Mark, ...],
) -> Presence:
    """Say what is wrong when that is news, wait for news, and return who watches whether the person is still there.

    To ask git takes a dozen programs, so the files are looked at that a person's command or a new report would change;
    they were as `before` when the work was looked at.
    """
    if problems != told:
        presence = Presence(ctx, "worker")
        for problem in problems:
            ctx.emit(DocumentProblem(role="worker", path=str(ctx.bus.path(WorkReport.kind)), problem=problem))
    until = ctx.world.clock.seconds() + _LOOK_AGAIN_SECONDS
    while _marks(ctx) == before and ctx.world.clock.seconds() < until:
        ctx.pause(LOOK_SECONDS)
        presence.check()
    return presence


def _marks(ctx: RunContext) -> tuple[Mark, ...]:
    """Return what changes when the person hands in another report, commits, or takes changes or files away."""
    git, root = ctx.repository.git_dir, ctx.repository.root
    return tuple(mark(path) for path in (ctx.bus.path(WorkReport.kind), git / "index", git / "HEAD", root))


def _tell_verified(ctx: RunContext, state: RunState, change: Change) -> None:
    verified = Verified(
        round=state.round,
        head_sha=change.head_sha,
        tree=change.tree,
        commits=len(change.commits),
        files=len(change.files),
        findings=change.findings[:20],
    )
    ctx.emit(verified)
