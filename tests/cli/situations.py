"""Every state of a bus times everything a person can do then, and what has to come of it.

A pair is run for real, or refers to a pair that is and says why the two cannot differ, or is impossible for a reason.
A trouble is met by two calls: the one that begins a run (`--reset` where something stands in the way) and `--resume`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.cli.states import STATES
from tests.cli.troubles import CARDS, CONFIGS, TROUBLES

BEGIN, GO_ON = "begin", "go on"
FRESH = ("empty", "idle", "done")
UNFINISHED: tuple[str, ...] = ("awaiting_work", "awaiting_review", "round_limit", "needs_person")
NO_BUS, CORRUPT = ("no_bus",), ("corrupt",)
ALL = tuple(STATES)
COMMANDS = {
    "plain": (),
    "--resume": ("--resume",),
    "--reset": ("--reset",),
    "--single-round": ("--single-round",),
    "--single-round --round right": ("--single-round", "--round", "{round}"),
    "--single-round --round wrong": ("--single-round", "--round", "7"),
}
EVENTS = (*COMMANDS, *(f"{way}: {trouble}" for way in (BEGIN, GO_ON) for trouble in TROUBLES))


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The call ends with `code`, `says` stands on stderr, nothing is paid and nothing at all has changed."""

    code: int
    says: str


@dataclass(frozen=True, kw_only=True)
class Plays:
    """The call goes ahead: the run ends with `code` in `state`, having paid so many calls of worker and reviewer."""

    paid: tuple[int, int]
    code: int = 0
    state: str = "done"
    says: str = ""
    run_name: str = "T-1"


@dataclass(frozen=True, kw_only=True)
class Same:
    """It is decided before the two pairs could differ."""

    state: str
    event: str
    why: str


@dataclass(frozen=True)
class Impossible:
    why: str


Verdict = Refused | Plays | Same | Impossible
Row = tuple[str | tuple[str, ...], tuple[str, ...], Verdict]


def others(*states: str) -> tuple[str, ...]:
    """Return every state with a bus but these."""
    return tuple(state for state in ALL if state not in (*states, *NO_BUS))


NO_OTHER_START = "how a run is opened does not depend on who plays its rounds"
NOTHING_TO_RESUME = Refused(code=3, says="there is no unfinished run to resume")
ROUND_IS_ONE = Refused(code=2, says="--round 7: a new run begins with round 1")
COMMAND_ROWS: tuple[Row, ...] = (
    (tuple(COMMANDS), NO_BUS, Refused(code=3, says=".loop does not exist\n  loop init makes it")),
    ("plain", ("empty", "idle"), Plays(paid=(1, 1))),
    ("plain", ("done",), Plays(paid=(1, 1), run_name="T-1@2")),
    (
        "plain",
        UNFINISHED,
        Refused(code=3, says="is not finished\n  loop run --resume goes on with it; loop run --reset"),
    ),
    (("plain", "--resume"), CORRUPT, Refused(code=3, says=".loop/state.json is not sound JSON")),
    ("--resume", ("empty", "idle"), NOTHING_TO_RESUME),
    ("--resume", ("done",), Plays(paid=(0, 0))),
    ("--resume", ("awaiting_work",), Plays(paid=(1, 1))),
    ("--resume", ("awaiting_review", "needs_person"), Plays(paid=(0, 1))),
    (
        ("--resume", "--single-round"),
        ("round_limit",),
        Plays(paid=(0, 0), code=6, state="awaiting_work", says="1 round ended without approval"),
    ),
    (
        "--single-round --round right",
        ("round_limit",),
        Same(state="round_limit", event="--single-round", why="the number is only compared"),
    ),
    ("--reset", ("empty", "idle"), Same(state="idle", event="plain", why="there is nothing to reset")),
    ("--reset", ("done",), Same(state="done", event="plain", why="there is nothing to reset")),
    ("--reset", ("awaiting_work",), Refused(code=4, says="1 tracked files have uncommitted changes: app.txt")),
    ("--reset", ("awaiting_review", "round_limit", "needs_person", "corrupt"), Plays(paid=(1, 1), run_name="T-1@2")),
    ("--single-round", ("empty",), Plays(paid=(1, 1))),
    ("--single-round", ("idle",), Same(state="idle", event="plain", why=NO_OTHER_START)),
    ("--single-round", ("done",), Same(state="done", event="plain", why=NO_OTHER_START)),
    ("--single-round", ("awaiting_work",), Plays(paid=(1, 1))),
    ("--single-round", ("needs_person",), Same(state="needs_person", event="--resume", why=NO_OTHER_START)),
    ("--single-round", ("awaiting_review",), Plays(paid=(0, 1))),
    (
        "--single-round --round right",
        ("awaiting_work",),
        Same(state="awaiting_review", event="--single-round --round right", why="the number is only compared"),
    ),
    ("--single-round --round right", ("awaiting_review",), Plays(paid=(0, 1))),
    ("--single-round", CORRUPT, Refused(code=3, says=".loop/state.json is not sound JSON")),
    ("--single-round --round right", ("empty",), Plays(paid=(1, 1))),
    (
        "--single-round --round right",
        ("idle", "done"),
        Same(state="empty", event="--single-round --round right", why="a new run begins with round 1"),
    ),
    (
        "--single-round --round right",
        ("needs_person",),
        Same(state="awaiting_review", event="--single-round --round right", why="the number is only compared"),
    ),
    ("--single-round --round right", CORRUPT, Impossible("no round can be read from it")),
    ("--single-round --round wrong", FRESH, ROUND_IS_ONE),
    ("--single-round --round wrong", UNFINISHED, Refused(code=2, says="--round 7: the run stands in round {round}")),
    ("--single-round --round wrong", CORRUPT, Refused(code=3, says=".loop/state.json is not sound JSON")),
)

CARD_SAYS = {
    "card missing": "there is no task card at",
    "card not JSON": "task_card.json is not sound JSON",
    "card empty": "task_card.json is empty",
    "card of a wrong type": "task_card.json $.goal: ",
    "card with a bad id": "task_card.json $.task_id: it should be up to 64 letters, digits",
    "card without a goal": "task_card.json $.goal: it is missing",
    "card huge": "task_card.json is larger than 1 MiB",
    "card is a directory": "task_card.json is a folder, not a file",
    "card is a FIFO": "task_card.json is a FIFO, not a file",
}
SAYS = {
    "config syntax": (3, "config.toml: "),
    "config unknown key": (3, "$.run.max_round: there is no such field, did you mean 'max_rounds'?"),
    "config wrong type": (3, "$.run.max_rounds"),
    "bad variable": (3, "LOOP_MAX_ROUNDS: 'many' is not a number"),
    "other transport": (3, "$.run.dispatch_backend"),
    "no repository": (3, "is in no git repository"),
    "bare repository": (3, "is in a bare repository"),
    "locked bus": (5, "another loop process (pid "),
    "locked tree": (5, "another loop process (pid "),
    "no commit": (3, "has no commit yet"),
    "in mid-merge": (3, "is in the middle of a merge\n  finish or abort the merge first"),
    "bad template": (3, "worker_prompt.txt"),
    "unknown backend": (3, "there is no backend 'scrpt', did you mean 'script'?"),
    "missing program": (8, "the backend 'gone' needs the program 'no-such-program'"),
    "depends on unmet": (3, "T-1 depends on T-0, which is not approved"),
}
# Decided before the bus is looked at, before its locks are taken, before its state is read; in this order.
BEFORE_BUS = (*CONFIGS, "bad variable", "other transport", "no repository", "bare repository")
BEFORE_STATE = ("locked bus", "locked tree")
# What begins a run asks these; going on with one does not, its manifest has the answers.
AT_BEGIN = (
    *CARDS,
    "bad template",
    "no commit",
    "in mid-merge",
    "unknown backend",
    "missing program",
    "depends on unmet",
)
AFTER_THE_TREE = ("bad template", "unknown backend", "missing program")
IN_THE_WAY = "the uncommitted work of the interrupted run is in the way, as it is for --reset alone"
ON_THE_BUS = (*CARDS, *CONFIGS, "bad template", "locked bus", "STOP file", "depends on unmet", "depends on met")
GOING_AHEAD = ("dirty tree allowed", "detached HEAD", "subdirectory", "unusual path", "STOP file", "depends on met")


def _refused(trouble: str) -> Refused:
    code, says = SAYS[trouble] if trouble in SAYS else (3, CARD_SAYS[trouble])
    return Refused(code=code, says=says)


def _begin_rows() -> Iterator[Row]:
    def event(trouble: str) -> str:
        return f"{BEGIN}: {trouble}"

    for trouble in TROUBLES:
        if trouble in ON_THE_BUS:
            yield event(trouble), NO_BUS, Impossible("there is no bus that could hold it")
        elif trouble in BEFORE_BUS:
            yield event(trouble), NO_BUS, _refused(trouble)
        else:
            yield event(trouble), NO_BUS, Same(state="no_bus", event="plain", why="without a bus nothing is looked at")
    for trouble in (*BEFORE_BUS, *BEFORE_STATE):
        run = ("empty", "awaiting_work") if trouble in (*CONFIGS, *BEFORE_STATE) else ("awaiting_work",)
        yield event(trouble), run, _refused(trouble)
        rest = others(*run)
        why = "it is asked before the state is read"
        yield event(trouble), rest, Same(state="awaiting_work", event=event(trouble), why=why)
    for trouble in AT_BEGIN:
        yield from _at_begin(trouble, event(trouble))
    yield event("dirty tree"), others("awaiting_work"), Refused(code=4, says="changes: README.md")
    yield event("dirty tree"), ("awaiting_work",), Refused(code=4, says="changes: README.md, app.txt")
    yield from _beginning_ahead(event("{}"))


def _at_begin(trouble: str, event: str) -> Iterator[Row]:
    """What cannot begin leaves every state alone: each trouble is met in two of them, and one trouble in all."""
    rest = others("empty", "round_limit")
    if trouble in AFTER_THE_TREE:
        rest = others("empty", "round_limit", "awaiting_work")
        yield event, ("awaiting_work",), Same(state="awaiting_work", event="--reset", why=IN_THE_WAY)
    yield event, ("empty", "round_limit"), _refused(trouble)
    same = Same(state="round_limit", event=event, why="it is asked before anything is written, like 'card not JSON'")
    yield event, rest, _refused(trouble) if trouble == "card not JSON" else same


def _beginning_ahead(event: str) -> Iterator[Row]:
    """What a run is begun with in spite of it."""
    for trouble in GOING_AHEAD:
        if trouble == "dirty tree allowed":
            yield event.format(trouble), ("awaiting_work",), Plays(paid=(1, 1), run_name="T-1@2")
        else:
            same = Same(state="awaiting_work", event="--reset", why=IN_THE_WAY)
            yield event.format(trouble), ("awaiting_work",), same
        ends = Plays(paid=(1, 1))
        if trouble == "STOP file":
            ends = Plays(paid=(0, 0), code=13, state="awaiting_work", says=".loop/STOP asks for a stop")
        yield event.format(trouble), ("empty",), ends
        rest = others("empty", "awaiting_work")
        why = "a run that begins looks at it after the bus was emptied, or not at all"
        yield event.format(trouble), rest, Same(state="empty", event=event.format(trouble), why=why)


def _go_on_rows() -> Iterator[Row]:
    def event(trouble: str) -> str:
        return f"{GO_ON}: {trouble}"

    for trouble in TROUBLES:
        for state in ("no_bus", *FRESH, *CORRUPT):
            if state == "no_bus" and trouble in ON_THE_BUS:
                yield event(trouble), (state,), Impossible("there is no bus that could hold it")
            elif trouble in BEFORE_BUS or (trouble in BEFORE_STATE and state != "no_bus"):
                why = "it is asked before the state is read"
                yield event(trouble), (state,), Same(state="awaiting_review", event=event(trouble), why=why)
            else:
                why = "there is nothing to go on with, and that is asked first"
                yield event(trouble), (state,), Same(state=state, event="--resume", why=why)
    for trouble in (*BEFORE_BUS, *BEFORE_STATE):
        yield event(trouble), ("awaiting_review",), _refused(trouble)
        rest = tuple(state for state in UNFINISHED if state != "awaiting_review")
        why = "it is asked before the state is read"
        yield event(trouble), rest, Same(state="awaiting_review", event=event(trouble), why=why)
    asked = {
        "unknown backend": _refused("unknown backend"),
        "missing program": _refused("missing program"),
        "no commit": _refused("no commit"),
        "in mid-merge": Refused(code=4, says="files have uncommitted changes"),
        "dirty tree allowed": Refused(code=4, says="README.md"),
        "detached HEAD": Refused(code=11, says="the run works on main, and a detached HEAD is"),
    }
    yield event("dirty tree"), UNFINISHED, Refused(code=4, says="README.md")
    for trouble, refused in asked.items():
        yield event(trouble), UNFINISHED[:2], refused
        why = "it is asked before anything is written, like 'dirty tree'"
        yield event(trouble), UNFINISHED[2:], Same(state="awaiting_work", event=event(trouble), why=why)
    yield from _going_on_ahead(event("{}"))


def _going_on_ahead(event: str) -> Iterator[Row]:
    """What a run goes on in spite of."""
    review = Plays(paid=(0, 1))
    really = ("card is a directory", "bad template", "subdirectory", "unusual path")
    for trouble in (*CARDS, "bad template", "depends on unmet", "depends on met", "subdirectory", "unusual path"):
        name = event.format(trouble)
        rest = UNFINISHED
        if trouble in really:
            yield name, ("awaiting_review",), review
            rest = tuple(state for state in UNFINISHED if state != "awaiting_review")
        for state in rest:
            yield name, (state,), Same(state=state, event="--resume", why="a run that goes on has its manifest")
    stopped = Plays(paid=(0, 0), code=13, state="awaiting_review", says=".loop/STOP asks for a stop")
    yield event.format("STOP file"), ("awaiting_review",), stopped
    rest = tuple(state for state in UNFINISHED if state != "awaiting_review")
    why = "it is asked before anything is paid"
    yield event.format("STOP file"), rest, Same(state="awaiting_review", event=event.format("STOP file"), why=why)


def rows() -> list[tuple[str, str, Verdict]]:
    """Return state, event and verdict, as the rows give them: a pair that two rows name stands there twice."""
    spread = []
    for events, states, verdict in (*COMMAND_ROWS, *_begin_rows(), *_go_on_rows()):
        named = (events,) if isinstance(events, str) else events
        spread += [(state, event, verdict) for state in states for event in named]
    return spread
