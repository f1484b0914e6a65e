"""`loop run` in tmux, which wraps, scrolls and changes its size as a person's terminal does."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.runs import LOOP, Calls, Stage, approves, clearing, nothing_left, wait_until, works

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(TMUX is None, reason="there is no tmux on this machine")
WORKING = "worker (script) works"


class Tmux:
    """A server of its own with one window, in which a shell runs one command and says how it ended."""

    def __init__(self, folder: str, columns: int, lines: int, stage: Stage) -> None:
        self._env = {**os.environ, **stage.env, "TMUX_TMPDIR": folder, "XDG_CACHE_HOME": str(stage.cache)}
        size = ("-x", str(columns), "-y", str(lines))
        # The shell hears Ctrl-C too, and has to live to say how the run ended.
        runs = (f"{shlex.join((*LOOP, 'run', *flags))}; echo ended with $?" for flags in ((), ("--resume",)))
        command = f"trap : INT; {'; '.join(runs)}; exec cat"
        self.columns = columns
        self.do("new-session", "-d", *size, "-c", str(stage.root), shlex.join(("sh", "-c", command)))

    def do(self, *args: str) -> str:
        argv = [TMUX or "", "-u", "-L", "loop-tests", "-f", "/dev/null", *args]
        done = subprocess.run(argv, env=self._env, capture_output=True, text=True, encoding="utf-8", check=True)
        return done.stdout

    def screen(self) -> list[str]:
        time.sleep(0.05)  # each look starts a process: leave the run some room
        return self.do("capture-pane", "-p").splitlines()

    def everything(self) -> str:
        """Return what scrolled away too; `-J` joins what tmux had to wrap, so that an overflow shows as a long line."""
        return self.do("capture-pane", "-p", "-J", "-S", "-")

    def wait_for(self, words: str) -> list[str]:
        return list(
            wait_until(lambda: words in "\n".join(found := self.screen()) and found, f"{words!r} on the screen")
        )

    def cursor_shown(self) -> bool:
        return self.do("display-message", "-p", "#{cursor_flag}").strip() == "1"


@pytest.fixture
def folder() -> Iterator[str]:
    """Return a folder whose name is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="loop-tmux-") as made:
        yield made


@contextmanager
def opened(folder: str, size: tuple[int, int], stage: Stage) -> Iterator[Tmux]:
    tmux = Tmux(folder, *size, stage)
    try:
        yield tmux
    finally:
        tmux.do("kill-server")


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
def test_a_run_that_is_interrupted_and_goes_on_to_its_approval(tmp_path, folder: str, size: tuple[int, int]):
    odd = "[red]odd[/red] \x1b[31m日本 " + "long " * 80
    worker: Calls = [[{"said": odd}, {"sleep": 60}], [*works(), {"report": {}}]]
    stage = Stage.set_up(tmp_path, worker=worker, reviewer=[approves()])
    with clearing(stage), opened(folder, size, stage) as tmux:
        live = tmux.wait_for("says: [red]odd[/red] \\x1b[31m日本 long")
        assert [line for line in live if WORKING in line]
        tmux.do("send-keys", "C-c")
        screen = tmux.wait_for("ended with 130")
        assert any(line.startswith("interrupted  T-1 ─") for line in screen)
        assert "next      loop run --resume" in screen
        assert tmux.cursor_shown()
        screen = tmux.wait_for("ended with 0")
        assert any(line.startswith("approved, unverified  T-1 ─") for line in screen)
        assert tmux.cursor_shown()
        told = tmux.everything()
    assert max(map(len, told.splitlines())) <= tmux.columns
    assert "\x1b" not in told
    assert "odd" not in told
    assert WORKING not in told
    assert [told.count(f"round 1: {role} (script), ") for role in ("worker", "reviewer")] == [1, 1]
    nothing_left(stage)


def test_a_window_that_is_made_narrower_holds_one_region(tmp_path: Path, folder: str):
    stage = Stage.set_up(tmp_path, worker=[[{"said": "word " * 30}, {"sleep": 60}]])
    with clearing(stage), opened(folder, (120, 24), stage) as tmux:
        tmux.wait_for("says: word word")
        tmux.do("resize-window", "-x", "60", "-y", "24")
        wait_until(lambda: re.search(r"works, 0:0[1-9]", "\n".join(tmux.screen())), "a narrower region")
        assert tmux.everything().count("round 1: worker") == 1
