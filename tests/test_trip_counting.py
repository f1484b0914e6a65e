"""What counts the trip of a value, shown small packages whose trips are plain to see."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.trip.counting import Trip, measure
from tests.support.trip.source import Source

STATE = """
    from p.values import dataclass, replace

    @dataclass
    class State:
        round: int
        def name(self) -> str: ...
        def later(self) -> "State":
            return replace(self, round=self.round + 1)
        @property
        def label(self) -> str:
            return f"round {self.round}"
    """
RUN = """
    from p.events import emit
    from p.model import State

    class Run:
        state: State
        events: list[str]

        def emit(self, event: str) -> None:
            self.events.append(event)

        def put(self) -> None:
            emit(self.state.round)

        @property
        def round(self) -> int:
            return self.state.round

        @property
        def saved(self) -> str:
            return save(self)

    def save(run: Run) -> str:
        return str(run.state)
    """


def trip(folder: Path, value: str = "state", *, entry: str = "p.start:start", **modules: str) -> Trip:
    """Measure a package of these modules, with `model.py` beside them; two underscores are a folder."""
    texts = {
        "model": STATE,
        "values__making": "",
        "values____init__": "def dataclass(cls): ...\ndef replace(a, **b): ...",
    }
    for name, text in (texts | modules).items():
        path = folder / "p" / f"{name.replace('__', '/', 1)}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return measure(Source(folder, "p"), entry, [value])


def steps(found: Trip) -> str:
    """Return the trip in short: each step's module and function, a return in brackets."""
    words = (f"{each.file.removesuffix('.py')}.{each.function}" for each in found.entries)
    return " ".join(f"({word})" if each.is_return else word for word, each in zip(words, found.entries, strict=True))


def test_a_file_is_entered_once_and_a_step_back_into_it_is_a_return(tmp_path: Path):
    found = trip(
        tmp_path,
        start="""
            from p import other
            from p.model import State
            def start(state: State) -> None:
                other.one(state)
                other.two(state)
                here(state)
                other.one(state)
            def here(state: State) -> None: pass
            """,
        other="""
            from p.third import deep
            def one(state): deep(state)
            def two(state): pass
            """,
        third="def deep(state): print(state)",
    )
    assert steps(found) == "start.start other.one third.deep (other.two) (start.here) (other.one)"
    assert (found.files, found.returns) == (("start.py", "other.py", "third.py"), 3)


def test_what_is_not_given_the_value_is_not_entered(tmp_path: Path):
    found = trip(
        tmp_path,
        start="""
            from p.model import State
            from p.other import look, make
            def start(state: State) -> None:
                look(state.round)
                fresh = make()
                look(fresh)
            """,
        other="from p.model import State\ndef look(what): ...\ndef make() -> State: ...",
    )
    assert steps(found) == "start.start"


@pytest.mark.parametrize(
    ("line", "entered"),
    [
        ("after = replace(state, round=2)", True),
        ("after = state.later()", True),
        ("after = advance(state)", True),
        ("_, after = both(state)", True),
        ("after = maybe(state) or state", True),
        ("after = [state][0]", True),
        ("after = {'a': state}['a']", True),
        ("for after in each(state): pass", True),
        ("with kept(state) as after: pass", True),
        ("after = state if state.round else None", True),
        ("(after := state)", True),
        ("after = name(state)", False),
        ("after, _ = both(state)", False),
        ("after = replace(advance, round=2)", False),
    ],
)
def test_a_name_holds_the_value_when_its_class_comes_back(tmp_path: Path, line: str, entered: bool):
    found = trip(
        tmp_path,
        start=f"""
            from p.model import State
            from p.results import *
            from p.results import advance, both, each, kept, maybe, name
            from p.values import replace
            from p.last import last
            def start(state: State) -> None:
                {line}
                last(after)
            """,
        results="""
            from collections.abc import Iterator
            from contextlib import contextmanager
            from p.model import State
            def advance(state: State) -> State: ...
            def both(state: State) -> tuple[str, State]: ...
            def each(state: State) -> Iterator[State]: ...
            def maybe(state: State) -> State | None: ...
            def name(state: State) -> str: ...
            @contextmanager
            def kept(state: State) -> Iterator[State]: ...
            """,
        last="def last(what): ...",
    )
    assert ("last.py" in found.files) is entered
    assert found.lost == ()


def test_each_side_of_a_branch_is_followed_and_a_loop_knows_what_it_bound(tmp_path: Path):
    found = trip(
        tmp_path,
        start="""
            from p.model import State
            from p import a, b, c, d, e
            def start(state: State) -> None:
                if state.round:
                    a.go(state)
                else:
                    b.go(state)
                last = None
                while True:
                    if last is not None:
                        c.go(last)
                    last = state
                try:
                    pass
                except ValueError:
                    d.go(state)
                finally:
                    match state:
                        case State() as same:
                            e.go(same)
            """,
        **dict.fromkeys("abcde", "def go(state): ..."),
    )
    assert found.files == ("start.py", "a.py", "b.py", "c.py", "d.py", "e.py")


def test_what_is_defined_within_is_read_where_it_is_defined(tmp_path: Path):
    found = trip(
        tmp_path,
        start="""
            from p.model import State
            from p.call import call
            from p.inner import deep, flat
            def start(state: State) -> None:
                def inside(more: State) -> None:
                    deep(state)
                call(state, inside)
                call(state, lambda: flat(state))
                inside(state)
            """,
        call="def call(state, function): function()",
        inner="def deep(state): ...\ndef flat(state): ...",
    )
    assert steps(found) == "start.start inner.deep call.call (inner.flat) (call.call)"


def test_a_property_is_a_field_unless_it_hands_the_value_on(tmp_path: Path):
    start = """
        from p.run import Run
        from p.other import other
        def start(run: Run) -> None:
            other(run)
            print(run.{name})
            other(run)
        """
    modules = {"run": RUN, "events": "def emit(x): ...", "other": "def other(run): run.state"}
    assert steps(trip(tmp_path, "State", start=start.format(name="round"), **modules)) == "start.start other.other"
    found = trip(tmp_path, "State", start=start.format(name="saved"), **modules)
    assert steps(found) == "start.start other.other run.Run.saved (other.other)"


@pytest.mark.parametrize(
    ("body", "entered"),
    [
        ("run.emit('x')", False),
        ("run.events", False),
        ("print(run)", False),
        ("run.state.round", True),
        ("run.state = run.state", True),
        ("run.put()", True),
        ("run.round", True),
        ("deeper(run)", True),
        ("lambda: deeper(run)", True),
        ("shallow(run)", False),
        ("Later(run)", False),
        ("Later(run).go()", True),
        ("later = Later(run); later.stay()", False),
        ("hand(run.put)", True),
        ("hand(run.emit)", False),
    ],
)
def test_to_pass_a_holder_counts_when_the_value_is_used_through_it(tmp_path: Path, body: str, entered: bool):
    found = trip(
        tmp_path,
        "State",
        run=RUN,
        events="def emit(x): ...",
        start="""
            from p.run import Run
            from p.other import other
            def start(run: Run) -> None:
                other(run)
            """,
        other=f"""
            from p.run import Run
            from p.later import Later, deeper, hand, shallow
            def other(run: Run) -> None:
                {body}
            """,
        later="""
            from p.run import Run
            class Later:
                def __init__(self, run: Run) -> None:
                    self._run = run
                def go(self) -> None:
                    self._run.state
                def stay(self) -> None:
                    self._run.emit("x")
            def deeper(run: Run) -> None:
                shallow(run)
                run.put()
            def shallow(run: Run) -> None:
                run.emit("x")
            def hand(function) -> None: ...
            """,
    )
    assert ("other.py" in found.files) is entered
    assert found.lost == ()


STEPS = """
    from typing import Protocol
    from p.model import State
    from p import a, b

    class Step(Protocol):
        def play(self, state: State) -> State: ...

    class Work:
        def play(self, state: State) -> State:
            return a.work(state)

    class Review:
        def play(self, state: State) -> State:
            return b.review(state)
    """


@pytest.mark.parametrize(
    "start",
    [
        "STEPS = (Work(), Review())\ndef start(state: State):\n    for step in STEPS: state = step.play(state)",
        "STEPS: tuple[Step, ...] = (Work(), Review())\ndef start(state: State):\n    STEPS[0].play(state); STEPS[1].play(state)",
        "def start(state: State, step: Step):\n    step.play(state)",
        "STEPS = (a.work, b.review)\ndef start(state: State):\n    for step in STEPS: state = step(state)",
        "STEPS = {'a': a.work, 'b': b.review}\ndef start(state: State):\n    STEPS[state.round](state)",
        "STEPS = (Limit(a.work), Limit(check=b.review))\ndef start(state: State, limit: Limit):\n    limit.check(state)",
        "STEPS = (Limit(lambda s: a.work(s)), Limit(lambda s: b.review(s)))\n"
        "def start(state: State, limit: Limit):\n    limit.check(state)",
        "def start(state: State):\n    both(state, a.work); both(state, b.review)\ndef both(state, how):\n    how(state)",
        "def start(state: State):\n    list(map(a.work, [state])); partial(b.review, state)",
    ],
)
def test_where_a_call_may_mean_several_functions_it_means_all(tmp_path: Path, start: str):
    limit = "from collections.abc import Callable\nclass Limit:\n    check: Callable[[State], State]\n"
    names = (
        "from functools import partial\nfrom p.steps import *\nfrom p.steps import Step, Work, Review, a, b, State\n"
    )
    found = trip(
        tmp_path,
        steps=STEPS,
        a="def work(state): ...",
        b="def review(state): ...",
        start=f"{names}{limit}{start}",
    )
    assert [name for name in found.files if name != "steps.py"] == ["start.py", "a.py", "b.py"]
    assert found.lost == ()


def test_what_only_says_what_others_do_is_not_entered(tmp_path: Path):
    found = trip(
        tmp_path,
        start="""
            from p.model import State
            from p.port import Step
            def start(state: State, step: Step) -> None:
                step.play(state)
            """,
        port="""
            from typing import Protocol
            from p.model import State
            class Step(Protocol):
                def play(self, state: State) -> None: ...
            """,
        work="class Work:\n    def play(self, state): pass",
    )
    assert steps(found) == "start.start work.Work.play"


def test_the_making_of_an_object_is_a_step_and_so_is_what_it_does_at_once(tmp_path: Path):
    found = trip(
        tmp_path,
        start="""
            from p.model import State
            from p.objects import Eager, Plain
            def start(state: State) -> None:
                kept = Plain(state=state)
                Eager.of(state).state.name()
            """,
        objects="""
            from p.model import State
            from p.eager import begin
            class Plain:
                state: State
            class Eager:
                state: State
                @classmethod
                def of(cls, state: State) -> "Eager":
                    return cls(state)
                def __post_init__(self) -> None:
                    begin(self.state)
            """,
        eager="def begin(state): ...",
    )
    assert steps(found) == "start.start objects.Plain eager.begin model.State.name"


def test_a_value_that_is_made_on_the_way_is_followed_from_there(tmp_path: Path):
    found = trip(
        tmp_path,
        "Dispatch",
        start="""
            from p.ask import Ask
            from p.run import once
            def start(ask: Ask) -> None:
                ask.look()
                once(ask)
            """,
        ask="class Ask:\n    def look(self): ...",
        run="""
            from p.ask import Ask
            from p.dispatch import Dispatch
            from p.end import end
            def once(ask: Ask) -> None:
                made = Dispatch(ask)
                end(made)
            """,
        dispatch="from p.ask import Ask\nclass Dispatch:\n    ask: Ask",
        end="def end(dispatch): ...",
    )
    assert steps(found) == "start.start run.once dispatch.Dispatch end.end"


def test_who_is_given_the_value_and_cannot_be_named_is_told(tmp_path: Path):
    found = trip(
        tmp_path,
        start="""
            from typing import Any
            from collections.abc import Callable
            from p.model import State
            def start(state: State, other: Any, hear: Callable[[State], None]) -> None:
                other.take(state)
                hear(state)
                other.take(state.round)
            """,
    )
    assert found.lost == ("start.py:6 other.take(state)", "start.py:7 hear(state)")


def test_no_trip_enters_the_folder_values(tmp_path: Path):
    found = trip(
        tmp_path,
        start="""
            from p.model import State
            from p.values.making import write
            def start(state: State) -> None:
                write(state)
            """,
        values__making="def write(value): ...",
    )
    assert (found.files, found.lost) == (("start.py",), ())


def test_a_value_has_to_be_there(tmp_path: Path):
    with pytest.raises(LookupError, match="'ghost' is neither a parameter"):
        trip(tmp_path, "ghost", start="def start(state): ...")


def test_the_program_prints_each_entry_and_the_sums(tmp_path: Path):
    trip(
        tmp_path,
        start="from p.model import State\ndef start(state: State):\n    state.name()\n    here(state)\n"
        "def here(state): state.unknown(state)\n",
    )
    argv = [sys.executable, "-m", "tests.support.trip", "--src", tmp_path, "p.start:start", "state"]
    done = subprocess.run(argv, cwd=Path(__file__).parent.parent, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines() == [
        f"   1  ENTER   {'start.py':32}  start",
        f"   2  ENTER   {'model.py':32}  State.name",
        f"   3  RETURN  {'start.py':32}  here",
        "2 files, 1 returns",
        "not followed: start.py:5 state.unknown(state)",
    ]
