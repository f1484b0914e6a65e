"""The step `work`: a report that git confirms, or the reason why there is none."""

from collections.abc import Sequence
from typing import ClassVar

from loop_kit.bus.own_folders import own_paths
from loop_kit.checks.plan import plan_checks
from loop_kit.dispatch.person import LOOK_SECONDS, Mark, mark
from loop_kit.dispatch.request import DocumentRequest
from loop_kit.dispatch.watchdog import Watchdog
from loop_kit.engine.limits import pause
from loop_kit.engine.recovery_hints import how_to_mend
from loop_kit.engine.run import Run
from loop_kit.engine.self_hosting import find_broken_loop
from loop_kit.engine.snapshots import last_unfinished, pin_unfinished
from loop_kit.errors import DocumentError, LoopError, NeedsPersonError, StalledError
from loop_kit.model.change import Change, Effect, Finding
from loop_kit.model.events import Verified
from loop_kit.model.manifest import Manifest
from loop_kit.model.roles import WORKER
from loop_kit.model.shown_events import DocumentProblem
from loop_kit.model.state import KEPT_ROWS, Phase, RunState
from loop_kit.model.work import WorkReport
from loop_kit.prompts.worker import WorkerBrief, worker_prompt
from loop_kit.steps.step import RoundSoFar, ask
from loop_kit.values import dataclass, replace
from loop_kit.vcs.findings import about
from loop_kit.vcs.verify import Baseline, verify

# After how long git is asked again whether a person has mended their work, when nothing tells of it before.
_LOOK_AGAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Work:
    """Asks the worker for a change, and git for what it is."""

    name: ClassVar[str] = "work"

    def play(self, run: Run, so_far: RoundSoFar) -> RoundSoFar:
        dispatches = run.state.dispatches
        question = WorkQuestion(run, so_far, ground_of(run.manifest, run.state))
        if run.bus.round_of(WorkReport.kind) != run.round:
            _await_work(run)
        work = only(ask(run, (question,)))
        change = question.verified()
        run.pin("head", change.head_sha)
        asked_about = so_far.asked_about if run.state.dispatches == dispatches else ""
        return replace(so_far, work=work, change=change, ground=question.ground, asked_about=asked_about)


def only(answers: Sequence[WorkReport | LoopError]) -> WorkReport:
    """Return the answer to the only question; `obtain` raises the error of one that is asked alone."""
    (answer,) = answers
    if isinstance(answer, LoopError):
        raise answer
    return answer


class WorkQuestion:
    """What the worker is asked in this round, and what git says to its answer."""

    def __init__(self, run: Run, so_far: RoundSoFar, ground: Baseline) -> None:
        self._run = run
        self._so_far = so_far
        self.ground = ground
        self._by_hand = run.by_hand(WORKER)
        self._watchdog = Watchdog(run, WORKER)
        self._told: tuple[str, ...] = ()
        self._marks: tuple[Mark, ...] = ()
        self._change: Change | None = None

    def request(self, problems: tuple[str, ...]) -> DocumentRequest[WorkReport]:
        run = self._run
        run.find_pins()
        self._marks = _marks(run)
        return DocumentRequest(
            role=WORKER,
            expect=WorkReport,
            paper=WorkReport.kind,
            cwd=run.tree.root,
            prompt=self._prompt,
            about=(run.card.task_id, run.round),
            since=self.ground.last_head,
            problems=problems,
        )

    def judge(self, report: WorkReport, touched: Sequence[Finding]) -> tuple[Finding, ...]:
        """Verify the change and return what the worker can mend; raise for what only a person should judge."""
        run, before = self._run, self._change
        change = verify(report, self.ground, run.tree, touched)
        self._change = change
        if change != before:  # a person who is waited for is asked about again and again
            run.emit(_verified(run, change))
        stop_at(change.having(Effect.STOP), self.ground, run.name, by_hand=self._by_hand)
        return (*change.having(Effect.ASK_AGAIN), *_committed_bus(run, change), *find_broken_loop(run))

    def before_asking_again(self, findings: Sequence[Finding]) -> bool:
        if self._by_hand:
            self._wait_for_mending(tuple(finding.text for finding in findings))
            return True
        _await_work(self._run)
        pin_unfinished(self._run)
        return False

    def give_up(self, findings: Sequence[Finding]) -> LoopError:
        text = "; ".join(finding.text for finding in findings)
        if all(finding.code == "nothing_done" for finding in findings):
            return StalledError(
                f"the worker was asked twice and did nothing: {text}", hint="loop run --resume tries again"
            )
        return DocumentError(
            f"work_report.json was refused twice: {text}",
            hint="mend the working tree or commit what belongs to the work, then: loop run --resume",
        )

    def verified(self) -> Change:
        """Return the change as it was verified last."""
        if self._change is None:
            raise ValueError("nothing has been verified yet")
        return self._change

    def _prompt(self, report_path: str, again: tuple[str, ...]) -> str:
        run = self._run
        return worker_prompt(
            WorkerBrief(
                card=run.card,
                round=run.round,
                base_sha=run.manifest.base_sha,
                head_sha=self.ground.last_head,
                report_path=report_path,
                texts=run.manifest.texts,
                fix_list=self._so_far.fix_list,
                history=self._so_far.history,
                again=again,
                snapshot=_named_for_worker(run, last_unfinished(run, run.pins)),
                checks=tuple(command.sentence for command in plan_checks(run.card, run.settings).commands),
            )
        )

    def _wait_for_mending(self, problems: tuple[str, ...]) -> None:
        """Say what is wrong when that is news, and wait until the person has done something.

        To ask git takes a dozen programs, so the files are looked at that a person's command or a new report would change;
        they were as `_marks` says when the work was looked at.
        """
        run = self._run
        if problems != self._told:
            self._told, self._watchdog = problems, Watchdog(run, WORKER)
            for problem in problems:
                run.emit(DocumentProblem(role=WORKER, path=str(run.bus.path(WorkReport.kind)), problem=problem))
        until = run.world.clock.seconds() + _LOOK_AGAIN_SECONDS
        while _marks(run) == self._marks and run.world.clock.seconds() < until:
            pause(run, LOOK_SECONDS)
            self._watchdog.check()


def _named_for_worker(run: Run, ref: str) -> str:
    """Return by what name a worker finds a pinned commit: a tree of the run's own has home's objects, not its refs."""
    return ref if run.tree is run.home else run.pins.get(ref, "")


def _await_work(run: Run) -> None:
    if run.state.phase is not Phase.AWAITING_WORK:
        run.put(phase=Phase.AWAITING_WORK)


def _committed_bus(run: Run, change: Change) -> tuple[Finding, ...]:
    """Return a finding when the change holds what loop keeps for itself: no run would start on it any more."""
    own = own_paths(run.bus, run.home.root)
    there = (file.path for file in change.files if file.status != "D")
    committed = [path for path in there if any(path == each or path.startswith(f"{each}/") for each in own)]
    if not committed:
        return ()
    return (about(Effect.ASK_AGAIN, "bus_committed", "file", "committed where loop keeps its own", committed),)


def ground_of(manifest: Manifest, state: RunState) -> Baseline:
    """Return what the work of the state's round is held against."""
    oldest = state.round_details[0] if len(state.round_details) == KEPT_ROWS else None
    return Baseline(
        base_sha=state.base_sha,
        last_head=state.head_sha,
        listed_from=state.base_sha if oldest is None else oldest.head_sha,
        branch=state.branch,
        untracked=manifest.untracked,
        start_tree=manifest.start_tree,
        in_scope=manifest.card.in_scope,
        out_of_scope=manifest.card.out_of_scope,
        seen_trees=tuple(row.tree for row in state.round_details),
        private=manifest.private,
        hidden=manifest.hidden,
    )


def stop_at(
    findings: Sequence[Finding], ground: Baseline, run_name: str, *, by_hand: bool, then: str = "loop run --resume"
) -> None:
    """Raise for a finding that only a person should judge; the report stays where it is."""
    if not findings:
        return
    text = "; ".join(finding.text for finding in findings)
    if any(finding.code == "in_circles" for finding in findings):
        raise StalledError(text, hint="show the worker in the card what it keeps undoing, then: loop run --reset")
    hint = how_to_mend(
        [finding.code for finding in findings],
        run_name=run_name,
        branch=ground.branch,
        head_sha=ground.last_head,
        by_hand=by_hand,
        then=then,
    )
    raise NeedsPersonError(text, hint=hint)


def _marks(run: Run) -> tuple[Mark, ...]:
    """Return what changes when the person hands in another report, commits, or takes changes or files away."""
    git, root = run.tree.git_dir, run.tree.root
    return tuple(mark(path) for path in (run.bus.path(WorkReport.kind), git / "index", git / "HEAD", root))


def _verified(run: Run, change: Change) -> Verified:
    return Verified(
        round=run.round,
        head_sha=change.head_sha,
        tree=change.tree,
        commits=len(change.commits),
        files=len(change.files),
        findings=change.findings[:20],
    )
