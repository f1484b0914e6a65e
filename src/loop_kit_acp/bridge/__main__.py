"""The bridge's command line.

    python -m loop_kit_acp.bridge --access read|write [--session ID] [--model ID] [--mode ID]… [--no-usage] [--meta JSON]
        -- PROGRAM ARG…

The prompt comes on standard input. Exit code 0: the agent finished its turn; 1: it failed, and the last event line says
how; 95: the client library for the protocol is missing; 128 and a signal's number: it was told to end.
"""

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path

from loop_kit_acp.bridge.task import Task

NO_CLIENT = 95


def main(arguments: list[str]) -> int:
    task = read_task(arguments)
    try:
        from loop_kit_acp.bridge.run import run  # noqa: PLC0415  (its absence is a sentence, no traceback)
    except ImportError as error:
        hint = "pip install 'loop-kit[acp]' into the environment that runs loop"
        print(f"the client library for ACP cannot be imported ({error}): {hint}", file=sys.stderr)
        return NO_CLIENT
    prompt = sys.stdin.buffer.read().decode("utf-8", "replace")
    return asyncio.run(run(task, prompt))


def read_task(arguments: list[str]) -> Task:
    parser = argparse.ArgumentParser(prog="acp_bridge", allow_abbrev=False)
    parser.add_argument("--access", choices=("read", "write"), required=True)
    parser.add_argument("--session", default="")
    parser.add_argument("--model", default="")
    parser.add_argument("--mode", action="append", default=[])
    parser.add_argument("--no-usage", action="store_true")
    parser.add_argument("--meta", type=json.loads, default={})
    parser.add_argument("program", nargs="+")
    given = parser.parse_args(arguments)
    return Task(
        access=given.access,
        session=given.session,
        model=given.model,
        modes=tuple(given.mode),
        counts=not given.no_usage,
        meta=given.meta,
        program=tuple(given.program),
        cwd=str(Path.cwd()),
    )


class OneLine(logging.Formatter):
    """The client library logs what it could not read with a traceback; its last line says all that a person needs."""

    def formatException(self, ei: object) -> str:  # noqa: N802  (the name is logging's)
        error = ei[1] if isinstance(ei, tuple) else ei
        return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def quiet_logs() -> None:
    lines = logging.StreamHandler()
    lines.setFormatter(OneLine("acp: %(message)s"))
    logging.basicConfig(handlers=[lines], level=logging.WARNING)


if __name__ == "__main__":
    quiet_logs()
    raise SystemExit(main(sys.argv[1:]))
