"""Real programs work, are contradicted, mend it and are approved; and the second time they remember the first."""

from pathlib import Path

import pytest

from tests.agents.model_server import ModelServer
from tests.agents.programs import ACP_ALL, CLAUDE, CODEX, KEY, PROGRAMS, Program
from tests.agents.script import Play
from tests.agents.staging import (
    GREETING,
    PERSON,
    RIGHT,
    WRONG,
    LiveStage,
    approves,
    dispatches,
    mends,
    objects,
    playing,
    works,
)
from tests.support.runs import Result, nothing_left

PLAYERS = {**PROGRAMS, **ACP_ALL}
PLAY = Play(
    turns={
        ("worker", 1): works(WRONG),
        ("reviewer", 1): objects(),
        ("worker", 2): mends(RIGHT),
        ("reviewer", 2): approves(),
    }
)


def went_well(stage: LiveStage, result: Result, *, leaves: int = 0) -> None:
    """Fail unless two rounds were played as the script says, and git shows it."""
    assert result.code == 0, result.err
    assert dispatches(result, "how", "exit_code", "document", "failure") == [("exited", 0, True, None)] * 4
    assert all(swept <= leaves for (swept,) in dispatches(result, "swept"))
    assert [data["decision"] for data in result.events("decided")] == ["changes_required", "approve"]
    said = stage.git("log", "--format=%an: %s", f"{result.standing['base_sha']}..HEAD").splitlines()
    assert said == [f"{PERSON}: Say {RIGHT}", f"{PERSON}: Say {WRONG}"]
    assert (stage.git("show", f"HEAD:{GREETING}"), stage.git("show", f"HEAD~1:{GREETING}")) == (RIGHT, WRONG)
    assert stage.git("status", "--porcelain") == ""
    nothing_left(stage)


def went_on(server: ModelServer, result: Result, role: str) -> bool:
    """Say whether loop asked for the first round's conversation in the second; if so the model has to have been sent it."""
    asked_for = [data["session"] for data in result.events("dispatch_started") if data["role"] == role][1]
    had = [data["session"] for data in result.events("dispatch_ended") if data["role"] == role]
    began = server.of(role, 2)[0]
    marks = [scene.mark for scene in (server.of(role, number)[0].scene for number in (1, 2)) if scene is not None]
    told = "\n".join(entry.text for entry in began.asked.entries)
    answered = any(entry.who == "model" for entry in began.asked.entries)
    goes_on = asked_for is not None
    assert asked_for in (None, had[0])
    assert marks[1] in told
    assert (had[0] == had[1], marks[0] in told, answered) == (goes_on,) * 3
    return goes_on


@pytest.mark.parametrize("program", PLAYERS.values(), ids=PLAYERS)
def test_a_program_works_and_reviews_until_it_is_approved_and_remembers_the_first_round(
    tmp_path: Path, programs: Path, program: Program
):
    with playing(tmp_path, programs, PLAY, worker=program, reviewer=program) as (stage, server):
        result = stage.run()
        went_well(stage, result, leaves=program.leaves)
        assert went_on(server, result, "worker") == program.remembers
        went_on(server, result, "reviewer")
        assert all(KEY in str(request.headers) for request in server.requests), "it asked with another key than its own"


def test_one_program_works_and_another_one_reviews(tmp_path: Path, programs: Path):
    with playing(tmp_path, programs, PLAY, worker=CODEX, reviewer=CLAUDE) as (stage, server):
        result = stage.run()
        went_well(stage, result)
        assert dispatches(result, "role", "backend") == [("worker", "codex"), ("reviewer", "claude")] * 2
        for role, path in (("worker", "/v1/responses"), ("reviewer", "/v1/messages")):
            assert {request.path for number in (1, 2) for request in server.of(role, number)} == {path}
        assert went_on(server, result, "worker")
        went_on(server, result, "reviewer")
