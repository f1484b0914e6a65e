from pathlib import Path

from loop_kit.adopt.adopter import ADOPTER
from loop_kit.bus.bus import Bus
from loop_kit.cli.adopters import Adopter
from tests.adopt.older import put_older_bus


def test_it_is_what_loop_asks_for_and_knows_the_bus_of_its_tool_alone(tmp_path: Path):
    assert isinstance(ADOPTER, Adopter)
    assert ADOPTER.tool == "agent-task-runner"
    assert list(ADOPTER.facts(Bus(tmp_path / "none"))) == []
    assert list(ADOPTER.facts(Bus(put_older_bus("ended", tmp_path))))


def test_of_a_bus_that_nobody_adopted_it_has_nothing_to_say(tmp_path: Path):
    assert list(ADOPTER.next_lines(Bus(tmp_path), cwd=tmp_path, loop="loop", reviewer="codex")) == []
