"""loop, started warm: a fork of this process, which has read loop's modules already, in the place of a fresh Python.

Reading them is a fifth of what a run of two rounds costs. Nothing else is spared: the fork has the folder, the
environment and the streams that it was given, default signals, no other descriptor, and the rounds that it starts are
fresh processes. Only for processes without threads.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import loop_kit.cli.cmd_run
import loop_kit.cli.run_ending
import loop_kit.vcs.through_gitpython  # noqa: F401  (read once, for all forks)
from loop_kit.__main__ import run
from tests.support.dying import Fate, lay

PROGRAM = ("loop",)
_MOST_DESCRIPTORS = 4096


def dying(when: str, journal: str) -> tuple[str, ...]:
    """Return the program that meets the fate that dying.py would lay on it."""
    return ("dying", when, journal)


class Warm(subprocess.Popen[str]):
    """What `subprocess.Popen` is, for `loop ARGS` and for `dying WHEN JOURNAL ARGS`."""

    def __init__(self, args: Sequence[str], *, env: Mapping[str, str], **more: Any) -> None:
        super().__init__(args, env=env, preexec_fn=lambda: _become(list(args), env), **more)


def _become(args: list[str], env: Mapping[str, str]) -> None:
    """Be that program, from the moment in which an exec would make this process another one."""
    # The last of them is the one on which the parent waits to hear that the program has begun.
    os.closerange(3, _MOST_DESCRIPTORS)
    _be_fresh(env)
    if args[0] == "dying":
        lay(Fate(args[1], args[2]))
        del args[1:3]
    sys.argv = ["loop", *args[1:]]
    os._exit(_code_of(run))


def _be_fresh(env: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))


def _code_of(play: Callable[[], None]) -> int:
    try:
        play()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1
    except BaseException:  # noqa: BLE001  (as the interpreter does at its end)
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0
