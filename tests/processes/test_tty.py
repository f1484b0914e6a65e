import sys
from pathlib import Path

from loop_kit.processes.spawn import Command, spawn
from tests.support.terminals import Terminal

SAYS = "from loop_kit.processes.tty import give_up_terminal, has_terminal; print('has', has_terminal(), end=' ')"
GIVES_UP = f"import os; os.setpgid(0, 0); {SAYS}; give_up_terminal(); print(has_terminal(), end=' ', flush=True)"


def test_who_has_a_terminal_can_give_it_up_for_itself_and_all_that_it_starts(tmp_path: Path):
    inner = f"{GIVES_UP}; os.execv('/bin/sh', ['sh', '-c', '(: </dev/tty) 2>/dev/null && echo asks || echo is mute'])"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}]); {SAYS}; print('still')"
    with Terminal([sys.executable, "-c", outer], cwd=tmp_path) as terminal:
        assert terminal.wait() == 0
    assert terminal.text.splitlines() == ["has True False is mute", "has True still"]


def test_where_there_is_none_there_is_nothing_to_give_up(tmp_path: Path):
    code = GIVES_UP.replace("os.setpgid(0, 0)", "pass")  # who leads a session is no member of another group
    apart = Command(argv=(sys.executable, "-c", code), env={"PYTHONPATH": ":".join(sys.path)}, cwd=tmp_path)
    assert spawn(apart).communicate(timeout=20) == (b"has False False ", b"")
