"""One dispatch: one start of a program for one document, with everything about it that does not change.

It is resolved once, from the run and the request, and then handed to whoever starts the program, takes in its answer and
enters what it cost. A later process resolves the same dispatch again from the state, by its name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from loop_kit import resources
from loop_kit.backends.base import Backend, Order, answer_of, hides_git_settings, tree_settings_of
from loop_kit.backends.environment import agent_environment
from loop_kit.backends.programs import locate_program
from loop_kit.backends.registry import find_backend
from loop_kit.bus.layout import kind_of
from loop_kit.dispatch.beside import empty_beside, git_alone
from loop_kit.dispatch.failover import in_use
from loop_kit.dispatch.request import DocumentRequest
from loop_kit.dispatch.versions import known_program
from loop_kit.engine.run import Run
from loop_kit.engine.seals import papers_of
from loop_kit.engine.tree_settings import put_base_settings
from loop_kit.model.config import BackendSettings
from loop_kit.model.program import Program
from loop_kit.model.redaction import Redactor
from loop_kit.model.roles import Access, Answer
from loop_kit.model.session import Session
from loop_kit.processes.spawn import Command
from loop_kit.values import dataclass, replace
from loop_kit.vcs import identity, worktree


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a program is started, where it lies ("" when it is not started any more) and what is known of it."""

    cwd: Path
    path: str
    program: Program | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """One start of a program. `name` is unlike that of any other dispatch, and names its outbox and its logs.

    `program` is what runs, None for a backend that brings its own or a dispatch that has ended; `session` is the agent's
    session that it takes up again. `stem` is the path of its logs without their endings, `environment` what the program
    is given besides what its own command adds.
    """

    name: str
    role: str
    round: int
    paper: str
    access: Access
    backend_name: str
    backend: Backend
    settings: BackendSettings
    program: Program | None
    session: Session | None
    outbox: Path
    stem: Path
    order: Order
    environment: Mapping[str, str]

    @classmethod
    def next(cls, run: Run, request: DocumentRequest[Any], backend_name: str, number: int) -> Self:
        """Return the dispatch that will be the run's `number`th; raise `BackendError` when its program is not there."""
        own = run.settings.backend(backend_name)
        backend = find_backend(backend_name, own)
        path = locate_program(run.world.environment, backend_name, backend, own)
        program = known_program(backend, path, run.state.programs.get(backend_name), run.world.environment)
        name = run.dispatch_name(request.role, number)
        return cls._of(run, name, request.role, backend_name, _Found(request.cwd, path, program))

    @classmethod
    def again(cls, run: Run, role: str, name: str) -> Self:
        """Return a dispatch of this round that an earlier process has begun: its program need not be there any more."""
        backend_name = in_use(run.settings, run.state.backends, role)
        program = run.state.programs.get(backend_name)
        return cls._of(run, name, role, backend_name, _Found(run.tree.root, "", program))

    @classmethod
    def _of(cls, run: Run, name: str, role: str, backend_name: str, found: _Found) -> Self:
        settings, paper = run.settings, papers_of(run.settings)[role]
        own = settings.backend(backend_name)
        backend = find_backend(backend_name, own)
        session = session_for(run, role, backend_name)
        access = settings.access(role)
        outbox, stem = run.bus.outbox(name), log_stem(run, name)
        order = Order(
            role=role,
            access=access,
            answer=answer_of(backend, access),
            prompt=log_of(stem, "prompt.txt"),
            cwd=found.cwd,
            report=outbox / "report.json",
            schema=resources.schema_path(kind_of(paper)),
            writable=tuple(sorted({run.tree.git_dir, run.tree.common_dir})),
            session=None if session is None else session.session_id,
            program=found.path,
            task_id=run.card.task_id,
            round=run.round,
            model=settings.model(role, backend_name),
            effort=settings.effort(role, backend_name),
            args=settings.args(role, backend_name),
            settings=own,
            scratch=outbox,
        )
        dispatch = cls(
            name=name,
            role=role,
            round=run.round,
            paper=paper,
            access=access,
            backend_name=backend_name,
            backend=backend,
            settings=own,
            program=found.program,
            session=session,
            outbox=outbox,
            stem=stem,
            order=order,
            environment={},
        )
        return replace(dispatch, environment=dispatch._environment(run, {}, {}))

    @property
    def who(self) -> str:
        """How messages call the one that is asked."""
        return f"the {self.role} ({self.backend_name})"

    @property
    def version(self) -> str:
        """The version of the program, "" when nobody knows it."""
        return "" if self.program is None else self.program.version

    @property
    def formed(self) -> bool:
        """Whether the answer is what the program says at its end: then it is told of no file."""
        return self.order.answer is not Answer.FILE

    @property
    def output(self) -> Path:
        return log_of(self.stem, "out.log")

    @property
    def errors(self) -> Path:
        return log_of(self.stem, "err.log")

    @property
    def redactor(self) -> Redactor:
        """What takes the keys that this program was given out of what it hands in."""
        return Redactor.of(self.environment)

    def command(self, run: Run) -> Command:
        """Return how the program is started: its own argv, and an environment built from nothing."""
        order = replace(self.order, environment=self.environment)
        if self.access is Access.WRITE and tree_settings_of(self.backend):
            order = replace(order, base_settings=put_base_settings(run, self.backend))
        if hides_git_settings(self.backend):
            order = replace(order, identity=identity.variables(run.home, self.environment))
        call = self.backend.command(order)
        cwd, alone = self._folder(run, apart=call.apart)
        env = self._environment(run, {**alone, **call.env}, call.merged)
        return Command(argv=call.argv, env=env, cwd=cwd, stdin=call.stdin)

    def _folder(self, run: Run, *, apart: bool) -> tuple[Path, Mapping[str, str]]:
        """Return where the program is started, and what keeps its git from what lies above an empty folder."""
        if not apart:
            return self.order.cwd, {}

        tree = self.order.cwd
        if self.access is Access.WRITE:  # what is beside the repository is the person's
            tree = run.review_tree.with_name("work")
            worktree.make_private(tree.parent)
        folder = empty_beside(tree)
        return folder, git_alone(folder)

    def _environment(self, run: Run, own: Mapping[str, str], merged: Mapping[str, str]) -> dict[str, str]:
        told = {
            **({} if self.formed else {"LOOP_REPORT": str(self.order.report)}),
            "LOOP_ROLE": self.role,
            "LOOP_TASK_ID": run.card.task_id,
            "LOOP_ROUND": str(self.round),
            "LOOP_RUN_ID": run.manifest.run_id,
        }
        return agent_environment(
            run.world.environment,
            backend_env=(*self.backend.env, *self.settings.env),
            env_pass=run.settings.env.passed,
            env_set={**own, **run.settings.env.set},
            role_env={**run.settings.role(self.role).env, **merged},
            loop=told,
        )


def log_stem(run: Run, name: str) -> Path:
    """Return the path of a dispatch's logs, without their endings: `logs/RUN/r1_worker_3`."""
    short = name.removeprefix(f"{run.name}-")
    return run.bus.logs / run.name / "_".join(_parts(short))


def _parts(short: str) -> tuple[str, str, str]:
    """Split `r1-worker-3`; a role's name may have dashes of its own."""
    number, _, rest = short.partition("-")
    role, _, count = rest.rpartition("-")
    return number, role, count


def log_of(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}.{ending}")


def session_for(run: Run, role: str, backend_name: str) -> Session | None:
    """Return the session that a role's agent takes up again: its own of this round, or one that goes on."""
    known = run.state.sessions.get(role)
    if known is None or known.backend != backend_name:
        return None
    if not find_backend(backend_name, run.settings.backend(backend_name)).supports_resume:
        return None
    limit = run.settings.run.max_session_rounds
    kept = run.settings.access(role) is Access.WRITE or run.settings.run.resume_reviewer
    goes_on = kept and (not limit or known.rounds < limit)
    return known if known.round == run.round or goes_on else None
