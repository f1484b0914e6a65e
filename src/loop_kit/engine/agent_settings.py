"""Settings of agent programs outside of every tree: as they were when the run began, or a person looks before a review.

They are in the state among what is watched, with names that begin with `agent `; the digests say nothing of the values.
An agent, or a test that it wrote, can put a hook into the person's home, which would then run in the reviewer's process.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256

from loop_kit.backends.environment import agent_environment
from loop_kit.backends.outside import Trees, sources_for
from loop_kit.backends.outside_settings import take
from loop_kit.backends.registry import find_backend
from loop_kit.engine.run import Run
from loop_kit.errors import LoopError, NeedsPersonError, Outcome
from loop_kit.model.events import LeftBehind
from loop_kit.values import dataclass
from loop_kit.vcs.findings import listed

KIND = "agent "
_OF = f"{KIND}places of "
_TOLD = f"{KIND}told"  # the person has been told of a difference, and who resumes takes it
_NAMES_IN_TEXT = 5
_NOT_AS_BEFORE = "settings of an agent program outside the tree are not as they were when the run began"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What was found for one program. `mark` is its own name among what is watched, `stamp` says where was looked."""

    mark: str
    stamp: str
    places: tuple[str, ...]
    found: Mapping[str, str]


def settings_at_start(run: Run) -> dict[str, str]:
    """Return name -> digest of what the programs of the run find outside of their trees; nothing for stand-ins."""
    return _names(_looks(run))


def settings_after_resume(run: Run) -> dict[str, str]:
    """Return what counts as unchanged from now on: what a person was told of and resumed with, or what was there before.

    A program that was not looked at before, because the person names another backend or loop knows more by now, is taken
    as it is now where nobody else reads the same.
    """
    before = {name: digest for name, digest in run.state.watch.items() if name.startswith(KIND)}
    looks = _looks(run)
    if before.pop(_TOLD, "") and run.state.outcome is Outcome.NEEDS_PERSON:
        return _names(looks)
    old = [look for look in looks if before.get(look.mark) == look.stamp]
    if len(old) == len(looks) == sum(name.startswith(_OF) for name in before):
        return before
    new = [look for look in looks if look not in old]
    kept = {name: digest for name, digest in before.items() if any(_is_of(look, name) for look in old)}
    more = {name: digest for name, digest in _names(new).items() if not any(_is_of(look, name) for look in old)}
    return {**more, **kept}


def tell_taken(run: Run, seen: Mapping[str, str]) -> list[str]:
    """Return a sentence for each program that a resume could not hold against how things were when the run began."""
    return [
        f"what {name.removeprefix(_OF)} reads outside the tree counts as it is now: the run began without it"
        for name in sorted(seen)
        if name.startswith(_OF) and _TOLD not in run.state.watch and run.state.watch.get(name) != seen[name]
    ]


def check_settings(run: Run) -> None:
    """Raise `NeedsPersonError` when something by which a reviewer's program can be made to run or allow is new."""
    changed = _changed(run)
    if changed:
        run.put(watch={**run.state.watch, _TOLD: "1"})
        raise NeedsPersonError(
            f"{_NOT_AS_BEFORE}: {changed}",
            hint="the reviewer would run with them: undo what you did not do yourself, then: loop run --resume, which takes"
            " them as they are then",
        )


def tell_left_settings(run: Run) -> None:
    """Tell at the end of a run what is not as it was, unless that is what ended it: the next run takes it as it is."""
    changed = "" if _TOLD in run.state.watch else _changed(run)
    if changed:
        hint = "undo what you did not do yourself: the next run takes it as it is"
        run.emit(LeftBehind(what=f"{_NOT_AS_BEFORE}: {changed}", hint=hint))


def _changed(run: Run) -> str:
    """Return in words what is not as it was when the run began, "" when all is."""
    before = {name: digest for name, digest in run.state.watch.items() if name.startswith(KIND) and name != _TOLD}
    now = _names(_looks(run))
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    return listed([f"{name.removeprefix(KIND)} {_done(name, before, now)}" for name in changed], _NAMES_IN_TEXT)


def _done(name: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    return "added" if name not in before else "removed" if name not in now else "changed"


def _names(looks: list[_Look]) -> dict[str, str]:
    found: dict[str, str] = {}
    for look in looks:
        found |= {**look.found, look.mark: look.stamp}
    return found


def _is_of(look: _Look, name: str) -> bool:
    """Whether a name is of a place that was looked at for a program."""
    path = name.removeprefix(KIND)
    return name == look.mark or path.startswith(look.places)


def _looks(run: Run) -> list[_Look]:
    return list(_each(run, Trees.of(run.tree.root, run.review_tree)))


def _each(run: Run, trees: Trees) -> Iterator[_Look]:
    """Yield what was found for each program that may come to work or to review and says what it reads."""
    settings = run.settings
    for role in (role for role in settings.role_names if not run.by_hand(role)):
        for name in settings.backend_names(role):
            own = settings.backend(name)
            try:
                backend = find_backend(name, own)
            except LoopError:  # it cannot be used here, and is passed over when its turn comes
                continue
            environment = agent_environment(
                run.world.environment,
                backend_env=(*backend.env, *own.env),
                env_pass=settings.env.passed,
                env_set=settings.env.set,
                role_env=settings.role(role).env,
                loop={},
            )
            sources = sources_for(backend, environment, trees)
            if sources:
                declared = sources_for(backend, environment, Trees.of())  # above the trees an agent could put a link
                stamp = sha256(repr(declared).encode("utf-8", "backslashreplace")).hexdigest()[:32]
                found = {f"{KIND}{place}": digest for place, digest in take(sources, trees).items()}
                yield _Look(
                    mark=f"{_OF}the {role} ({name})",
                    stamp=stamp,
                    places=tuple(source.path for source in sources),
                    found=found,
                )
