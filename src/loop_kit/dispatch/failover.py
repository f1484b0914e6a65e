"""Failover: which backend of a role's list is used. The preferred one, until it fails for a reason of its own.

Missing, refused, without quota, or failing again and again: then the next one that has not failed in this dispatch. Never
because the work was judged bad. The run stays with the one that worked.
"""

from collections.abc import Mapping

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

    A name that no backend has is refused wherever in the list it stands.
    """
    problems: list[BackendError] = []
    found = ""
    for name in settings.backend_names(role):
        own = settings.backend(name)
        try:
            locate_program(environment, name, find_backend(name, own), own)
            found = found or name
        except BackendError as problem:
            problems.append(problem)
    if not found:
        raise problems[0]
    return found


@dataclass(slots=True)
class Failover:
    """The backends that a request has tried in vain, with the second of the run's clock at which their quota is free."""

    run: Run
    role: str
    passed_over: dict[str, float | None] = field(default_factory=dict)

    def to_next(self, failure: str, message: str, *, free_at: float | None = None) -> bool:
        """Have the role use the next backend that has not failed; False when there is none. `failure` says why."""
        run = self.run
        name = in_use(run.settings, run.state.backends, self.role)
        self.passed_over[name] = free_at
        left = [other for other in run.settings.backend_names(self.role) if other not in self.passed_over]
        if not left:
            return False
        switched = BackendSwitched(
            role=self.role, round=run.round, backend=name, to=left[0], failure=failure, message=message[:500]
        )
        run.emit(switched)
        self._use(left[0])
        return True

    def to_first_free(self) -> tuple[str, float] | None:
        """Have the role use the backend whose quota is free first, and return it with that time; None when none is known."""
        known = {name: at for name, at in self.passed_over.items() if at is not None}
        if not known:
            return None
        name = min(known, key=known.__getitem__)
        del self.passed_over[name]
        self._use(name)
        return name, known[name]

    def _use(self, name: str) -> None:
        self.run.change(backends={**self.run.state.backends, self.role: name})
