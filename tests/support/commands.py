"""The real command as a process of its own, for commands that come to their end by themselves."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ANSWERS = """
import contextlib, io, json, sys
from loop_kit.cli.entry import main
for line in sys.argv[1:]:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(line.split())
    print(json.dumps([line, code, said.getvalue()]))
"""
LOOP = (sys.executable, "-P", "-E", "-m", "loop_kit")


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended; what it printed is kept byte for byte too, for tests of what reaches a terminal."""

    code: int
    raw_out: bytes
    raw_err: bytes

    @property
    def out(self) -> str:
        return self.raw_out.decode()

    @property
    def err(self) -> str:
        return self.raw_err.decode()


def loop(
    *args: str | Path, cwd: Path, env: Mapping[str, str] | None = None, program: Sequence[str | Path] = LOOP
) -> Done:
    """Run `loop ARGS` in `cwd`; `env` is added to the isolated environment. A traceback fails the test."""
    done = subprocess.run(
        [*program, *args],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return Done(code=done.returncode, raw_out=done.stdout, raw_err=done.stderr)


def answers(cwd: Path, lines: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return exit code and stderr of commands that only refuse, all of them run in one process: starting it takes longest."""
    done = loop(*lines, cwd=cwd, program=(*LOOP[:-2], "-c", _ANSWERS))
    assert (done.code, done.err) == (0, "")
    return {words: (code, said) for words, code, said in map(json.loads, done.out.splitlines())}
