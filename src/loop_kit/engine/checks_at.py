"""Run the checks of a plan at one commit, in a clean worktree of loop's own; with or without a run around them."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from loop_kit.backends.environment import agent_environment
from loop_kit.bus.atomic import make_folder
from loop_kit.checks.gather import CheckTarget, gather
from loop_kit.checks.memory import Memory
from loop_kit.checks.plan import Plan
from loop_kit.checks.run import CheckTree, CheckWorkspace
from loop_kit.engine.limits import check_stop
from loop_kit.engine.run import Run
from loop_kit.errors import NeedsPersonError
from loop_kit.model.check import CheckCommand, Where
from loop_kit.model.config import Settings
from loop_kit.model.evidence import CheckResult, Evidence
from loop_kit.model.shown_events import Check
from loop_kit.processes.signals import Interruption
from loop_kit.values import dataclass, field
from loop_kit.values.wording import path_text
from loop_kit.vcs import watch, worktree
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.review_tree import ReviewTree

PREPARED, CHECKS_TREE = "prepared", "checks_tree"  # in the state's digests


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSetup:
    """Where the checks of a commit run.

    `edited` is the repository whose files are edited, for checks that run in place. `tree` is the worktree's folder: what
    lies there is replaced, apart from what was prepared in it and is known again by `seals`, those of a `Checked` before
    it. `logs` holds the checks' output, in files that begin with `stem`; evidence names them relative to `bus_root`.
    `check_stop` and `tell` are those of a `CheckWorkspace`; `before` is what was watched before any of them ran.
    """

    repository: Repository
    edited: Repository
    tree: Path
    logs: Path
    stem: str
    bus_root: Path
    environment: Mapping[str, str]
    interruption: Interruption
    check_stop: Callable[[], None]
    tell: Callable[[CheckCommand, CheckResult | None], None]
    before: Mapping[str, str]
    seals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the checks showed, and by what tree and preparation are known again as they were before the last of them."""

    evidence: Evidence
    seals: Mapping[str, str]


def run_checks_at(setup: CheckSetup, plan: Plan, target: CheckTarget) -> Checked:
    """Run the plan's checks at the target's commit and return what they showed; raises when it is asked to end."""
    make_folder(setup.logs)
    memory = Memory(setup.tree, setup.seals.get(PREPARED, ""))
    tree = _clean_tree(setup, target.head_sha, memory, setup.seals.get(CHECKS_TREE, ""))
    if memory.made and not memory.holds():
        memory.forget()
        tree = _clean_tree(setup, target.head_sha, memory)

    def settle() -> str:
        nonlocal tree
        _stop_at_filters(tree, setup.before)
        changed = tree.changed(target.head_sha)
        if not changed:
            return ""
        tree = _clean_tree(setup, target.head_sha, memory)
        return f"{changed}, which was put back"

    workspace = CheckWorkspace(
        worktree=CheckTree(tree.path, setup.repository.tree_id(target.head_sha)),
        inplace=CheckTree(setup.edited.root, _tree_in_place(setup.edited, plan)),
        environment=setup.environment,
        logs=setup.logs,
        stem=setup.stem,
        interruption=setup.interruption,
        memory=memory,
        check_stop=setup.check_stop,
        settle=settle,
        tell=setup.tell,
        log_root=setup.bus_root,
    )
    evidence = gather(plan, workspace, target)
    return Checked(evidence=evidence, seals={PREPARED: memory.seal, CHECKS_TREE: tree.seal})


def gather_evidence(
    run: Run, plan: Plan, target: CheckTarget, *, seals: Mapping[str, str], before: Mapping[str, str]
) -> Checked:
    """Run the checks of a run at a commit: in a tree of loop's own, with the environment that agents get without their keys.

    `seals` and `before` are those of a `CheckSetup`.
    """

    def show(command: CheckCommand, result: CheckResult | None) -> None:
        said = "" if result is None else result.sentence
        run.emit(Check(round=target.round, name=command.name, command=command.shown, result=said))

    setup = CheckSetup(
        repository=run.home,
        edited=run.tree,
        tree=run.checks_tree,
        logs=run.bus.logs / run.name,
        stem=f"r{target.round}_check",
        bus_root=run.bus.root,
        environment=check_environment(run.world.environment, run.settings, run_id=run.manifest.run_id),
        interruption=run.world.interruption,
        check_stop=lambda: check_stop(run),
        tell=show,
        seals=seals,
        before=before,
    )
    return run_checks_at(setup, plan, target)


def _stop_at_filters(tree: ReviewTree, before: Mapping[str, str]) -> None:
    """Raise when a filter is not as it was: looking at the tree would run it with the person's own environment."""
    touched = watch.touched_filters(tree.git, before)
    if touched:
        names = ", ".join(f"{path_text(os.fsencode(name))} added or changed" for name in touched)
        raise NeedsPersonError(
            f"during the checks: git setting touched during the round: {names}",
            hint="undo that, then: loop run --resume (or loop check)",
        )


def check_environment(environment: Mapping[str, str], settings: Settings, *, run_id: str) -> dict[str, str]:
    """Return the agents' environment without any backend's keys."""
    return agent_environment(
        environment,
        backend_env=(),
        env_pass=settings.env.passed,
        env_set=settings.env.set,
        role_env={},
        loop={"LOOP_RUN_ID": run_id},
    )


def _clean_tree(setup: CheckSetup, sha: str, memory: Memory, seal: str = "") -> ReviewTree:
    return worktree.prepare(setup.repository, setup.tree, sha, keep=memory.made, seal=seal)


def _tree_in_place(repository: Repository, plan: Plan) -> str:
    """Return the id of the person's tree as it is; only asked in full when a check runs there."""
    here = any(command.where is Where.INPLACE for command in plan.commands)
    return repository.worktree_tree() if here else repository.tree_id("HEAD")
