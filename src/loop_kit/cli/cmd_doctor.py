"""`loop doctor`: check whether a run would find what it needs here."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from loop_kit.backends.environment import Passage
from loop_kit.backends.registry import load_plugins
from loop_kit.bus.bus import Bus
from loop_kit.cli.adopters import check_maker
from loop_kit.cli.agents import AgentProgram, inspect_agents, inspect_environment, probe_agents
from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.places import bus_root
from loop_kit.cli.prerequisites import Prerequisite, inspect_host
from loop_kit.cli.printing import print_json
from loop_kit.cli.settings import resolve
from loop_kit.errors import EXIT_CODES, LoopError, Outcome
from loop_kit.model.config import Settings
from loop_kit.processes.signals import listening

_MARKS = {True: "ok", False: "NOT OK", None: "-"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@click.option("--probe", "probing", is_flag=True, help="Call each configured program once: this costs money.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, as_json: bool, probing: bool) -> int:
    """Check whether git, Python, the file system and the agent programs are what a run needs; list the variables agents get.

    Exit 0 when the configured worker and reviewers, one of each list, can be started, 8 when not, 3 when anything else is
    missing. Without --probe nothing is sent anywhere; of keys and logins only their presence is shown.
    """
    bus = Bus(bus_root(invocation))
    settings, config = _configured(bus.config_path, invocation.environment)
    items = [*inspect_host(invocation.environment, bus.root), *_inspect_bus(bus), config]
    agents = inspect_agents(invocation.environment, settings)
    if probing:
        with listening() as interruption:
            agents = probe_agents(agents, invocation.environment, settings, interruption)
    passages = {role: inspect_environment(invocation.environment, settings, role) for role in settings.role_names}
    if as_json:
        print_json(_document(items, agents, passages))
    else:
        print_("\n".join([*map(_item_line, items), *map(_agent_lines, agents), *_passage_lines(passages)]))
    return EXIT_CODES[_outcome(items, agents, passages)]


def _inspect_bus(bus: Bus) -> Iterator[Prerequisite]:
    """Yield why commands refuse this bus; nothing when they do not."""
    try:
        check_maker(bus)
    except LoopError as error:
        yield Prerequisite(name="bus", ok=False, text=f"{error.message}; {error.hint}")


def _configured(path: Path, environment: Mapping[str, str]) -> tuple[Settings, Prerequisite]:
    try:
        settings = resolve(path, environment, {})
        load_plugins(settings.plugins)
    except LoopError as error:
        return Settings(), Prerequisite(name="config", ok=False, text=error.message)
    return settings, Prerequisite(
        name="config", ok=True, text=str(path) if path.exists() else f"no {path}: built-in values"
    )


def _outcome(items: Iterable[Prerequisite], agents: Iterable[AgentProgram], roles: Iterable[str]) -> Outcome:
    usable = {role for agent in agents if agent.ok for role in agent.roles}
    if not usable.issuperset(roles):
        return Outcome.BACKEND_FAILED
    return Outcome.INVALID if any(item.ok is False for item in items) else Outcome.APPROVED


def _document(
    items: list[Prerequisite], agents: list[AgentProgram], passages: Mapping[str, tuple[Passage, ...]]
) -> dict[str, Any]:
    return {
        "ok": _outcome(items, agents, passages) is Outcome.APPROVED,
        "items": [item.to_document() for item in items],
        "agents": [agent.to_document() for agent in agents],
        "environment": {
            role: [{"name": each.name, "passed": each.passed, "reason": each.reason} for each in passed]
            for role, passed in passages.items()
        },
    }


def _item_line(item: Prerequisite) -> str:
    return f"{_MARKS[item.ok]:8}{item.name:10}{item.text}"


def _agent_lines(agent: AgentProgram) -> str:
    facts = [f"for the {' and the '.join(agent.roles)}"] if agent.roles else []
    facts += [agent.problem] if agent.problem else [agent.program or "comes with loop"]
    facts += [f"{agent.version} ({agent.standing})" if agent.standing else agent.version] if agent.version else []
    if agent.credentials is not None:
        facts.append(f"credentials: {', '.join(agent.credentials) or 'none seen'}")
    facts += [f"sandbox: {agent.sandbox}"] if agent.sandbox and agent.roles else []
    facts += [agent.answer] if agent.answer and not agent.problem else []
    mark = _MARKS[agent.ok if agent.roles or agent.ok else None]
    calls = [f"        {role:10}{shlex.join(agent.calls[role])}" for role in agent.roles if role in agent.calls]
    return "\n".join([f"{mark:8}{agent.name:10}{'; '.join(facts)}", *calls])


def _passage_lines(passages: Mapping[str, tuple[Passage, ...]]) -> Iterator[str]:
    """Yield for each role the variables that its program gets and does not get, by reason; one list when both are the same."""
    same = len(set(passages.values())) == 1
    for role, found in [("agents", next(iter(passages.values())))] if same else passages.items():
        reasons = dict.fromkeys((each.passed, each.reason) for each in sorted(found, key=lambda each: not each.passed))
        for passed, reason in reasons:
            names = [each.name for each in found if (each.passed, each.reason) == (passed, reason)]
            yield f"{'passed' if passed else 'withheld':10}{role:10}{reason}: {', '.join(names)}"
