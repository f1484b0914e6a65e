"""The agent programs as a run would find them: looked at without a network, without asking an agent or reading a key."""

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
class Agent:
    """A backend. `roles` are those it is configured for, `calls` how it would be started in each of them.

    `credentials` names what was seen, None when it is not known. `standing` says how the version stands to the tested
    ones, `sandbox` what confines the agent besides loop; both are "" when nothing is known. `answer` is what came of a
    probe, "" when there was none.
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


def look_at_agents(environment: Mapping[str, str], settings: Settings) -> list[Agent]:
    """Return the backends that are known or configured, those of the roles first."""
    roles: dict[str, tuple[str, ...]] = {}
    for role in settings.role_names:
        for name in settings.backend_names(role):
            roles[name] = (*roles.get(name, ()), role)
    names = dict.fromkeys((*roles, *settings.backends, *known()))
    return [_look_at(name, roles.get(name, ()), environment, settings) for name in names]


def probe_agents(
    agents: Iterable[Agent], environment: Mapping[str, str], settings: Settings, interruption: Interruption
) -> list[Agent]:
    """Call each agent of the roles once; one that does not answer is not usable."""
    return [_probed(agent, environment, settings, interruption) if agent.roles else agent for agent in agents]


def _probed(agent: Agent, environment: Mapping[str, str], settings: Settings, interruption: Interruption) -> Agent:
    if not agent.ok:
        return agent
    answer = probe(agent.name, agent.roles[-1], settings, environment, interruption)
    return replace(agent, answer=answer.text, ok=answer.ok, problem="" if answer.ok else answer.text)


def _look_at(name: str, roles: tuple[str, ...], environment: Mapping[str, str], settings: Settings) -> Agent:
    own = settings.backend(name)
    agent = Agent(name=name, roles=roles, ok=False, calls={})
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


def look_at_environment(environment: Mapping[str, str], settings: Settings, role: str) -> tuple[Passage, ...]:
    """Return which variables would reach a role's preferred program, and why; none when there is no such backend."""
    name = settings.backend_names(role)[0]
    own = settings.backend(name)
    try:
        backend = find_backend(name, own)
    except LoopError:
        return ()
    return explain_environment(environment, backend_env=(*backend.env, *own.env), env_pass=settings.env.passed)
