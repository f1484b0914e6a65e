"""Which backend of a role's list is used: the preferred one, until it fails for a reason of its own.

Missing, refused, without quota, or failing again and again: then the next one that has not failed in this dispatch. Never
because the work was judged bad. The run stays with the one that worked.
"""

from collections.abc import Mapping

from loop_kit.backends.programs import locate_program
from loop_kit.backends.registry import find_backend
from loop_kit.engine.context import RunContext
from loop_kit.errors import BackendError
from loop_kit.model.config import Settings
from loop_kit.model.events import BackendSwitched
from loop_kit.model.state import RunState
from loop_kit.values import dataclass, field, replace


def in_use(settings: Settings, state: RunState, role: str) -> str:
    """Return the name of the backend that a role has now."""
    names = settings.backend_names(role)
    name = state.backends.get(role, "")
    return name if name in names else names[0]


def find_programs(settings: Settings, role: str, environment: Mapping[str, str]) -> str:
    """Return the first backend of a role whose program is there; raise what is wrong with the first when none is.

    A name that no backend has is refused wherever in the list it stands.
    """
    problems: list[BackendError] = []
    found = ""
    for name in settings.backend_names(role):
        try:
            _locate(settings, name, environment)
            found = found or name
        except BackendError as problem:
            problems.append(problem)
    if not found:
        raise problems[0]
    return found


def _locate(settings: Settings, name: str, environment: Mapping[str, str]) -> str:
    own = settings.backend(name)
    return locate_program(environment, name, find_backend(name, own), own)


@dataclass(slots=True)
class Route:
    """The backends that a dispatch has tried in vain, with the second of the run's clock at which their quota is free."""

    ctx: RunContext
    role: str
    passed_over: dict[str, float | None] = field(default_factory=dict)

    def to_program(self, state: RunState) -> RunState:
        """Return the state with a backend whose program is there; raise `BackendError` when there is none left."""
        while True:
            name = in_use(self.ctx.settings, state, self.role)
            try:
                _locate(self.ctx.settings, name, self.ctx.world.environment)
            except BackendError as missing:
                other = self.to_next(state, "missing", missing.message)
                if other is None:
                    raise
                state = other
            else:
                return replace(state, backends={**state.backends, self.role: name})

    def to_next(self, state: RunState, failure: str, message: str, *, free_at: float | None = None) -> RunState | None:
        """Return the state with the next backend that has not failed, None when there is none; `failure` says why."""
        name = in_use(self.ctx.settings, state, self.role)
        self.passed_over[name] = free_at
        left = [other for other in self.ctx.settings.backend_names(self.role) if other not in self.passed_over]
        if not left:
            return None
        self._tell(state, name, left[0], failure, message)
        return replace(state, backends={**state.backends, self.role: left[0]})

    def to_first_free(self, state: RunState) -> tuple[RunState, float] | None:
        """Return the state with the backend whose quota is free first, and when; None when nobody knows of any."""
        known = {name: at for name, at in self.passed_over.items() if at is not None}
        if not known:
            return None
        name = min(known, key=known.__getitem__)
        del self.passed_over[name]
        return replace(state, backends={**state.backends, self.role: name}), known[name]

    def _tell(self, state: RunState, name: str, other: str, failure: str, message: str) -> None:
        switched = BackendSwitched(
            role=self.role,
            round=state.round,
            backend=name,
            to=other,
            failure=failure,
            message=message[:500],
        )
        self.ctx.emit(switched)
