"""What the tree that is worked on or judged may say to the agent programs: to a reviewer nothing, to a worker what its base says.

Whoever cannot be kept from a tree's settings may not review in it unless a person says so; that is told at the start
and in the ending.
"""

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from loop_kit.backends.base import Backend, isolates, tree_settings_of
from loop_kit.backends.registry import find_backend
from loop_kit.bus.files import disk_error
from loop_kit.engine.run import Run
from loop_kit.errors import ConfigError, LoopError
from loop_kit.model.config import BackendSettings, Settings
from loop_kit.model.roles import WORKER
from loop_kit.vcs import worktree
from loop_kit.vcs.repository import Repository


def check_reviewers(settings: Settings, people: Collection[str], *, resumed: bool = False) -> None:
    """Raise unless every backend that may come to review can be kept from the tree's settings, or need not be."""
    for name, own, backend in _backends(settings, people, settings.reviewers):
        check_may_review(name, own, backend, resumed=resumed)


def check_may_review(name: str, settings: BackendSettings, backend: Backend, *, resumed: bool = False) -> None:
    """Raise `ConfigError` when a backend would have to review with the settings of the tree and nobody allowed it."""
    if isolates(backend) or settings.allow_tree_settings:
        return
    table = f'[backends."{name}"]' if "." in name else f"[backends.{name}]"
    later = "; a run keeps what it began with: then loop run --reset, or loop run --resume --reviewer-backend NAME"
    raise ConfigError(
        f"'{name}' may not review: nothing keeps its program from the settings, hooks and servers of the tree it judges",
        hint=f"name another reviewer, or take that on you, in .loop/config.toml: allow_tree_settings = true under {table}"
        + (later if resumed else ""),
    )


def allowed_reviewers(settings: Settings, people: Collection[str]) -> tuple[str, ...]:
    """Return the backends that may review although the tree that they judge may speak for them."""
    found = _backends(settings, people, settings.reviewers)
    return tuple(name for name, own, backend in found if own.allow_tree_settings and not isolates(backend))


def tell_tree_settings(run: Run) -> list[str]:
    """Return a sentence for each program that may come to work, and for each reviewer that the tree may speak for."""
    workers = [
        f"the worker ({name}) runs with {_given(run.home, run.manifest.base_sha, backend)}"
        for name, own, backend in _backends(run.settings, run.manifest.people, (WORKER,))
        if backend.programs or own.argv  # a stand-in reads nothing of a tree
    ]
    reviewers = [
        f"the reviewer ({name}) runs with the settings of the tree it judges: allow_tree_settings says so"
        for name in allowed_reviewers(run.settings, run.manifest.people)
    ]
    return workers + reviewers


def check_base_settings(repository: Repository, base_sha: str, settings: Settings, people: Collection[str]) -> None:
    """Raise `StartError` when settings that a worker's program should get from the base are too large."""
    for _, _, backend in _backends(settings, people, (WORKER,)):
        _at_base(repository, base_sha, backend)


def put_base_settings(run: Run, backend: Backend) -> dict[str, Path]:
    """Write what the base says to a worker's program into files of this dispatch, and return them by their path in a tree.

    They lie in the run's scratch folder, in a new folder each time: what an earlier agent may have done to its own is
    never read again.
    """
    held = _at_base(run.home, run.manifest.base_sha, backend)
    if not held:
        return {}

    home = run.review_tree.parent
    worktree.make_private(home)
    try:
        folder = Path(tempfile.mkdtemp(prefix="settings-", dir=home))
        return {path: _written(folder / f"{number}-{Path(path).name}", held[path]) for number, path in enumerate(held)}
    except OSError as error:
        raise disk_error("written", home, error) from None


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o400)
    return path


def _given(repository: Repository, base_sha: str, backend: Backend) -> str:
    if not isolates(backend):
        return "whatever settings the tree holds"
    held = _at_base(repository, base_sha, backend)
    return f"{', '.join(held)} of {base_sha[:12]}, whatever the tree holds" if held else "none of the tree's settings"


def _at_base(repository: Repository, base_sha: str, backend: Backend) -> Mapping[str, bytes]:
    found = {path: repository.show(base_sha, path) for path in tree_settings_of(backend)}
    return {path: content for path, content in found.items() if content is not None}


def _backends(
    settings: Settings, people: Collection[str], roles: Iterable[str]
) -> Iterator[tuple[str, BackendSettings, Backend]]:
    """Yield the backends of roles, each once; one that cannot be used here is passed over, as it will be when its turn comes."""
    names = (name for role in roles if role not in people for name in settings.backend_names(role))
    for name in dict.fromkeys(names):
        own = settings.backend(name)
        try:
            yield name, own, find_backend(name, own)
        except LoopError:
            continue
