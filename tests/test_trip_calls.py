"""What counts the trip of a value: which calls it follows, and what it makes of a call that may mean several functions."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.trip.invented import steps, trip


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


LIMIT = "from collections.abc import Callable\nclass Limit:\n    check: Callable[[State], State]\n"
_LIMITED = "def start(state: State, limit: Limit):\n    limit.check(state)"
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
        "STEPS = (Limit(a.work), Limit(check=b.review))\n" + _LIMITED,
        "STEPS = (Limit(lambda s: a.work(s)), Limit(lambda s: b.review(s)))\n" + _LIMITED,
        "def start(state: State):\n    both(state, a.work); both(state, b.review)\ndef both(state, how):\n    how(state)",
        "def start(state: State):\n    list(map(a.work, [state])); partial(b.review, state)",
    ],
)
def test_where_a_call_may_mean_several_functions_it_means_all(tmp_path: Path, start: str):
    names = (
        "from functools import partial\nfrom p.steps import *\nfrom p.steps import Step, Work, Review, a, b, State\n"
    )
    found = trip(
        tmp_path,
        steps=STEPS,
        a="def work(state): ...",
        b="def review(state): ...",
        start=f"{names}{LIMIT}{start}",
    )
    assert [name for name in found.files if name != "steps.py"] == ["start.py", "a.py", "b.py"]
    assert found.lost == ()


def test_an_object_has_the_functions_that_it_was_given(tmp_path: Path):
    found = trip(
        tmp_path,
        start="""
            from p.limit import Limit
            from p.model import State
            from p import a, b
            ONE, OTHER = (Limit(check=a.go),), Limit(b.go)
            ALL = (Limit(check=a.go), *ONE)
            def start(state: State) -> None:
                for limit in ALL:
                    limit.check(state)
            """,
        limit=f"from p.model import State\n{LIMIT}",
        **dict.fromkeys("ab", "def go(state): ..."),
    )
    assert found.files == ("start.py", "a.py")


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
    argv = [sys.executable, "-m", "tests.support.trip", "--src", str(tmp_path), "p.start:start", "state"]
    done = subprocess.run(argv, cwd=Path(__file__).parent.parent, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines() == [
        f"   1  ENTER   {'start.py':32}  start",
        f"   2  ENTER   {'model.py':32}  State.name",
        f"   3  RETURN  {'start.py':32}  here",
        "2 files, 1 returns",
        "not followed: start.py:5 state.unknown(state)",
    ]
