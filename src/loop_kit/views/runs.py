"""Every run that the archive knows: which task, how it ended, what it cost."""

from typing import Any

from loop_kit.bus.archive import Archive
from loop_kit.bus.atomic import listed
from loop_kit.bus.bus import Bus
from loop_kit.bus.files import is_folder
from loop_kit.errors import DocumentError, StartError
from loop_kit.model import documents
from loop_kit.model.names import is_before, is_run_name
from loop_kit.model.state import RunState
from loop_kit.model.summary import Summary
from loop_kit.values import dataclass

UNFINISHED = "unfinished"
# Of an older tool's runs loop knows the documents, and takes nobody's word for how they ended.
BEFORE = "before loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run in the archive. `outcome` is `unfinished` without a summary, `before loop` for what an older tool left.

    Times are "" and `cost_usd` is None when unknown.
    """

    run_name: str
    task_id: str
    goal: str
    rounds: int
    outcome: str
    started_at: str
    ended_at: str
    cost_usd: float | None


def run_names(bus: Bus) -> list[str]:
    """Return the runs in the archive, a task's runs in their order, what was there before loop first."""
    names = (name for name in listed(bus.archive_root) if is_folder(bus.archive_root / name))
    return sorted((name for name in names if is_run_name(name) or is_before(name)), key=_order)


def find_run(bus: Bus, wanted: str, state: RunState | None) -> str:
    """Return the run that a person means: the one named, else the run on the bus; raise `StartError` when there is none."""
    known = run_names(bus)
    run_name = wanted or (state.run_name if state is not None else "")
    if run_name and (run_name in known or (state is not None and run_name == state.run_name)):
        return run_name
    hint = f"known: {', '.join(known[-10:])}" if known else "loop run starts one"
    raise StartError(
        f"there is no run {run_name!r} on {bus.root}" if run_name else f"no run stands on {bus.root}", hint=hint
    )


def list_runs(bus: Bus) -> list[Run]:
    """Return the runs by task, each task's from its first to its last; what cannot be read of one is left unknown."""
    try:
        state = bus.read_state()
    except DocumentError:
        state = None
    return [_run(Archive(bus.archive_root / run_name), state) for run_name in run_names(bus)]


def _run(archive: Archive, state: RunState | None) -> Run:
    mine = state if state is not None and state.run_name == archive.run_name else None
    summary = _summary(archive)
    ended = summary is not None and not (mine is not None and mine.run_id == summary.run_id and mine.outcome is None)
    reached = max((filed.round for filed in archive.documents()), default=0)
    return Run(
        run_name=archive.run_name,
        task_id=archive.run_name.partition("@")[0],
        goal=_goal(archive),
        rounds=summary.rounds if summary is not None else reached,
        outcome=BEFORE
        if is_before(archive.run_name)
        else summary.outcome
        if summary is not None and ended
        else UNFINISHED,
        started_at=summary.started_at if summary is not None else mine.started_at if mine is not None else "",
        ended_at=summary.ended_at if summary is not None and ended else "",
        cost_usd=summary.cost_usd if summary is not None else None,
    )


def _summary(archive: Archive) -> Summary | None:
    try:
        return documents.read(Summary, _last(archive, Summary.kind))
    except (DocumentError, FileNotFoundError):
        return None


def _goal(archive: Archive) -> str:
    try:
        match _last(archive, "task_card"):
            case {"goal": str(goal)}:
                return goal
    except (DocumentError, FileNotFoundError):
        pass
    return ""


def _last(archive: Archive, name: str) -> Any:
    """Return the newest document of that name, None when there is none."""
    rounds = [filed.round for filed in archive.documents() if filed.name == name]
    return archive.read(max(rounds), name) if rounds else None


def _order(run_name: str) -> tuple[str, int]:
    task_id, _, number = run_name.partition("@")
    return task_id, int(number or 1)
