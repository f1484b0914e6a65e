"""Where one dispatch takes place: its name, its folder, its logs and the program that sits there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from loop_kit import resources
from loop_kit.backends.base import Backend, Order
from loop_kit.backends.environment import agent_environment
from loop_kit.backends.programs import locate
from loop_kit.backends.registry import find_backend
from loop_kit.model.config import BackendSettings
from loop_kit.model.state import RunState
from loop_kit.processes.spawn import Command
from loop_kit.rounds.ask import Ask
from loop_kit.rounds.context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Made anew from context and state whenever it is needed, so that a later process finds the same places again."""

    dispatch_id: str
    name: str
    backend: Backend
    order: Order
    output: Path
    errors: Path

    @classmethod
    def at(cls, ctx: RunContext, state: RunState, ask: Ask[Any]) -> Self:
        """Return the place of the dispatch that `state.dispatches` counts; raise when its program is not to be found."""
        name = ctx.settings.backend_name(ask.role)
        settings, role = ctx.settings.backend(name), ctx.settings.role(ask.role)
        backend = find_backend(name, settings)
        dispatch_id = name_dispatch(state, ask.role)
        stem = ctx.bus.logs / state.place / f"r{state.round}_{ask.role}_{state.dispatches}"
        outbox = ctx.bus.outbox(dispatch_id)
        known = state.sessions.get(ask.role)
        order = Order(
            role=ask.role,
            prompt=stem.with_name(f"{stem.name}.prompt.txt"),
            cwd=ask.cwd,
            report=outbox / "report.json",
            schema=resources.schema_path(ask.kind),
            writable=tuple(sorted({ctx.repository.git_dir, ctx.repository.common_dir})),
            session=known.session_id if known and known.backend == name and backend.supports_resume else None,
            program=locate_program(ctx.world.environment, name, backend, settings),
            task_id=state.task_id,
            round=state.round,
            model=role.model,
            args=role.args,
            settings=settings,
            scratch=outbox,
        )
        return cls(
            dispatch_id=dispatch_id,
            name=name,
            backend=backend,
            order=order,
            output=stem.with_name(f"{stem.name}.out.log"),
            errors=stem.with_name(f"{stem.name}.err.log"),
        )

    def command(self, ctx: RunContext, state: RunState) -> Command:
        """Return how the program is started: its own argv, and an environment built from nothing."""
        call = self.backend.command(self.order)
        told = {
            "LOOP_REPORT": str(self.order.report),
            "LOOP_ROLE": self.order.role,
            "LOOP_TASK_ID": state.task_id,
            "LOOP_ROUND": str(state.round),
            "LOOP_RUN_ID": state.run_id,
        }
        environment = agent_environment(
            ctx.world.environment,
            backend_env=(*self.backend.env, *self.order.settings.env),
            env_pass=ctx.settings.env_pass,
            env_set={**call.env, **ctx.settings.env_set},
            role_env=ctx.settings.role(self.order.role).env,
            loop=told,
        )
        return Command(argv=call.argv, env=environment, cwd=self.order.cwd, stdin=call.stdin)


def name_dispatch(state: RunState, role: str) -> str:
    """Return the name of a role's newest dispatch, also when another role had it."""
    return f"{state.place}-r{state.round}-{role}-{state.dispatches}"


def locate_program(environment: Mapping[str, str], name: str, backend: Backend, settings: BackendSettings) -> str:
    """Return the absolute path of a backend's program as the person's environment finds it, "" when it brings its own."""
    home = environment.get("HOME", "")
    return locate(name, backend, settings, path=environment.get("PATH", ""), home=home)
