"""Adopt a bus of agent-task-runner, report what was done, and say how to go on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loop_kit import resources
from loop_kit.adopt import traces
from loop_kit.adopt.adoption import Adopted, adopt, check_not_in_use, last_state
from loop_kit.adopt.config import Translation, fill_in, translate
from loop_kit.bus.bus import Bus
from loop_kit.bus.lock import Lock
from loop_kit.engine.world import utc_now
from loop_kit.errors import DocumentError, LockedError, LoopError
from loop_kit.model.state import Phase
from loop_kit.vcs.repository import Repository

_CONTEXT = ("context/project_facts.md", "context/pitfalls.md")


def adopt_bus(bus: Bus, proposals: bytes) -> list[str]:
    """Adopt a bus of the older tool and return what was done; `proposals` end a new config.toml.

    Raises `LockedError` before anything is changed when the older tool is at work on it.
    """
    check_not_in_use(bus)
    source, translation = _read_config(bus)
    config = fill_in(resources.default_text("config.toml"), translation, source=source).encode() + proposals
    new = not bus.config_path.exists()
    try:
        with Lock.acquire(bus.lock_path, purpose="loop init", now=utc_now(), wait_for_dead=0.0):
            adopted = adopt(bus, config)
    except LockedError as error:
        raise LockedError(
            f"a run is going on, so this bus of {traces.TOOL} cannot be adopted now: {error.message}",
            hint="wait until it has ended, or end it with Ctrl-C; then: loop init",
        ) from None
    return [*_moved(adopted), *_config_lines(source, translation, new=new), *_kept_by_person(bus)]


def _read_config(bus: Bus) -> tuple[str, Translation]:
    """Return the name of the older tool's config file, "" for none, and its translation, empty when it cannot be read."""
    for name in traces.CONFIGS:
        if (bus.root / name).is_file():
            return name, translate(traces.read_config(bus, name) or {})
    return "", Translation(run={})


def _moved(adopted: Adopted) -> Iterator[str]:
    runs = sorted({path.parent.name for path in adopted.filed})
    if runs:
        where = ", ".join(f"archive/{run}" for run in runs)
        yield f"{len(adopted.filed)} documents of its runs are in {where}; loop show {runs[-1]} tells them"
    if adopted.kept:
        yield f"{len(adopted.kept)} other files and folders are in archive/_before, as they were"


def _config_lines(source: str, translation: Translation, *, new: bool) -> Iterator[str]:
    if not source:
        return
    if not new:
        yield f"config.toml was there and stays; {source} is in archive/_before"
        return
    if translation.run:
        yield f"config.toml has from {source}: {', '.join(translation.run)}"
    if translation.left:
        yield from (f"config.toml does not have {sentence}" for sentence in translation.left)
    elif not translation.run:
        yield f"{source} says nothing that loop can read: write what it said into config.toml"


def _kept_by_person(bus: Bus) -> Iterator[str]:
    for name in traces.TEMPLATES:
        if unfilled := traces.unfilled(bus, name):
            yield f"{name} is yours and stays; loop puts nothing in the place of {', '.join(unfilled)}"
    context = [name for name in _CONTEXT if (bus.root / name).is_file()]
    if context:
        yield f"{', '.join(context)} will be in the worker's prompt: see that what {traces.TOOL} wrote there is true"


def next_lines(bus: Bus, *, cwd: Path, loop: str, reviewer: str) -> Iterator[str]:
    """Yield how to go on after the last run of the older tool: it cannot be resumed, but its base can be used."""
    state = last_state(bus)
    if not state:
        return
    task_id, base = state.get("task_id"), state.get("base_sha")
    if not isinstance(base, str) or not isinstance(task_id, str) or task_id != _task_on(bus):
        yield f"next: {loop} run --auto-dispatch"
        return
    if state.get("outcome") == "approved":
        yield f"{task_id} was approved, says {traces.TOOL}; loop has not looked and does not count it as approved"
        yield f"next: put the next task into {bus.card_path}, then: {loop} run --auto-dispatch"
        return
    yield f"{task_id} was not finished: {_stood(state)} in round {state['round']}"
    since = f"--base {base[:12]}"
    head, in_history = _look(cwd, base)
    if not in_history:
        yield f"next: check out the branch that has its base, then: {loop} run --auto-dispatch {since}"
    elif state.get("state") == Phase.AWAITING_REVIEW and state.get("head_sha") == head:
        run = f"{loop} run {since} --reviewer-backend {reviewer}"
        yield f"next: {run}; its work is done, so hand that in from another terminal: {loop} submit"
    else:
        yield f"next: {loop} run --auto-dispatch {since} (what was committed since is part of round 1)"


def _stood(state: dict[str, Any]) -> str:
    words = {Phase.AWAITING_WORK: "it awaited its work", Phase.AWAITING_REVIEW: "it awaited its review"}
    outcome = state.get("outcome")
    return f"it ended as {outcome}" if outcome else words.get(state["state"], "it stood still")


def _look(cwd: Path, base: str) -> tuple[str, bool]:
    """Return the commit that is checked out, and whether `base` is in its history."""
    try:
        repository = Repository.find(cwd)
        head, known = repository.head().sha, repository.commit_id(base)
        return head, known is not None and repository.is_ancestor(known, head)
    except LoopError:
        return "", False


def _task_on(bus: Bus) -> str | None:
    try:
        task_id = (bus.read("task_card") or {}).get("task_id")
    except DocumentError:
        return None
    return task_id if isinstance(task_id, str) else None
