"""What counts the trip of a value: when it counts that an object is passed which holds the value, and what makes one."""

from pathlib import Path

import pytest

from tests.support.trip.invented import steps, trip

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
