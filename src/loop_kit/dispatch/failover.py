"""Failover: which backend of a role's list is used. The preferred one, until it fails for a reason of its own.

Missing, refused, without quota, or failing again and again: then the next one that has not failed in this dispatch. Never
because the work was judged bad. The run stays with the one that worked.
"""

from collections.abc import Mapping

from loop_kit.backends.base import check_effort
from loop_kit.backends.programs import locate_program
from loop_kit.backends.registry import find_backend
from loop_kit.engine.run import Run
from loop_kit.errors import BackendError
from loop_kit.model.config import Settings
from loop_kit.model.events import BackendSwitched
from loop_kit.values import dataclass, field


def in_use(settings: Settings, chosen: Mapping[str, str], role: str) -> str:
    """Return the name of the backend that a role has now; `chosen` are the state's backends, by role."""
    names = settings.backend_names(role)
    name = chosen.get(role, "")
    return name if name in names else names[0]


def find_programs(settings: Settings, role: str, environment: Mapping[str, str]) -> str:
    """Return the first backend of a role whose program is there; raise what is wrong with the first when none is.

    A name that no backend has, or an effort that its program cannot be asked for, is refused wherever in the list it is.
    """
    problems: list[BackendError] = []
    found = ""
    for name in settings.backend_names(role):
        own = settings.backend(name)
        try:
            backend = find_backend(name, own)
            check_effort(name, backend, settings.effort(role, name))
            locate_program(environment, name, backend, own)
            found = found or name
        except BackendError as problem:
            problems.append(problem)
    if not found:
        raise problems[0]
    return found


@dataclass(slots=True)
class Failover:
    """The backend that a request uses, and those tried in vain, with the time on the run's clock when their quota is free."""

    run: Run
    role: str
    backend: str
    passed_over: dict[str, float | None] = field(default_factory=dict)

    def to_next(self, failure: str, message: str, *, free_at: float | None = None) -> bool:
        """Use the next backend that has not failed; False when there is none. `failure` says why."""
        self.passed_over[self.backend] = free_at
        left = [name for name in self.run.settings.backend_names(self.role) if name not in self.passed_over]
        if not left:
            return False
        switched = BackendSwitched(
            role=self.role,
            round=self.run.round,
            backend=self.backend,
            to=left[0],
            failure=failure,
            message=message[:500],
        )
        self.run.emit(switched)
        self.backend = left[0]
        return True

    def to_first_free(self) -> float | None:
        """Use the backend whose quota is free first, and return when that is; None when it is known of none."""
        known = {name: at for name, at in self.passed_over.items() if at is not None}
        if not known:
            return None
        self.backend = min(known, key=known.__getitem__)
        del self.passed_over[self.backend]
        return known[self.backend]
