"""How a run comes to be: begun anew or resumed.

Everything that could refuse is asked before anything is written, and everything is written before anything is paid.
From the idle state on, each step may be repeated: the run id in that state makes the claim of a place recognisable as
this run's own.
"""

from pathlib import Path

from loop_kit.bus.archive import Archive
from loop_kit.bus.around import for_next_run
from loop_kit.bus.bus import Bus
from loop_kit.bus.emptying import empty_bus
from loop_kit.engine import own_tree
from loop_kit.engine.agent_settings import KIND, settings_after_resume, settings_at_start, tell_taken
from loop_kit.engine.log_anchor import anchor, anchor_again, check_log
from loop_kit.engine.recovery_hints import go_back, switch_back
from loop_kit.engine.run import Run, read_manifest
from loop_kit.engine.snapshots import last_unfinished, pin_unfinished
from loop_kit.engine.surroundings import without_unseen
from loop_kit.engine.tree_settings import check_reviewers, tell_tree_settings
from loop_kit.engine.watching import changed_settings, homes_of, refuse_touched, settings_now
from loop_kit.engine.world import World
from loop_kit.errors import DirtyTreeError, DocumentError, LoopError, NeedsPersonError, Outcome, StartError, UsageError
from loop_kit.model.events import RunResumed, RunStarted
from loop_kit.model.manifest import Manifest
from loop_kit.model.names import name_run
from loop_kit.model.roles import WORKER, people_after
from loop_kit.model.state import Phase, RunState
from loop_kit.runs.cleanup import clear_trees, in_flight, sweep_dead_run
from loop_kit.runs.preconditions import Ready, check_bus, check_programs, check_scratch, check_start
from loop_kit.runs.run_request import RunRequest
from loop_kit.runs.unseen import refuse_what_was_changed
from loop_kit.values import replace
from loop_kit.vcs import watch
from loop_kit.vcs.around import OTHERS, read_others
from loop_kit.vcs.findings import listed
from loop_kit.vcs.repository import Repository


def open_run(world: World, bus: Bus, repository: Repository, request: RunRequest, locks: tuple[int, ...]) -> Run:
    """Return the run that the person wants; `locks` are the descriptors of the held locks.

    Raises a `LoopError` before anything is changed when the run cannot start; an approved run that is resumed comes
    back as it is.
    """
    bus.remove_leftovers()
    state = _standing(bus, request)
    if state is not None:
        sweep_dead_run(state)
    if state is not None and state.unfinished and not request.reset:
        run = _resume(world, bus, repository, request, state)
    elif state is not None and state.phase is Phase.DONE and request.resume:
        run = Run.load(world, bus, repository, state)
    elif request.resume:
        raise StartError("there is no unfinished run to resume", hint="loop run starts one")
    else:
        run = _begin(world, bus, repository, request, state)
    limit = run.settings.run.timeout
    run.locks = locks
    run.deadline = world.clock.seconds() + limit if limit else None
    return run


def _standing(bus: Bus, request: RunRequest) -> RunState | None:
    try:
        return bus.read_state()
    except DocumentError:
        if request.reset:
            return None
        raise


def _begin(world: World, bus: Bus, repository: Repository, request: RunRequest, state: RunState | None) -> Run:
    if request.round_number not in (None, 1):
        raise UsageError(f"--round {request.round_number}: a new run begins with round 1", hint="leave --round out")
    refuse_what_was_changed(bus, request.card_path or bus.card_path, now=world.clock.now())
    ready = check_start(world, bus, repository, request)
    bus.ensure_layout()
    _clear_after(world, bus, repository, state)
    idle = _idle(world, bus, ready, state)
    run_name = _claim(repository, ready.card.task_id, idle.run_id)
    seen, refs = watch.settings_and_refs(repository, OTHERS, homes_of(ready.settings))
    others = {} if request.worktree else read_others(repository, ready.branch, refs)
    manifest = ready.manifest(
        run_id=idle.run_id,
        run_name=run_name,
        scratch=str(world.scratch),
        tree=own_tree.folder_for(world, idle.run_id) if request.worktree else None,
        around={**others, **for_next_run(bus, run_name)},
    )
    repository.pin(f"refs/loop/{run_name}/r0/base", manifest.base_sha)
    notes = own_tree.make(repository, bus, manifest, manifest.base_sha) if manifest.tree else ()
    archive = Archive(bus.archive_root / run_name)
    archive.put_document(0, Manifest.kind, manifest)
    _put_card(bus, archive, manifest)
    begun = replace(idle, run_name=run_name, branch=manifest.branch, digests=manifest.digests(), watch=seen)
    run = Run.load(world, bus, repository, begun)
    if manifest.tree:
        seen = settings_now(run)
    run.put(watch={**seen, **settings_at_start(run)}, phase=Phase.AWAITING_WORK)
    started = RunStarted(
        task_id=manifest.card.task_id,
        run_name=run_name,
        base_sha=manifest.base_sha,
        branch=manifest.branch,
        tree_settings=(*notes, *tell_tree_settings(run)),
    )
    run.emit(started)
    anchor(run)  # so that the first round's agents cannot write the log anew unseen
    run.put()
    return run


def _clear_after(world: World, bus: Bus, repository: Repository, state: RunState | None) -> None:
    """Take away the working trees of the run before, which only that run's manifest can name."""
    if state is None or not state.run_name:
        return
    try:
        clear_trees(Run.load(world, bus, repository, state, to_clear=True))
    except LoopError:
        return


def _idle(world: World, bus: Bus, ready: Ready, state: RunState | None) -> RunState:
    """Clear the bus and put the state that names the new run; a run that got no further than this is taken up again."""
    begun = state is not None and state.phase is Phase.IDLE and state.task_id == ready.card.task_id
    now = world.clock.now()
    idle = RunState(
        run_id=state.run_id if state is not None and begun else world.token(),
        run_name="",
        task_id=ready.card.task_id,
        phase=Phase.IDLE,
        round=1,
        base_sha=ready.base_sha,
        head_sha=ready.base_sha,
        branch=ready.branch,
        started_at=now,
        updated_at=now,
    )
    if not begun:
        empty_bus(bus)
    bus.put_state(idle)
    return idle


def _claim(repository: Repository, task_id: str, run_id: str) -> str:
    """Take the first free place of a task: a create-only ref update, so that two runs never share one."""
    run = 1
    while not repository.claim(f"refs/loop/{name_run(task_id, run)}/r0/run", run_id.encode()):
        run += 1
    return name_run(task_id, run)


def _put_card(bus: Bus, archive: Archive, manifest: Manifest) -> None:
    """Put the run's card on the bus; a different card that lies there is a person's and goes to the archive first."""
    try:
        there = bus.read("task_card")
    except DocumentError:
        there = {}
    if there != manifest.card_document:
        archive.refuse(0, "task_card", bus.card_path, "another card was given with --task")
        bus.write("task_card", manifest.card_document)
    archive.put_from_bus(bus, "task_card")


def _resume(world: World, bus: Bus, repository: Repository, request: RunRequest, state: RunState) -> Run:
    if not (request.resume or request.single_round):
        raise StartError(
            f"run {state.run_name} stopped in round {state.round} and is not finished",
            hint="loop run --resume goes on with it; loop run --reset archives it and starts anew",
        )
    if request.round_number not in (None, state.round):
        raise UsageError(
            f"--round {request.round_number}: the run stands in round {state.round}",
            hint=f"leave --round out, or say --round {state.round}",
        )
    own_tree.make_again(repository, bus, read_manifest(bus, state), state.head_sha)
    run = Run.load(world, bus, repository, state)
    run.manifest = _with_flags(run.manifest, request)
    check_bus(bus, repository)
    bus.ensure_layout()  # a folder of it may have been removed, and nothing can be told without one
    check_programs(world, run.settings, run.manifest.people)
    check_reviewers(run.settings, run.manifest.people, resumed=True)
    check_scratch(repository, Path(run.manifest.scratch))
    check_ground(run)
    seen = _compared(run)  # before anything looks at the tree, where a filter could run
    problem = check_log(run)
    if in_flight(run):
        pin_unfinished(run)
    _check_tree(run)
    run.archive.put_document(0, Manifest.kind, run.manifest)
    seen = {name: digest for name, digest in seen.items() if not name.startswith(KIND)}
    seen |= settings_after_resume(run)
    taken = tell_taken(run, seen)
    anchor_again(run, problem)
    run.state = run.state.going_on(now=run.now())
    run.change(digests={**without_unseen(run.state.digests), **run.manifest.digests()}, watch=seen)
    bus.remove("summary")  # it told of the end that is none any more; the archive has it
    run.put()
    told = (*tell_tree_settings(run), *taken)
    run.emit(RunResumed(task_id=run.card.task_id, run_name=run.name, round=run.round, tree_settings=told))
    return run


def _compared(run: Run) -> dict[str, str]:
    """Return what is to be watched from now on; raise when an agent that loop did not survive has touched it.

    Once a person has been told, what is there then counts.
    """
    state = run.state
    now = settings_now(run)
    if state.outcome is Outcome.NEEDS_PERSON or watch.is_older(state.watch):
        return now
    try:
        refuse_touched(changed_settings(state.watch, now), "the run, before it was cut off")
    except NeedsPersonError as error:
        run.end(error.outcome, error=error.message, hint=error.hint)
        run.put()  # so that the next resume knows that it was told
        raise
    return dict(state.watch)


def _with_flags(manifest: Manifest, request: RunRequest) -> Manifest:
    """Let flags on a resume change the manifest's settings: limits may be raised, rules of judgement are not among them."""
    if not request.given:
        return manifest
    settings = manifest.settings.having(request.given, source="the command line")
    settings.check_roles()
    return replace(manifest, settings=settings, people=people_after(manifest.people, request.given))


def check_ground(run: Run) -> None:
    """Raise before anything is paid when the branch is not where this run's work is."""
    head, state = run.tree.head(), run.state
    if head.branch != state.branch:
        raise NeedsPersonError(
            f"the run works on {state.branch or 'a detached HEAD'}, and {head.branch or 'a detached HEAD'} is checked out",
            hint=f"{switch_back(state.branch, state.head_sha)}, then: loop run --resume",
        )
    if not run.tree.is_ancestor(state.head_sha, head.sha):
        raise NeedsPersonError(
            f"{state.head_sha[:12]}, which this run relies on, is no longer part of {head.branch or 'HEAD'}",
            hint=f"{go_back(run.name, state.head_sha, by_hand=run.by_hand(WORKER))}, then: loop run --resume",
        )


def _check_tree(run: Run) -> None:
    """Raise unless the working tree is clean, or holds exactly the unfinished work that was pinned."""
    if run.by_hand(WORKER):
        return
    tree, known = run.tree, run.manifest.untracked
    dirty = (*tree.dirty(), *set(tree.untracked()).difference(known))
    if not dirty:
        return
    pinned = last_unfinished(run)
    now = tree.worktree_tree(without=known)
    if pinned and run.home.tree_id(pinned) == now:
        return
    if run.manifest.start_tree is not None:
        since = frozenset(tree.changed_paths(run.manifest.start_tree, now))
        dirty = tuple(path for path in dirty if path in since)
        if not dirty:
            return
    where = f" that differ from the unfinished work pinned as {pinned}" if pinned else ""
    raise DirtyTreeError(
        f"{len(dirty)} files have uncommitted changes{where}: {listed(sorted(dirty), 5)}",
        hint="commit or stash them, then: loop run --resume",
    )
