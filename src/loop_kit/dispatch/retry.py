"""After a program has failed: wait and retry, fall back to another backend, wait for a quota, or end the run."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from loop_kit.dispatch.failover import Failover
from loop_kit.engine.limits import pause
from loop_kit.engine.run import Run
from loop_kit.errors import BackendError
from loop_kit.model.agent_events import Failed, FailureKind
from loop_kit.model.events import DispatchRetry, Parked
from loop_kit.values import dataclass

# A program that asks for a longer wait than this, in seconds, is not retried: its service is not there.
_LONGEST_WAIT = 900.0
_LONGEST_BACK_OFF = 60.0
_PASSING = (
    FailureKind.TRANSIENT,
    FailureKind.TRUNCATED,
    FailureKind.UNKNOWN,
    FailureKind.SESSION,
    FailureKind.INTERRUPTED,
)
# Failures that justify a failover: all but what a person has set wrong and what the service refuses to do.
_ITS_OWN = (*_PASSING, FailureKind.AUTH, FailureKind.QUOTA)
_ADVICE: Mapping[FailureKind, str] = MappingProxyType(
    {
        FailureKind.AUTH: "log in to it or give it its key",
        FailureKind.QUOTA: "wait until its quota is free again, or name another backend",
        FailureKind.CONFIG: "mend its configuration",
    }
)


@dataclass(slots=True)
class RetryPolicy:
    """The tries of one request, and the backend that it uses now.

    `tries` counts those of that backend, `waits` those for a quota. A quota that is spent again after the wait that its
    program named is a failure like others: the waits have an end.
    """

    failover: Failover
    tries: int = 0
    waits: int = 0
    waited: float = 0.0

    @property
    def run(self) -> Run:
        return self.failover.run

    @property
    def role(self) -> str:
        return self.failover.role

    def after(self, failure: Failed, log: Path, *, lost_session: bool) -> None:
        """Return when it is time to retry; raise `BackendError` when there is nothing left to try.

        `log` is where the program's output is kept.
        """
        if lost_session:  # a fresh session does not count as a retry: nothing was wrong but the old one
            self._tell_retry(failure, 0.0)
            return
        self.tries += 1
        if not self._passes(failure):
            self._without(failure, log)
            return
        seconds = failure.retry_after
        if seconds is None:
            seconds = min(_LONGEST_BACK_OFF, self.run.settings.run.dispatch_retry_base_sec * 2 ** (self.tries - 1))
        self._tell_retry(failure, seconds)
        pause(self.run, seconds)

    def missing(self, problem: BackendError) -> None:
        """Fall back from a backend whose program is not there; raise the `problem` when there is none left."""
        if not self.failover.to_next("missing", problem.message):
            raise problem

    def _passes(self, failure: Failed) -> bool:
        wanted = failure.retry_after or 0.0
        few = self.tries <= self.run.settings.run.dispatch_retries
        return failure.kind in _PASSING and few and wanted <= _LONGEST_WAIT

    def _without(self, failure: Failed, log: Path) -> None:
        """Go on without the backend that failed, or wait for the first whose quota is free."""
        self.tries = 0
        who = f"the {self.role} ({self.failover.backend})"
        if failure.kind in _ITS_OWN:
            quota = failure.retry_after if failure.kind is FailureKind.QUOTA else None
            free_at = None if quota is None else self.run.world.clock.seconds() + quota
            if self.failover.to_next(str(failure.kind), failure.message, free_at=free_at) or self._park(failure):
                return
        raise self._failed(who, failure, log)

    def _park(self, failure: Failed) -> bool:
        """Wait until a quota is free, with its backend in use; False when that takes longer than is allowed."""
        free_at = self.failover.to_first_free()
        if free_at is None:
            return False
        run = self.run
        seconds = max(0.0, free_at - run.world.clock.seconds())
        allowed = self.waited + seconds <= run.settings.run.quota_wait
        if not allowed or self.waits > run.settings.run.dispatch_retries:
            return False
        self.waits, self.waited = self.waits + 1, self.waited + seconds
        parked = Parked(
            role=self.role,
            round=run.round,
            backend=self.failover.backend,
            wait_seconds=round(seconds, 3),
            until=_later(run.now(), seconds),
            message=failure.message[:500],
        )
        run.emit(parked)
        pause(run, seconds)
        return True

    def _failed(self, who: str, failure: Failed, log: Path) -> BackendError:
        advice = _ADVICE.get(failure.kind, f"what it printed is in {log}")
        if failure.kind is FailureKind.QUOTA and failure.retry_after is not None:
            until = _later(self.run.now(), failure.retry_after)
            advice = f"its quota is free again at {until}; --quota-wait {failure.retry_after:.0f} waits for that"
        return BackendError(
            f"{who} failed ({failure.kind}): {failure.message}", hint=f"{advice}; then: loop run --resume"
        )

    def _tell_retry(self, failure: Failed, seconds: float) -> None:
        retry = DispatchRetry(
            role=self.role,
            round=self.run.round,
            failure=str(failure.kind),
            message=failure.message[:500],
            wait_seconds=seconds,
        )
        self.run.emit(retry)


def _later(now: str, seconds: float) -> str:
    """Return a time some seconds after `now`, both UTC in ISO 8601."""
    at = datetime.fromisoformat(now) + timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
