import pytest

from loop_kit import errors
from loop_kit.errors import EXIT_CODES, LoopError, Outcome, error_for


def kinds(kind: type[LoopError]) -> list[type[LoopError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in kinds(child))]


def test_every_ending_has_an_exit_code_of_its_own():
    assert set(EXIT_CODES) == set(Outcome)
    assert len(set(EXIT_CODES.values())) == len(Outcome)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.APPROVED, 0),
        (Outcome.BUG, 1),
        (Outcome.USAGE, 2),
        (Outcome.INVALID, 3),
        (Outcome.DIRTY_TREE, 4),
        (Outcome.LOCKED, 5),
        (Outcome.ROUND_LIMIT, 6),
        (Outcome.STALLED, 7),
        (Outcome.BACKEND_FAILED, 8),
        (Outcome.TIMEOUT, 9),
        (Outcome.CHANGES_REQUIRED, 10),
        (Outcome.NEEDS_PERSON, 11),
        (Outcome.BUDGET, 12),
        (Outcome.STOPPED, 13),
        (Outcome.INTERRUPTED, 130),
        (Outcome.TERMINATED, 143),
    ],
)
def test_exit_codes_are_a_promise(outcome: Outcome, code: int):
    assert EXIT_CODES[outcome] == code


@pytest.mark.parametrize("kind", kinds(LoopError), ids=lambda kind: kind.__name__)
def test_each_error_knows_its_exit_code_and_speaks_in_its_sentence(kind: type[LoopError]):
    error = kind("state.json is torn", hint="loop run --reset")
    assert (str(error), error.message, error.hint) == ("state.json is torn", "state.json is torn", "loop run --reset")
    assert error.exit_code == EXIT_CODES[kind.outcome]


@pytest.mark.parametrize(
    "outcome", [each for each in Outcome if each not in (Outcome.APPROVED, Outcome.CHANGES_REQUIRED)]
)
def test_an_outcome_that_was_written_down_is_raised_as_the_same_again(outcome: Outcome):
    error = error_for(outcome, "it ended", hint="go on")
    assert (error.outcome, error.message, error.hint) == (outcome, "it ended", "go on")


def test_every_error_of_the_package_is_one_of_loops():
    found = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert [kind for kind in found if not issubclass(kind, LoopError)] == []
