"""A program that supervises others: started by tests, then signalled or killed.

    supervising.py '{"limits": {...}, "code": "...", "die_with_parent": PID}'

Prints how it ended as JSON. With `codes` in the place of `code` it runs several programs at once and prints a list.
Everything it supervises runs in the same folder and environment.
"""

import json
import math
import os
import sys
from dataclasses import asdict
from pathlib import Path

from loop_kit.processes.lineage import die_with_parent
from loop_kit.processes.signals import listening
from loop_kit.processes.spawn import Command
from loop_kit.processes.supervise import Job, Limits, Watch, supervise_all


def memory_peak() -> int:
    """Return the most memory this program has had at once, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


order = json.loads(sys.argv[1])
jobs = [
    Job(
        command=Command(argv=(sys.executable, "-S", "-s", "-c", code), env=dict(os.environ), cwd=Path.cwd()),
        limits=Limits(**order["limits"]),
        watch=Watch(tick_every=math.inf),  # so that nothing wakes it but news
    )
    for code in order.get("codes", [order.get("code")])
]
with listening() as interruption:
    if "die_with_parent" in order and not die_with_parent(order["die_with_parent"]):
        sys.exit("the parent is gone")
    heard = [
        asdict(ended)
        | {"out_tail": ended.out_tail[-1000:], "memory_peak": memory_peak()}
        | {"requested": interruption.requested and interruption.requested.name}
        for ended in supervise_all(jobs, interruption=interruption)
    ]
    print(json.dumps(heard if "codes" in order else heard[0]), flush=True)  # noqa: T201  (a program)
    os._exit(0)  # a signal that a test sends too late must not find the default handlers
