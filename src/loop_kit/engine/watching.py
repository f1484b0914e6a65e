"""What must be as it was when nobody but agents and loop has done anything: compared after each of them has ended."""

from collections.abc import Mapping, Sequence

from loop_kit.engine.run import Run
from loop_kit.errors import NeedsPersonError
from loop_kit.model.change import Finding
from loop_kit.model.config import Settings
from loop_kit.vcs import watch

# What tells git where a person's own settings are.
_HOMES = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
_TREE = "tree: "  # how names begin of what is watched in a tree of the run's own


def homes_of(settings: Settings) -> tuple[Mapping[str, str], ...]:
    """Return where agents and checks look for global settings of git, as far as the config sends them elsewhere."""
    given = (settings.env.set, *({**settings.env.set, **settings.role(role).env} for role in settings.role_names))
    homes = ({name: each[name] for name in _HOMES if name in each} for each in given)
    return tuple({str(home): home for home in homes if home}.values())


def settings_now(run: Run) -> dict[str, str]:
    """Return what is watched but for refs, as it is now: at home, and in a tree of the run's own."""
    homes = homes_of(run.settings)
    found = watch.settings(run.home, homes)
    if run.tree is run.home:
        return found
    return {**found, **{f"{_TREE}{name}": digest for name, digest in watch.settings(run.tree, homes).items()}}


def watched_in_tree(run: Run) -> Mapping[str, str]:
    """Return what is watched in the tree that the worker edits, as it has to be."""
    return run.state.watch if run.tree is run.home else _of_tree(run.state.watch)


def find_touched(run: Run) -> tuple[Finding, ...]:
    """Return a finding for each kind of thing that is not as it has to be, at home or in the run's own tree."""
    before = {**run.state.watch, **watch.named(run.pins)}
    found = watch.compare(before, watch.take(run.home, run.name, run.round, homes_of(run.settings)))
    if run.tree is run.home:
        return tuple(found)
    return (*found, *watch.compare(_of_tree(before), watch.settings(run.tree, homes_of(run.settings))))


def changed_settings(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[Finding, ...]:
    """Compare what `settings_now` returned at two times."""
    return (*watch.compare(before, now), *watch.compare(_of_tree(before), _of_tree(now)))


def _of_tree(names: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(_TREE): digest for name, digest in names.items() if name.startswith(_TREE)}


def stop_if_touched(run: Run, during: str, *, kept: str = "") -> None:
    """Raise when something is not as it has to be; `during` says when that came about, `kept` what is not lost by it."""
    refuse_touched(find_touched(run), during, kept=kept)


def refuse_touched(touched: Sequence[Finding], during: str, *, kept: str = "") -> None:
    """Raise `NeedsPersonError` for what was touched, if anything was."""
    if touched:
        raise NeedsPersonError(
            f"during {during}: " + "; ".join(finding.text for finding in touched),
            hint=f"undo that, then: loop run --resume{kept}",
        )
