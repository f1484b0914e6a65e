"""A worker runs with the settings of the run's base, where its program takes them from a path, and with none of the tree."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from loop_kit.backends.base import Isolating, Order
from loop_kit.backends.registry import find_backend
from loop_kit.dispatch.beside import empty_beside
from loop_kit.model.agent_events import SessionStarted
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access, Answer
from tests.agents.planted.kinds import server
from tests.agents.planted.telltale import Telltale
from tests.agents.programs import ACP_CLAUDE, ACP_REMEMBERING, CLAUDE, OPENCODE, Program
from tests.agents.script import Play, Say
from tests.agents.staging import PATIENCE, LiveStage, playing
from tests.support.pages import ROOT

PLAYERS = {program.backend: program for program in (CLAUDE, ACP_CLAUDE, OPENCODE, ACP_REMEMBERING)}
PLAY = Play(turns={("worker", number): [Say("Done.")] for number in (1, 2)})
# Those that a short turn has for certain.
EVENTS = ("SessionStart", "UserPromptSubmit", "Stop")


def write_settings(folder: Path, tell: Telltale, what: str) -> None:
    """Write settings with hooks and a server, as they lie in a tree."""
    hooks = {event: [{"hooks": [{"type": "command", "command": tell.line(f"{what}-{event}")}]}] for event in EVENTS}
    servers = {"mcpServers": {what.lower(): server(tell, f"{what}-MCP")}}
    (folder / ".claude").mkdir(parents=True)
    (folder / ".claude/settings.json").write_text(json.dumps({"hooks": hooks}), encoding="utf-8")
    (folder / ".mcp.json").write_text(json.dumps(servers), encoding="utf-8")
    command = ["sh", "-c", tell.line(f"{what}-MCP")]
    config = {"mcp": {what.lower(): {"type": "local", "command": command, "enabled": True}}}
    (folder / "opencode.json").write_text(json.dumps(config), encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Dispatches of one worker, without loop around them."""

    stage: LiveStage
    program: Program
    programs: Path
    base: Path

    def works(self, number: int, session: str | None) -> str:
        """Have it take a turn; return the conversation's name."""
        outbox = self.stage.root.parent / "runtime" / f"T-1-r{number}-worker-{number}"
        outbox.mkdir(parents=True)
        prompt = outbox / "prompt.txt"
        prompt.write_text(f"Do nothing. Report to\n\n    {outbox}/report.json\n", encoding="utf-8")
        settings = BackendSettings(
            type=self.program.table.get("type", self.program.backend), preset=self.program.table.get("preset", "")
        )
        backend = find_backend(self.program.backend, settings)
        assert isinstance(backend, Isolating)
        order = Order(
            access=Access.WRITE,
            answer=Answer.FILE,
            role="worker",
            task_id="T-1",
            round=number,
            prompt=prompt,
            cwd=self.stage.root,
            report=outbox / "report.json",
            schema=ROOT / "schemas/work_report.schema.json",
            scratch=outbox,
            program=str(self.programs / backend.programs[0]),
            settings=settings,
            session=session,
            model=self.program.model,
            environment=self.stage.env,
            base_settings={name: self.base / name for name in backend.tree_settings},
        )
        call = backend.command(order)
        assert call.stdin is not None
        with call.stdin.open("rb") as told:
            done = subprocess.run(
                call.argv,
                cwd=empty_beside(order.cwd) if call.apart else order.cwd,
                env={"LOOP_ROLE": "worker", "LOOP_ROUND": str(number), **call.env, **self.stage.env, **call.merged},
                stdin=told,
                capture_output=True,
                encoding="utf-8",
                timeout=PATIENCE,
                check=True,
            )
        events = [event for line in done.stdout.splitlines() for event in backend.read(line)]
        return next(event.session_id for event in events if isinstance(event, SessionStarted))


@pytest.mark.parametrize("program", PLAYERS.values(), ids=PLAYERS)
def test_the_settings_of_the_base_hold_for_a_worker_and_those_of_the_tree_do_not(
    tmp_path: Path, programs: Path, program: Program
):
    tell = Telltale.put(tmp_path / "outside")
    write_settings(tmp_path / "base", tell, "BASE")
    with playing(tmp_path, programs, PLAY, worker=program) as (stage, _):
        stage.trust(program)
        write_settings(stage.root, tell, "TREE")
        worker = Worker(stage=stage, program=program, programs=programs, base=tmp_path / "base")
        first = worker.works(1, None)
        assert worker.works(2, first) == first
        kinds = [f"BASE-{event}" for event in (*(EVENTS if "claude" in program.backend else ()), "MCP")]
        assert tell.said() == sorted(f"worker {number} {what}" for number in (1, 2) for what in kinds)
