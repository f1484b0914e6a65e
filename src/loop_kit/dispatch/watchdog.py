"""Whether somebody is there while a person is waited for: with `--require-heartbeat` their `loop heartbeat` has to beat."""

from datetime import datetime

from loop_kit.bus import heartbeat
from loop_kit.engine.run import Run
from loop_kit.errors import TimeLimitError
from loop_kit.model.shown_events import HeartbeatBack, HeartbeatMissed


class Watchdog:
    """Watches one role from the moment it is made: one time to live is the grace to start beating, another to come back."""

    def __init__(self, run: Run, role: str) -> None:
        self._run = run
        self._role = role
        self._ttl = run.settings.run.heartbeat_ttl
        self._seen = self._looked = run.world.clock.seconds()
        self._missed = False

    def check(self) -> None:
        """Say so when nobody beats any more, and when somebody does again; raise `TimeLimitError` when nobody comes back."""
        now = self._run.world.clock.seconds()
        if not self._run.settings.run.require_heartbeat or now - self._looked < self._ttl / 10:
            return
        self._looked = now
        if self._beats():
            self._seen = now
            self._tell(missed=False)
            return
        silent = now - self._seen
        if silent >= 2 * self._ttl:
            raise TimeLimitError(
                f"no heartbeat of the {self._role} for {silent:.0f} s (--heartbeat-ttl {self._ttl:g})",
                hint=f"loop heartbeat --role {self._role} beats, then: loop run --resume",
            )
        if silent >= self._ttl:
            self._tell(missed=True)

    def _beats(self) -> bool:
        beat = heartbeat.read(self._run.bus.heartbeat_path(self._role))
        if beat is None or beat.alive() is False:
            return False
        try:
            age = datetime.fromisoformat(self._run.now()) - datetime.fromisoformat(beat.at)
        except (ValueError, TypeError):
            return False
        return age.total_seconds() < self._ttl

    def _tell(self, *, missed: bool) -> None:
        if missed != self._missed:
            kind = HeartbeatMissed if missed else HeartbeatBack
            self._run.emit(kind(role=self._role, ttl=self._ttl))
            self._missed = missed
