"""How long an agent program has printed nothing. A long test run is silent too, so this ends nothing: it is only shown."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loop_kit.model.shown_events import AgentSilent

STEPS = (60.0, 180.0)  # seconds of silence at which it is told: the live picture shows its age, then a line warns


class Silence:
    """Watches the logs that a program's output goes to; `look` is called about every second while it runs.

    `limits` maps settings to seconds, 0 for no limit: `idle_timeout` counts from the last output, any other from the start.
    """

    def __init__(
        self, role: str, logs: Sequence[Path], limits: Mapping[str, float], seconds: Callable[[], float]
    ) -> None:
        self._role = role
        self._logs = logs
        self._limits = limits
        self._seconds = seconds
        self._began = self._heard_at = seconds()
        self._sizes = self._read_sizes()
        self._told = 0  # how many of STEPS

    def look(self) -> AgentSilent | None:
        """Return the event for a silence that has reached a further step, or for output that ends one; else None."""
        sizes = self._read_sizes()
        if sizes != self._sizes:
            self._sizes, self._heard_at = sizes, self._seconds()
            was_told, self._told = self._told, 0
            return AgentSilent(role=self._role, seconds=0.0, limit="", seconds_left=0.0) if was_told else None
        silent = self._seconds() - self._heard_at
        reached = sum(silent >= step for step in STEPS)
        if reached <= self._told:
            return None
        self._told = reached
        seconds_left, limit = self._next_limit(silent)
        return AgentSilent(role=self._role, seconds=silent, limit=limit, seconds_left=seconds_left)

    def _read_sizes(self) -> tuple[int, ...]:
        return tuple(log.stat().st_size if log.exists() else 0 for log in self._logs)

    def _next_limit(self, silent: float) -> tuple[float, str]:
        """Return the limit that ends the program first, and the seconds until then; `(0.0, "")` without any."""
        taken = self._seconds() - self._began
        left = [
            (max(0.0, limit - (silent if name == "idle_timeout" else taken)), name)
            for name, limit in self._limits.items()
            if limit
        ]
        return min(left, default=(0.0, ""))
