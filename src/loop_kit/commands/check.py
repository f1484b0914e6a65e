"""Checks without a run: what `loop check` does. Nothing of a run is read but its card, and nothing of it is changed."""

import shlex
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from loop_kit.bus.bus import Bus
from loop_kit.bus.files import read_beginning
from loop_kit.bus.lock import Lock, read_holder
from loop_kit.checks.gather import CheckTarget
from loop_kit.checks.plan import Plan, plan_checks
from loop_kit.engine.checks_at import CheckSetup, check_environment, run_checks_at
from loop_kit.engine.world import World
from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.model import documents
from loop_kit.model.check import CheckCommand
from loop_kit.model.config import Settings
from loop_kit.model.evidence import CheckResult, Evidence
from loop_kit.model.shown_events import Check
from loop_kit.model.task import TaskCard
from loop_kit.processes.tree import sweep_run
from loop_kit.values.wording import path_text
from loop_kit.vcs import watch, worktree
from loop_kit.vcs.repository import Repository

_LOGS = "@check"  # no task can be called so
_HANDED_IN = ("work_report", "review_report")
_READ = 8 << 20  # bytes: more than any report may have


def plan_without_run(bus: Bus, card_path: Path | None, settings: Settings) -> tuple[Plan, TaskCard | None]:
    """Return the checks of the config and of a card, by default the one on the bus if there is one.

    Raises `StartError` when that comes to none at all.
    """
    path = card_path or (bus.card_path if bus.card_path.exists() else None)
    card = None if path is None else documents.read(TaskCard, bus.read_card(path), name=str(path))
    plan = plan_checks(card, settings, name=str(path))
    if not plan.commands:
        raise StartError(
            "no check is configured",
            hint=f"name one under [checks] in {bus.name(bus.config_path)}, or in the card's checks",
        )
    return plan, card


def spot_check(
    world: World, bus: Bus, repository: Repository, settings: Settings, plan: Plan, target: CheckTarget
) -> Evidence:
    """Run the plan's checks at the target's commit, as a run would; one at a time on a bus, beside any run.

    Folder and processes are named after the bus: what a killed `loop check` left, the next one takes away.
    """
    bus.ensure_layout()
    run_id = f"check-{sha256(bytes(bus.root)).hexdigest()[:16]}"
    home = world.scratch / run_id

    def tell(command: CheckCommand, result: CheckResult | None) -> None:
        said = "" if result is None else result.sentence
        world.listener(Check(round=target.round, name=command.name, command=command.shown, result=said))

    setup = CheckSetup(
        repository=repository,
        edited=repository,
        tree=worktree.tree_path(home, "checks"),
        logs=bus.logs / _LOGS,
        stem=f"{target.head_sha[:12]}_check",
        bus_root=bus.root,
        environment=check_environment(world.environment, settings, run_id=run_id),
        interruption=world.interruption,
        check_stop=world.interruption.raise_if_requested,
        tell=tell,
        before=watch.settings(repository),
    )
    with Lock.acquire(bus.root / "check.lock", purpose="loop check", now=world.clock.now()):
        sweep_run(run_id)
        lay_there = _reports(bus)
        try:
            evidence = run_checks_at(setup, plan, target).evidence
        finally:
            worktree.remove_home(repository, (setup.tree,))
        _stop_at_reports(bus, lay_there)
        return evidence


def _reports(bus: Bus) -> dict[str, bytes]:
    return {kind: read_beginning(bus.path(kind), limit=_READ) for kind in _HANDED_IN}


def _stop_at_reports(bus: Bus, before: Mapping[str, bytes]) -> None:
    """Raise when a report came while no run was there to tell who wrote it: a resume would take it for a person's."""
    holder = read_holder(bus.lock_path)
    if holder is not None and holder.alive() is not False:
        return
    for kind, data in _reports(bus).items():
        if data and data != before[kind]:
            raise NeedsPersonError(
                f"{bus.name(bus.path(kind))} was written during the checks, by one of them or by you",
                hint=f"look at it; if it is not yours: rm {shlex.quote(path_text(bus.path(kind)))}",
            )
