"""The agent programs as a run would find them, inspected without network, without calling an agent or reading a key."""

from collections.abc import Iterable, Mapping
from typing import Any

from loop_kit.backends.base import check_effort
from loop_kit.backends.credentials import find_credentials
from loop_kit.backends.environment import Passage, explain_environment
from loop_kit.backends.programs import locate_program
from loop_kit.backends.registry import find_backend, known
from loop_kit.backends.showing import show_call
from loop_kit.backends.versions import judge_version, sandbox_of
from loop_kit.commands.probe import probe
from loop_kit.dispatch.versions import version_of
from loop_kit.engine.tree_settings import check_may_review
from loop_kit.errors import LoopError
from loop_kit.model.config import Settings
from loop_kit.model.roles import Access
from loop_kit.processes.signals import Interruption
from loop_kit.values import asdict, dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProgram:
    """A backend. `roles` are those it is configured for, `calls` the command lines it would be started with.

    `credentials` names what was found, None when that is unknown. `standing` compares the version with the tested ones,
    `sandbox` says what confines the agent besides loop; both are "" when unknown. `answer` is the result of a probe, ""
    without one.
    """

    name: str
    roles: tuple[str, ...]
    ok: bool
    program: str = ""
    version: str = ""
    standing: str = ""
    sandbox: str = ""
    credentials: tuple[str, ...] | None = None
    calls: Mapping[str, tuple[str, ...]]
    answer: str = ""
    problem: str = ""

    def to_document(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "roles": list(self.roles),
            "credentials": self.credentials and list(self.credentials),
            "calls": {role: list(argv) for role, argv in self.calls.items()},
        }


def inspect_agents(environment: Mapping[str, str], settings: Settings) -> list[AgentProgram]:
    """Return the known and the configured backends, those with a role first."""
    roles: dict[str, tuple[str, ...]] = {}
    for role in settings.role_names:
        for name in settings.backend_names(role):
            roles[name] = (*roles.get(name, ()), role)
    names = dict.fromkeys((*roles, *settings.backends, *known()))
    return [_inspect(name, roles.get(name, ()), environment, settings) for name in names]


def probe_agents(
    agents: Iterable[AgentProgram], environment: Mapping[str, str], settings: Settings, interruption: Interruption
) -> list[AgentProgram]:
    """Call each agent that has a role once; one that does not answer is not usable."""
    return [_probed(agent, environment, settings, interruption) if agent.roles else agent for agent in agents]


def _probed(
    agent: AgentProgram, environment: Mapping[str, str], settings: Settings, interruption: Interruption
) -> AgentProgram:
    if not agent.ok:
        return agent
    answer = probe(agent.name, agent.roles[-1], settings, environment, interruption)
    return replace(agent, answer=answer.text, ok=answer.ok, problem="" if answer.ok else answer.text)


def _inspect(name: str, roles: tuple[str, ...], environment: Mapping[str, str], settings: Settings) -> AgentProgram:
    own = settings.backend(name)
    agent = AgentProgram(name=name, roles=roles, ok=False, calls={})
    try:
        backend = find_backend(name, own)
        agent = replace(agent, credentials=find_credentials(backend, environment), sandbox=sandbox_of(backend))
        for role in roles:
            check_effort(name, backend, settings.effort(role, name))
            if settings.access(role) is Access.READ:
                check_may_review(name, own, backend)
        program = locate_program(environment, name, backend, own)
        version = version_of(backend, program, environment)
        return replace(
            agent,
            ok=True,
            program=program,
            version=version,
            standing=judge_version(backend, version),
            calls={
                role: show_call(backend, name, settings, role, program=program) for role in roles or settings.role_names
            },
        )
    except LoopError as error:
        return replace(agent, problem=error.message)


def inspect_environment(environment: Mapping[str, str], settings: Settings, role: str) -> tuple[Passage, ...]:
    """Return which variables the program of a role's first backend would get, and why; none when there is no such backend."""
    name = settings.backend_names(role)[0]
    own = settings.backend(name)
    try:
        backend = find_backend(name, own)
    except LoopError:
        return ()
    return explain_environment(environment, backend_env=(*backend.env, *own.env), env_pass=settings.env.passed)
