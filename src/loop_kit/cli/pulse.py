"""`loop health` as it is called most: whether what should live lives, without reading a command line."""

import time
from collections.abc import Sequence

from loop_kit.cli.console import put
from loop_kit.cli.edge import Edge
from loop_kit.cli.looking import bus_of_run, now, put_json
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.values.reading import write
from loop_kit.views.ages import told
from loop_kit.views.health import Health, OtherPulse, Sign, read_health, read_others

TTL_SECONDS = 30.0
# A single look may fall between two steps of a run, so a bad verdict has to last this long.
_DOUBT_SECONDS = 1.5
_LOOK_SECONDS = 0.25


def show(edge: Edge, ttl: float = TTL_SECONDS, task: str = "") -> int:
    health, others = _look(edge, ttl, task)
    put("\n".join(f"{who:10}{sign.pulse:7}{_facts(sign)}" for who, sign in health.signs.items()))
    for other in others:
        put(f"{other.run_name:9} {other.pulse:7}{other.why}")
    return _code(health, others)


def show_json(edge: Edge, ttl: float = TTL_SECONDS, task: str = "") -> int:
    health, others = _look(edge, ttl, task)
    put_json({**write(health), "others": write(others)})
    return _code(health, others)


def _code(health: Health, others: Sequence[OtherPulse]) -> int:
    return EXIT_CODES[Outcome.APPROVED if _sound(health, others) else Outcome.NEEDS_PERSON]


def _sound(health: Health, others: Sequence[OtherPulse]) -> bool:
    return health.sound and all(other.sound for other in others)


def _look(edge: Edge, ttl: float, task: str) -> tuple[Health, tuple[OtherPulse, ...]]:
    """Return how the run that was named lives; without a name that on the bus, and those on others."""
    bus = bus_of_run(edge, task)
    until = time.monotonic() + _DOUBT_SECONDS
    while True:
        health, others = read_health(bus, now(), ttl), () if task else tuple(read_others(bus, now(), ttl))
        if _sound(health, others) or time.monotonic() >= until:
            return health, others
        time.sleep(_LOOK_SECONDS)


def _facts(sign: Sign) -> str:
    pids = {"pid": sign.pid, "program": sign.program}
    facts = [f"{name} {pid}" for name, pid in pids.items() if pid is not None]
    facts += [f"heartbeat {told(sign.age)} ago"] if sign.age is not None else []
    return sign.why + (f" ({', '.join(facts)})" if facts else "")
