"""`loop health` without the command line's parser: prints the health of the run on the bus."""

import time
from collections.abc import Sequence

from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.printing import now, print_json
from loop_kit.cli.targets import bus_of_run
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.values.reading import write
from loop_kit.views.ages import duration
from loop_kit.views.health import Health, OtherHealth, Sign, read_health, read_others

TTL_SECONDS = 30.0
# One look may fall between two steps of a run, so a bad verdict has to last this long.
_DOUBT_SECONDS = 1.5
_LOOK_SECONDS = 0.25


def print_health(invocation: Invocation, ttl: float = TTL_SECONDS, task: str = "") -> int:
    health, others = _look(invocation, ttl, task)
    print_("\n".join(f"{who:10}{sign.liveness:7}{_facts(sign)}" for who, sign in health.signs.items()))
    for other in others:
        print_(f"{other.run_name:9} {other.liveness:7}{other.why}")
    return _code(health, others)


def print_health_json(invocation: Invocation, ttl: float = TTL_SECONDS, task: str = "") -> int:
    health, others = _look(invocation, ttl, task)
    print_json({**write(health), "others": write(others)})
    return _code(health, others)


def _code(health: Health, others: Sequence[OtherHealth]) -> int:
    return EXIT_CODES[Outcome.APPROVED if _sound(health, others) else Outcome.NEEDS_PERSON]


def _sound(health: Health, others: Sequence[OtherHealth]) -> bool:
    return health.sound and all(other.sound for other in others)


def _look(invocation: Invocation, ttl: float, task: str) -> tuple[Health, tuple[OtherHealth, ...]]:
    """Return how the run that was named lives; without a name that on the bus, and those on others."""
    bus = bus_of_run(invocation, task)
    until = time.monotonic() + _DOUBT_SECONDS
    while True:
        health, others = read_health(bus, now(), ttl), () if task else tuple(read_others(bus, now(), ttl))
        if _sound(health, others) or time.monotonic() >= until:
            return health, others
        time.sleep(_LOOK_SECONDS)


def _facts(sign: Sign) -> str:
    pids = {"pid": sign.pid, "program": sign.program}
    facts = [f"{name} {pid}" for name, pid in pids.items() if pid is not None]
    facts += [f"heartbeat {duration(sign.age)} ago"] if sign.age is not None else []
    return sign.why + (f" ({', '.join(facts)})" if facts else "")
