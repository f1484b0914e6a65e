"""Every run that an archive knows: on which bus, which task, how it ended, what it cost."""

from typing import Any

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import buses
from loop_kit.errors import DocumentError
from loop_kit.model import documents
from loop_kit.model.names import is_before
from loop_kit.model.state import RunState
from loop_kit.model.summary import Summary
from loop_kit.values import dataclass
from loop_kit.views.lookup import all_runs, state_of

UNFINISHED = "unfinished"
# Of an older tool's runs loop knows the documents, and takes nobody's word for how they ended.
BEFORE = "before loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One run in the archive. `outcome` is `unfinished` without a summary, `before loop` for what an older tool left.

    Times are "" and costs None when unknown; `known_usd` is a part when `cost_usd` is None.
    """

    run_name: str
    task_id: str
    goal: str
    rounds: int
    outcome: str
    started_at: str
    ended_at: str
    cost_usd: float | None
    known_usd: float | None


def list_runs(bus: Bus) -> list[RunEntry]:
    """Return the runs by task, each task's from its first to its last; what cannot be read of one is left unknown."""
    states = {each.root: state_of(each) for each in buses(bus)}
    return [_run(Archive(each.archive_root / run_name), states[each.root]) for each, run_name in all_runs(bus)]


def _run(archive: Archive, state: RunState | None) -> RunEntry:
    mine = state if state is not None and state.run_name == archive.run_name else None
    summary = _summary(archive)
    ended = summary is not None and not (mine is not None and mine.run_id == summary.run_id and mine.outcome is None)
    reached = max((filed.round for filed in archive.documents()), default=0)
    return RunEntry(
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
        known_usd=summary.known_usd if summary is not None else None,
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
