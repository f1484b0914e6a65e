"""After a program has failed: wait and try again, go over to another backend, wait for a quota, or end the run."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from loop_kit.dispatch.attempt import Attempt
from loop_kit.dispatch.failover import Route, in_use
from loop_kit.engine.context import RunContext
from loop_kit.errors import BackendError
from loop_kit.model.agent_events import Failed, FailureKind
from loop_kit.model.events import DispatchRetry, Parked
from loop_kit.model.state import RunState
from loop_kit.values import dataclass, field

# A program that asks for a longer wait than this, in seconds, is not tried again: its service is not there.
_LONGEST_WAIT = 900.0
_LONGEST_BACK_OFF = 60.0
_PASSING = (
    FailureKind.TRANSIENT,
    FailureKind.TRUNCATED,
    FailureKind.UNKNOWN,
    FailureKind.SESSION,
    FailureKind.INTERRUPTED,
)
# What another backend may not have: everything but what a person has set wrong and what the service refuses to do.
_ITS_OWN = (*_PASSING, FailureKind.AUTH, FailureKind.QUOTA)
_ADVICE: Mapping[FailureKind, str] = MappingProxyType(
    {
        FailureKind.AUTH: "log in to it or give it its key",
        FailureKind.QUOTA: "wait until its quota is free again, or name another backend",
        FailureKind.CONFIG: "mend its configuration",
    }
)


def who(ctx: RunContext, state: RunState, role: str) -> str:
    return f"the {role} ({in_use(ctx.settings, state, role)})"


@dataclass(slots=True)
class Trying:
    """The tries of one dispatch. `tries` counts those of the backend that is used now, `waits` those for a quota.

    A quota that is spent again after the wait that its program named is a failure like others: the waits have an end.
    """

    ctx: RunContext
    role: str
    tries: int = 0
    waits: int = 0
    waited: float = 0.0
    route: Route = field(init=False)

    def __post_init__(self) -> None:
        self.route = Route(self.ctx, self.role)

    def after(self, state: RunState, attempt: Attempt[Any]) -> RunState:
        """Return the state to try again in, when it is time to; raise `BackendError` when there is nothing left to try."""
        failure = attempt.failure or Failed(kind=FailureKind.UNKNOWN, message="it gave no reason")
        if attempt.lost_session:  # a fresh conversation is no further try: nothing was wrong but the old one
            self._tell_retry(state, failure, 0.0)
            return state
        self.tries += 1
        if self._passes(failure):
            seconds = failure.retry_after
            if seconds is None:
                seconds = self.ctx.settings.run.dispatch_retry_base_sec * 2 ** (self.tries - 1)
                seconds = min(_LONGEST_BACK_OFF, seconds)
            self._tell_retry(state, failure, seconds)
            self.ctx.pause(seconds)
            return state
        return self._without(state, failure, attempt)

    def _passes(self, failure: Failed) -> bool:
        wanted = failure.retry_after or 0.0
        return (
            failure.kind in _PASSING
            and self.tries <= self.ctx.settings.run.dispatch_retries
            and wanted <= _LONGEST_WAIT
        )

    def _without(self, state: RunState, failure: Failed, attempt: Attempt[Any]) -> RunState:
        """Go on without the backend that failed, or wait for the first whose quota is free."""
        self.tries = 0
        if failure.kind in _ITS_OWN:
            quota = failure.retry_after if failure.kind is FailureKind.QUOTA else None
            free_at = None if quota is None else self.ctx.world.clock.seconds() + quota
            other = self.route.to_next(state, str(failure.kind), failure.message, free_at=free_at)
            if other is not None:
                return other
            parked = self._park(state, failure)
            if parked is not None:
                return parked
        raise self._failed(state, failure, attempt)

    def _park(self, state: RunState, failure: Failed) -> RunState | None:
        """Wait until a quota is free and return the state for its backend; None when that takes longer than is allowed."""
        found = self.route.to_first_free(state)
        if found is None:
            return None
        after, free_at = found
        seconds = max(0.0, free_at - self.ctx.world.clock.seconds())
        allowed = self.waited + seconds <= self.ctx.settings.run.quota_wait
        if not allowed or self.waits > self.ctx.settings.run.dispatch_retries:
            return None
        self.waits, self.waited = self.waits + 1, self.waited + seconds
        parked = Parked(
            role=self.role,
            round=state.round,
            backend=in_use(self.ctx.settings, after, self.role),
            wait_seconds=round(seconds, 3),
            until=_later(self.ctx.now(), seconds),
            message=failure.message[:500],
        )
        self.ctx.emit(parked)
        self.ctx.pause(seconds)
        return after

    def _failed(self, state: RunState, failure: Failed, attempt: Attempt[Any]) -> BackendError:
        advice = _ADVICE.get(failure.kind, f"what it printed is in {attempt.log}")
        if failure.kind is FailureKind.QUOTA and failure.retry_after is not None:
            until = _later(self.ctx.now(), failure.retry_after)
            advice = f"its quota is free again at {until}; --quota-wait {failure.retry_after:.0f} waits for that"
        return BackendError(
            f"{who(self.ctx, state, self.role)} failed ({failure.kind}): {failure.message}",
            hint=f"{advice}; then: loop run --resume",
        )

    def _tell_retry(self, state: RunState, failure: Failed, seconds: float) -> None:
        retry = DispatchRetry(
            role=self.role,
            round=state.round,
            failure=str(failure.kind),
            message=failure.message[:500],
            wait_seconds=seconds,
        )
        self.ctx.emit(retry)


def _later(now: str, seconds: float) -> str:
    """Return a time some seconds after `now`, both UTC in ISO 8601."""
    at = datetime.fromisoformat(now) + timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
