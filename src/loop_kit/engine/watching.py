"""What must be as it was when nobody but agents and loop has done anything: compared after each of them has ended."""

from collections.abc import Mapping

from loop_kit.engine.run import Run
from loop_kit.errors import NeedsPersonError
from loop_kit.model.config import Settings
from loop_kit.model.names import ROLES
from loop_kit.vcs import watch

# What tells git where a person's own settings are.
_HOMES = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")


def homes_of(settings: Settings) -> tuple[Mapping[str, str], ...]:
    """Return where agents and checks look for global settings of git, as far as the config sends them elsewhere."""
    given = (settings.env.set, *({**settings.env.set, **settings.role(role).env} for role in ROLES))
    homes = ({name: each[name] for name in _HOMES if name in each} for each in given)
    return tuple({str(home): home for home in homes if home}.values())


def watched(run: Run) -> dict[str, str]:
    """Return what is watched as it has to be."""
    return {**run.state.watch, **watch.named(run.pins)}


def stop_if_touched(run: Run, during: str, *, kept: str = "") -> None:
    """Raise when something is not as it has to be; `during` says when that came about, `kept` what is not lost by it."""
    now = watch.take(run.home, run.name, run.round, homes_of(run.settings))
    refuse_touched(watched(run), now, during, kept=kept)


def refuse_touched(before: Mapping[str, str], now: Mapping[str, str], during: str, *, kept: str = "") -> None:
    """Raise when what is watched is not as it was before."""
    touched = watch.compare(before, now)
    if touched:
        raise NeedsPersonError(
            f"during {during}: " + "; ".join(finding.text for finding in touched),
            hint=f"undo that, then: loop run --resume{kept}",
        )
