"""A run in a terminal: Ctrl-C there is loop's, and nothing that git starts on the way can ask the person something."""

from pathlib import Path

from tests.support.repos import commit
from tests.support.runs import LOOP, Stage, nothing_left
from tests.support.terminals import Terminal


def test_a_filter_of_git_cannot_wait_for_an_answer_that_nobody_gives(tmp_path: Path):
    stage = Stage.set_up(tmp_path)
    ran, asks = tmp_path / "ran", tmp_path / "asks"
    asking = f"touch '{ran}'; (: </dev/tty) 2>/dev/null && touch '{asks}'; cat"
    stage.git("config", "filter.asking.clean", asking)
    stage.git("config", "filter.asking.smudge", asking)
    commit(stage.root, {".gitattributes": "app.txt filter=asking\n"})
    for mark in (ran, asks):
        mark.unlink(missing_ok=True)
    environment = {**stage.env, "XDG_CACHE_HOME": str(stage.cache)}
    with Terminal([*LOOP, "run"], cwd=stage.root, env=environment) as terminal:
        assert terminal.wait() == 0, terminal.text
    assert (ran.exists(), asks.exists()) == (True, False)
    nothing_left(stage)
