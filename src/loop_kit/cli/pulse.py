"""`loop health` as it is called most: whether what should live lives, without reading a command line."""

import time

from loop_kit.bus.bus import Bus
from loop_kit.cli.console import put
from loop_kit.cli.edge import Edge
from loop_kit.cli.looking import bus_to_look_at, now, put_json
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.values.reading import write
from loop_kit.views.ages import told
from loop_kit.views.health import Health, Sign, read_health

TTL_SECONDS = 30.0
# A single look may fall between two steps of a run, so a bad verdict has to last this long.
_DOUBT_SECONDS = 1.5
_LOOK_SECONDS = 0.25


def show(edge: Edge, ttl: float = TTL_SECONDS) -> int:
    health = _look(bus_to_look_at(edge), ttl)
    put("\n".join(f"{who:10}{sign.pulse:7}{_facts(sign)}" for who, sign in health.signs.items()))
    return _code(health)


def show_json(edge: Edge, ttl: float = TTL_SECONDS) -> int:
    health = _look(bus_to_look_at(edge), ttl)
    put_json(write(health))
    return _code(health)


def _code(health: Health) -> int:
    return EXIT_CODES[Outcome.APPROVED if health.sound else Outcome.NEEDS_PERSON]


def _look(bus: Bus, ttl: float) -> Health:
    until = time.monotonic() + _DOUBT_SECONDS
    while not (health := read_health(bus, now(), ttl)).sound and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    return health


def _facts(sign: Sign) -> str:
    pids = {"pid": sign.pid, "program": sign.program}
    facts = [f"{name} {pid}" for name, pid in pids.items() if pid is not None]
    facts += [f"heartbeat {told(sign.age)} ago"] if sign.age is not None else []
    return sign.why + (f" ({', '.join(facts)})" if facts else "")
