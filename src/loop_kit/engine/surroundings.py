"""What a run found around it and need not touch: told at the end when it is not as it was, and kept where git would forget it."""

from collections.abc import Iterable, Mapping

from loop_kit.bus.around import for_next_run
from loop_kit.bus.bus import Bus
from loop_kit.engine.run import Run
from loop_kit.errors import LoopError, NeedsPersonError
from loop_kit.model.events import LeftBehind, Noticed
from loop_kit.model.manifest import Manifest
from loop_kit.model.state import RunState
from loop_kit.values import dataclass, replace
from loop_kit.vcs import refs
from loop_kit.vcs.around import others_now, unlike
from loop_kit.vcs.findings import listed

_FORM = {"form": "1"}
_SHOWN = 10
# In the state's digests: that what the next run would take was looked at when this one had ended, and what each is like.
_NOTED, _UNSEEN = "noted", "unseen "
_FILES = ("untracked ", "ignored ", "hidden ")
_KINDS = {"refs/heads/": "branch ", "refs/tags/": "tag ", "refs/remotes/": "remote branch "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A sentence for each thing that is not as it was, and of the bus's files what each is like now."""

    sentences: tuple[str, ...] = ()
    unseen: Mapping[str, str]


def written(found: Mapping[str, str]) -> dict[str, str]:
    """Return what was found around a run in the form that its manifest keeps."""
    return {**_FORM, **found}


def look_around(run: Run) -> Surroundings:
    """Compare with the start of the run; what was moved or deleted in git is pinned as it was."""
    before = run.manifest.around
    if not _FORM.items() <= before.items():
        return Surroundings(unseen={})  # an older loop began this run
    unseen = _changed_on_bus(run.bus, run.manifest)
    files = {name: record for name, record in before.items() if name.startswith(_FILES)}
    changed, gone = unlike(run.home.root, files)
    names = [run.bus.name(run.bus.keyed(name)) for name in unseen]
    refs = () if run.manifest.tree else _about_refs(run)  # the person goes on working in a tree of their own
    told = (
        *refs,
        _sentence("changed, and git cannot tell", changed),
        _sentence("gone, and git cannot tell", gone),
        _sentence("changed while the run went on, and the next run asks before it takes it", names),
    )
    return Surroundings(sentences=tuple(filter(None, told)), unseen=unseen)


def _sentence(what: str, names: Iterable[str]) -> str:
    found = list(names)
    return f"{what}: {listed(found, _SHOWN)}" if found else ""


def _about_refs(run: Run) -> Iterable[str]:
    before = {name: sha for name, sha in run.manifest.around.items() if name.startswith(("ref ", "stash "))}
    now = others_now(run.home, run.manifest.branch)
    lost = {name: sha for name, sha in before.items() if now.get(name) != sha}
    onward = {name for name, sha in lost.items() if name in now and _leads_to(run, sha, now[name])}
    pins = {_pin(run, name): sha for name, sha in lost.items() if name not in onward}
    kept = frozenset(refs.keep(run.home.git, pins)) if pins else frozenset()
    run.pins.update({ref: pins[ref] for ref in kept})
    for done, names in (
        ("moved", [name for name in lost if name in now]),
        ("deleted", [name for name in lost if name not in now]),
    ):
        told = ("what it was is in its history" if name in onward else _where(run, name, kept) for name in names)
        yield _sentence(
            f"{done} in git", (f"{_called(name)} ({where})" for name, where in zip(names, told, strict=True))
        )
    yield _sentence("new in git", (_called(name) for name in now if name not in before))


def _leads_to(run: Run, before: str, now: str) -> bool:
    """Whether a ref was only moved on, as by another run, a person or a fetch beside this one: then nothing is lost."""
    try:
        return run.home.is_ancestor(before, now)
    except LoopError:  # they are no commits
        return False


def _pin(run: Run, name: str) -> str:
    kind, _, what = name.partition(" ")
    where = what.removeprefix("refs/") if kind == "ref" else f"stash/{what}"
    return f"{run.pin_name('was', 0)}/{where}"


def _where(run: Run, name: str, kept: frozenset[str]) -> str:
    pin = _pin(run, name)
    return f"as it was: {pin}" if pin in kept else "git has its object no more"


def _called(name: str) -> str:
    kind, _, what = name.partition(" ")
    if kind == "stash":
        return f"stashed work {what[:12]}"
    prefix = next((prefix for prefix in _KINDS if what.startswith(prefix)), "")
    return _KINDS.get(prefix, "") + what.removeprefix(prefix)


def _changed_on_bus(bus: Bus, manifest: Manifest) -> dict[str, str]:
    """Return name -> digest for what a next run would take and is not as at the start of this run; "" when it is gone."""
    before = {name: found for name, found in manifest.around.items() if name.startswith("bus ")}
    now = for_next_run(bus, manifest.run_name)
    changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return {name.removeprefix("bus "): now.get(name, "") for name in changed}


def without_unseen(digests: Mapping[str, str]) -> dict[str, str]:
    """Return a state's digests without what an earlier end of the run has noted."""
    return {name: found for name, found in digests.items() if not name.startswith(_UNSEEN) and name != _NOTED}


def was_noted_whole(state: RunState) -> bool:
    """Tell whether a run has looked around at its end, and nothing is left that a person was not asked about."""
    return _NOTED in state.digests and not any(name.startswith(_UNSEEN) for name in state.digests)


def refuse_unseen(bus: Bus, state: RunState, manifest: Manifest, card: str) -> None:
    """Raise, once, when a new run would take what was changed while the one before went on, and nobody touched it since.

    `card` is the name that the card of the new run has on the bus.
    """
    if not _FORM.items() <= manifest.around.items():
        return
    told = {name.removeprefix(_UNSEEN): found for name, found in state.digests.items() if name.startswith(_UNSEEN)}
    now = _changed_on_bus(bus, manifest)
    known = told if _NOTED in state.digests else now  # a run that was killed has noted nothing at its end
    unseen = [name for name, found in now.items() if known.get(name) == found and _is_taken(name, card)]
    if not unseen:
        return
    bus.put_state(replace(state, digests={**without_unseen(state.digests), _NOTED: "yes"}))
    raise NeedsPersonError(
        f"{listed([bus.name(bus.keyed(name)) for name in unseen], _SHOWN)}: changed while {state.run_name} went on, "
        "by an agent or by you",
        hint="look at it, then run the same command again: it takes what is there",
    )


def _is_taken(name: str, card: str) -> bool:
    return name == card or not name.startswith(("tasks/", "task_card.json"))


def notice(run: Run) -> dict[str, str]:
    """Tell what is not as it was around the run; return what the state that ends it has to know, so that the next run asks."""
    try:
        noticed = look_around(run)
    except LoopError as error:  # the repository is what is broken: that is told already
        run.world.listener(LeftBehind(what=f"nobody could look around: {error.message}", hint=error.hint))
        return {}
    if noticed.sentences:
        run.emit(Noticed(round=run.round, what=noticed.sentences))
    return {_NOTED: "yes", **{f"{_UNSEEN}{name}": found for name, found in noticed.unseen.items()}}
