"""One tiny call of an agent program, as a reviewer, in an empty repository: whether it answers at all. It costs money."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from loop_kit.backends.account import Account, failure_of
from loop_kit.backends.base import Backend, Order, answer_of
from loop_kit.backends.environment import agent_environment
from loop_kit.backends.programs import locate_program
from loop_kit.backends.registry import find_backend
from loop_kit.dispatch.beside import empty_beside
from loop_kit.errors import LoopError
from loop_kit.model.config import Settings
from loop_kit.model.redaction import Redactor
from loop_kit.model.roles import REVIEWER, Access, Answer
from loop_kit.processes.briefly import run_briefly
from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import Command
from loop_kit.processes.stream import Cleaning
from loop_kit.processes.supervise import Ended, HowEnded, Limits, Watch, supervise
from loop_kit.values import dataclass

PROBE_SECONDS = 120.0
_PROMPT = 'This only tries the connection. Answer with {"answer": "ok"} and do nothing else.\n'
_FORM = '{"type": "object", "required": ["answer"], "properties": {"answer": {"type": "string"}}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What came of the call: whether the program answered, and a sentence."""

    ok: bool
    text: str


def probe(
    name: str, role: str, settings: Settings, environment: Mapping[str, str], interruption: Interruption
) -> Probed:
    """Ask the backend once, with the settings of a role, and return what came of it; raise what an interruption raises."""
    try:
        backend = find_backend(name, settings.backend(name))
        with tempfile.TemporaryDirectory(prefix="loop-probe-") as folder:
            return _ask(
                _order(name, role, backend, settings, environment, Path(folder).resolve()),
                backend,
                environment,
                interruption,
            )
    except LoopError as error:
        interruption.raise_if_requested()
        return Probed(ok=False, text=error.message)


def _order(
    name: str, role: str, backend: Backend, settings: Settings, environment: Mapping[str, str], folder: Path
) -> Order:
    tree, outbox = folder / "tree", folder / "outbox"
    for place in (tree, outbox):
        place.mkdir()
    (folder / "prompt.txt").write_text(_PROMPT, encoding="utf-8")
    (folder / "form.json").write_text(_FORM, encoding="utf-8")
    own = settings.backend(name)
    answer = answer_of(backend, Access.READ)
    report = {"LOOP_REPORT": str(outbox / "report.json")} if answer is Answer.FILE else {}
    order = Order(
        role=REVIEWER,
        access=Access.READ,
        answer=answer,
        task_id="PROBE",
        round=1,
        prompt=folder / "prompt.txt",
        cwd=tree,
        report=outbox / "report.json",
        schema=folder / "form.json",
        scratch=outbox,
        program=locate_program(environment, name, backend, own),
        settings=own,
        model=settings.model(role, name),
        effort=settings.effort(role, name),
        args=settings.args(role, name),
        environment=agent_environment(
            environment,
            backend_env=(*backend.env, *own.env),
            env_pass=settings.env.passed,
            env_set=settings.env.set,
            role_env=settings.role(role).env,
            loop={**report, "LOOP_ROLE": REVIEWER},
        ),
    )
    run_briefly(Command(argv=("git", "init", "--quiet"), env=order.environment, cwd=tree), timeout=PROBE_SECONDS)
    return order


def _ask(order: Order, backend: Backend, environment: Mapping[str, str], interruption: Interruption) -> Probed:
    call = backend.command(order)
    cwd = empty_beside(order.cwd) if call.apart else order.cwd
    account = Account(backend)
    ended = supervise(
        Command(argv=call.argv, env={**call.env, **order.environment, **call.merged}, cwd=cwd, stdin=call.stdin),
        limits=Limits(wall=PROBE_SECONDS),
        watch=Watch(on_line=account.take, cleaning=Cleaning.of(Redactor.of({**environment, **order.environment}))),
        interruption=interruption,
    )
    interruption.raise_if_requested()
    return _read(order, backend, account, ended)


def _read(order: Order, backend: Backend, account: Account, ended: Ended) -> Probed:
    if ended.how is not HowEnded.EXITED:
        return Probed(ok=False, text=f"it gave no answer within {PROBE_SECONDS:g} s")
    failure = failure_of(backend, account.end, ended.exit_code, ended.err_tail)
    if failure is not None:
        return Probed(ok=False, text=f"it failed ({failure.kind}): {failure.message}")
    if backend.document(order, account.finished, account.said) is None and not account.said.strip():
        return Probed(ok=False, text="it ended well and said nothing")
    return Probed(ok=True, text=f"it answered in {ended.seconds:.1f} s")
