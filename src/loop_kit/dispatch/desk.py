"""Where one dispatch takes place: its name, its folder, its logs and the program that sits there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from loop_kit import resources
from loop_kit.backends.base import Backend, Order, answers_in_form, hides_git_settings, tree_settings_of
from loop_kit.backends.environment import agent_environment
from loop_kit.backends.programs import locate_program
from loop_kit.backends.registry import find_backend
from loop_kit.dispatch.accounting import log_of, log_stem, session_for
from loop_kit.dispatch.beside import empty_beside, git_alone
from loop_kit.dispatch.failover import in_use
from loop_kit.dispatch.request import Ask
from loop_kit.engine.context import RunContext
from loop_kit.engine.tree_settings import put_base_settings
from loop_kit.model.redaction import Redactor
from loop_kit.model.state import RunState
from loop_kit.processes.spawn import Command
from loop_kit.values import dataclass, replace
from loop_kit.vcs import identity, worktree


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
        name = in_use(ctx.settings, state, ask.role)
        settings = ctx.settings.backend(name)
        backend = find_backend(name, settings)
        dispatch_id = state.dispatch_name(ask.role)
        stem = log_stem(ctx, state, ask.role)
        outbox = ctx.bus.outbox(dispatch_id)
        session = session_for(ctx, state, ask.role)
        order = Order(
            role=ask.role,
            prompt=log_of(stem, "prompt.txt"),
            cwd=ask.cwd,
            report=outbox / "report.json",
            schema=resources.schema_path(ask.kind),
            writable=tuple(sorted({ctx.repository.git_dir, ctx.repository.common_dir})),
            session=None if session is None else session.session_id,
            program=locate_program(ctx.world.environment, name, backend, settings),
            task_id=state.task_id,
            round=state.round,
            model=ctx.settings.model(ask.role, name),
            args=ctx.settings.args(ask.role, name),
            settings=settings,
            scratch=outbox,
        )
        return cls(
            dispatch_id=dispatch_id,
            name=name,
            backend=backend,
            order=order,
            output=log_of(stem, "out.log"),
            errors=log_of(stem, "err.log"),
        )

    @property
    def formed(self) -> bool:
        """Whether the answer is the form that the program fills in: then it is told of no file."""
        return answers_in_form(self.backend, self.order.role)

    def command(self, ctx: RunContext, state: RunState) -> Command:
        """Return how the program is started: its own argv, and an environment built from nothing."""
        given = self._environment(ctx, state, {}, {})
        order = replace(self.order, environment=given)
        if order.role == "worker" and tree_settings_of(self.backend):
            order = replace(order, base_settings=put_base_settings(ctx, self.backend))
        if hides_git_settings(self.backend):
            order = replace(order, identity=identity.variables(ctx.repository, given))
        call = self.backend.command(order)
        cwd, alone = self._place(ctx, apart=call.apart)
        env = self._environment(ctx, state, {**alone, **call.env}, call.merged)
        return Command(argv=call.argv, env=env, cwd=cwd, stdin=call.stdin)

    def _place(self, ctx: RunContext, *, apart: bool) -> tuple[Path, Mapping[str, str]]:
        """Return where the program is started, and what keeps its git from what lies above an empty folder."""
        if not apart:
            return self.order.cwd, {}

        tree = self.order.cwd
        if self.order.role == "worker":  # what is beside the repository is the person's
            tree = ctx.review_tree.with_name("work")
            worktree.make_private(tree.parent)
        folder = empty_beside(tree)
        return folder, git_alone(folder)

    def redactor(self, ctx: RunContext, state: RunState) -> Redactor:
        """Return what takes the keys that this program was given out of what it hands in."""
        return Redactor.of(self._environment(ctx, state, {}, {}))

    def _environment(
        self, ctx: RunContext, state: RunState, own: Mapping[str, str], merged: Mapping[str, str]
    ) -> dict[str, str]:
        told = {
            **({} if self.formed else {"LOOP_REPORT": str(self.order.report)}),
            "LOOP_ROLE": self.order.role,
            "LOOP_TASK_ID": state.task_id,
            "LOOP_ROUND": str(state.round),
            "LOOP_RUN_ID": state.run_id,
        }
        return agent_environment(
            ctx.world.environment,
            backend_env=(*self.backend.env, *self.order.settings.env),
            env_pass=ctx.settings.env.passed,
            env_set={**own, **ctx.settings.env.set},
            role_env={**ctx.settings.role(self.order.role).env, **merged},
            loop=told,
        )
