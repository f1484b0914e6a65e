"""A program that supervises another one: started by tests, then signalled or killed.

    supervising.py '{"limits": {...}, "code": "...", "die_with_parent": PID}'

Prints how it ended as JSON. Everything it supervises runs in the same folder and environment.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from loop_kit.processes.lineage import die_with_parent
from loop_kit.processes.signals import listening
from loop_kit.processes.spawn import Command
from loop_kit.processes.supervise import Limits, Watch, supervise


def memory_peak() -> int:
    """Return the most memory this program has had at once, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


order = json.loads(sys.argv[1])
command = Command(
    argv=(sys.executable, "-S", "-s", "-c", order["code"]), env=dict(os.environ), cwd=Path(order.get("cwd", "."))
)
with listening() as interruption:
    if "die_with_parent" in order and not die_with_parent(order["die_with_parent"]):
        sys.exit("the parent is gone")
    ended = supervise(command, limits=Limits(**order["limits"]), watch=Watch(), interruption=interruption)
    heard = asdict(ended) | {"out_tail": ended.out_tail[-1000:], "memory_peak": memory_peak()}
    print(json.dumps(heard | {"requested": interruption.requested and interruption.requested.name}), flush=True)  # noqa: T201  (a program)
    os._exit(0)  # a signal that a test sends too late must not find the default handlers
