"""What must hold before a run begins: asked before anything is written or paid."""

import os
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from loop_kit import resources
from loop_kit.backends.registry import load_plugins
from loop_kit.bus.bus import Bus
from loop_kit.bus.own_folders import check_folders, check_inherited, own_paths
from loop_kit.checks.plan import plan_checks
from loop_kit.dispatch.failover import find_programs
from loop_kit.engine.own_tree import branch_of
from loop_kit.engine.surroundings import written
from loop_kit.engine.tree_settings import check_base_settings, check_reviewers
from loop_kit.engine.world import World
from loop_kit.errors import DirtyTreeError, StartError
from loop_kit.model import documents
from loop_kit.model.config import Settings
from loop_kit.model.manifest import Manifest, PromptTexts, digest
from loop_kit.model.task import TaskCard
from loop_kit.prompts.templates import REVIEWER_PLACEHOLDERS, WORKER_PLACEHOLDERS, check_template
from loop_kit.runs.run_request import RunRequest
from loop_kit.values import dataclass
from loop_kit.vcs import worktree
from loop_kit.vcs.around import private_files
from loop_kit.vcs.findings import listed
from loop_kit.vcs.index_flags import hidden_files
from loop_kit.vcs.repository import Head, Repository
from loop_kit.vcs.status import TreeStatus

_SHOWN = 5
_CONTEXT_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Everything a new run was found to start from."""

    card: TaskCard
    card_document: Mapping[str, Any]
    base_sha: str
    branch: str
    settings: Settings
    people: tuple[str, ...]
    texts: PromptTexts
    untracked: tuple[str, ...]
    start_tree: str | None
    around: Mapping[str, str]

    def manifest(
        self, *, run_id: str, run_name: str, scratch: str, tree: Path | None, around: Mapping[str, str]
    ) -> Manifest:
        """Return the manifest of the run; `around` is what was found around it besides what was found already.

        `tree` is the folder of a tree of its own, None for the person's.
        """
        return Manifest(
            run_id=run_id,
            run_name=run_name,
            base_sha=self.base_sha,
            branch=self.branch if tree is None else branch_of(run_name),
            card_document=self.card_document,
            settings=self.settings,
            people=self.people,
            texts=self.texts,
            untracked=self.untracked,
            start_tree=self.start_tree,
            scratch=scratch,
            tree="" if tree is None else str(tree),
            into="" if tree is None else self.branch,
            around=written({**self.around, **around, "bus task_card.json": digest(self.card_document)}),
        )


def check_start(world: World, bus: Bus, repository: Repository, request: RunRequest) -> Ready:
    """Return what a new run starts from; raise the `LoopError` that says what is missing, without having changed anything."""
    card_path, settings = request.card_path or bus.card_path, request.settings
    check_bus(bus, repository)
    _check_card_place(bus, card_path)
    document = bus.read_card(card_path)
    card = documents.read(TaskCard, document, name=str(card_path))
    plan_checks(card, settings, name=str(card_path))
    bus.check_task(card.task_id)
    _check_dependencies(bus, card)
    head = repository.check_ready()
    base = _base(repository, head, request.base)
    status = repository.status(ignored=True)
    own = request.worktree  # then what lies in the person's tree is none of the run's business
    start_tree = None if own else _check_clean(repository, settings, status)
    texts = _read_texts(bus, repository, base)
    check_programs(world, settings, request.people)
    check_reviewers(settings, request.people)
    check_base_settings(repository, base, settings, request.people)
    check_scratch(repository, world.scratch)
    return Ready(
        card=card,
        card_document=document,
        base_sha=base,
        branch=head.branch,
        settings=settings,
        people=request.people,
        texts=texts,
        untracked=() if own else status.untracked,
        start_tree=start_tree,
        around={} if own else _around(bus, repository, settings, status),
    )


def check_bus(bus: Bus, repository: Repository) -> None:
    """Raise unless what loop writes on the bus is its own: no link, and nothing that git tracks and would bring back."""
    check_folders(bus)
    check_inherited(bus)
    own = own_paths(bus, repository.root)
    tracked = repository.tracked(own)
    if tracked:
        places = shlex.join(
            path for path in own if any(each == path or each.startswith(f"{path}/") for each in tracked)
        )
        raise StartError(
            f"git tracks {len(tracked)} file(s) where loop keeps its own: {listed(tracked, _SHOWN)}",
            hint=f"git rm -r --cached -- {places}, commit that, then run the same command again",
        )


def _check_card_place(bus: Bus, card_path: Path) -> None:
    if card_path != bus.card_path and bus.card_path.is_symlink():
        name = bus.name(bus.card_path)
        raise StartError(
            f"{name} is a link, and another card is to take its place", hint=f"leave out --task, or: rm {name}"
        )


def _around(bus: Bus, repository: Repository, settings: Settings, status: TreeStatus) -> dict[str, str]:
    own = (os.fsencode(os.path.relpath(bus.default.root, repository.root)),)
    hidden = hidden_files(repository, status.sha)
    return private_files(repository.root, status, settings.protect.keep, own=own, hidden=hidden)


def check_programs(world: World, settings: Settings, people: Collection[str]) -> None:
    """Raise unless each role has a program that is there; people are always there."""
    load_plugins(settings.plugins)
    for role in settings.role_names:
        if role not in people:
            find_programs(settings, role, world.environment)


def check_scratch(repository: Repository, folder: Path) -> None:
    """Raise unless working trees can be put there; what is made to find out is taken away again."""
    worktree.check_place(repository, folder)
    worktree.make_private(folder)
    worktree.remove_if_empty(folder)


def _base(repository: Repository, head: Head, named: str) -> str:
    """Return the commit that the run counts from: what is checked out, or an earlier one that the person names."""
    base = repository.commit_id(named) if named else head.sha
    if base is None:
        raise StartError(
            f"--base {named[:200]}: git knows no such commit", hint="git log --oneline shows what there is"
        )
    if not repository.is_ancestor(base, head.sha):
        raise StartError(
            f"--base {named[:200]}: {base[:12]} is not in the history of {head.branch or 'HEAD'}",
            hint=f"git merge-base HEAD {base[:12]} names a commit that both have",
        )
    return base


def _check_clean(repository: Repository, settings: Settings, status: TreeStatus) -> str | None:
    """Return the tree id of a dirty tree that the person let in, None when the tree is clean."""
    dirty = status.dirty
    if not dirty:
        return None
    if not settings.run.allow_dirty:
        raise DirtyTreeError(
            f"{len(dirty)} tracked files have uncommitted changes: {listed(dirty, _SHOWN)}",
            hint="commit or stash them, or start with --allow-dirty",
        )
    return repository.worktree_tree(without=status.untracked, status=status)


def _check_dependencies(bus: Bus, card: TaskCard) -> None:
    missing = [task_id for task_id in card.depends_on if not bus.is_approved(task_id)]
    if missing:
        raise StartError(
            f"{card.task_id} depends on {', '.join(missing)}, which is not approved",
            hint="run that task first, or take it out of depends_on",
        )


def _read_texts(bus: Bus, repository: Repository, base: str) -> PromptTexts:
    """Return the manifest's texts: the repository's own at the base where it has them, else the defaults."""
    return PromptTexts(
        agents_md=_at_base(repository, base, "AGENTS.md", "agents.md"),
        worker_role=_at_base(repository, base, "docs/roles/code-writer.md", "roles/code-writer.md"),
        reviewer_role=_at_base(repository, base, "docs/roles/reviewer.md", "roles/reviewer.md"),
        worker_template=_template(bus, "worker_prompt.txt", WORKER_PLACEHOLDERS),
        reviewer_template=_template(bus, "reviewer_prompt.txt", REVIEWER_PLACEHOLDERS),
        context=_context(bus),
    )


def _at_base(repository: Repository, base: str, path: str, default: str) -> str:
    found = repository.show(base, path)
    return resources.default_text(default) if found is None else found.decode("utf-8", "backslashreplace")


def _template(bus: Bus, name: str, known: tuple[str, ...]) -> str:
    data = bus.read_template(name)
    if data is None:
        return resources.default_text(f"templates/{name}")
    return check_template(data, known, name=str(bus.templates / name))


def _context(bus: Bus) -> str:
    """Return what the person wrote in `context/*.md`, one file after the other."""
    texts = bus.context_texts(limit=_CONTEXT_LIMIT)
    return "\n\n".join(f"{path.name}:\n{text}" for path, text in texts)
