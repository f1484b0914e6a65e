"""Every built-in backend keeps the contract, and the contract notices who does not."""

from typing import Any

import pytest

from loop_kit.backends.base import Backend, Call, Order
from loop_kit.backends.contract import ContractError, check_backend
from loop_kit.backends.outside import Source
from loop_kit.backends.registry import find_backend, known
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said
from loop_kit.model.config import BackendSettings
from tests.backends.orders import cases, lines

SETTINGS = BackendSettings(type="any", argv=("agent", "--resume", "{session}"), script="/script.json")
CAPTURED = ("claude", "codex", "gemini", "opencode")


@pytest.mark.parametrize("name", known())
def test_every_known_backend_keeps_the_contract(name: str):
    transcripts = [lines(name, case) for case in cases(name)] if name in CAPTURED else []
    backend = find_backend(name, BackendSettings(type=name, argv=SETTINGS.argv, script=SETTINGS.script))
    check_backend(backend, settings=SETTINGS, transcripts=[said for said in transcripts if said])


def test_the_contract_can_be_asked_without_settings():
    check_backend(Good())


class Good(Backend):
    programs: Any = ("good",)
    env: Any = ("GOOD_*", "GOOD_KEY")
    supports_resume: Any = True

    def command(self, order: Order) -> Call:
        return Call(argv=(order.program, order.session or "new"), stdin=order.prompt)

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        return (Said(line),) if line else ()


class NamesAPath(Good):
    programs = ("bin/good",)


class AsksForEverything(Good):
    env = ("*",)


class ReadsSomewhere(Good):
    outside = (Source("settings.json"),)
    above = ()


class LooksForAPathAbove(Good):
    outside = ()
    above = (".good/settings.json",)


class PutsThePromptIntoArgv(Good):
    def command(self, order: Order) -> Call:
        return Call(argv=(order.program, order.prompt.read_text(), order.session or ""))


class ForgetsThePrompt(Good):
    def command(self, order: Order) -> Call:
        return Call(argv=(order.program, order.session or "new"))


class ForgetsTheSession(Good):
    def command(self, order: Order) -> Call:
        return Call(argv=(order.program,), stdin=order.prompt)


class PassesAPath(Good):
    def command(self, order: Order) -> Call:
        argv: Any = (order.program, order.cwd)
        return Call(argv=argv, stdin=order.prompt)


class ForgetsTheBase(Good):
    isolates = True
    tree_settings: Any = (".good/settings",)


class GivesTheBaseToReviewers(ForgetsTheBase):
    def command(self, order: Order) -> Call:
        return Call(
            argv=(order.program, order.session or "new", *map(str, order.base_settings.values())), stdin=order.prompt
        )


class GoesByTheNameOfARole(Good):
    def command(self, order: Order) -> Call:
        looks = ("--read-only",) if order.role == "reviewer" else ("--all",) if order.role == "worker" else ()
        return Call(argv=(order.program, order.session or "new", *looks), stdin=order.prompt)


class ForgetsTheEffort(Good):
    supports_effort = True


class AnswersSomewhere(Good):
    def answer(self, access: object) -> str:
        return "form"


class TakesSettingsFromElsewhere(ForgetsTheBase):
    tree_settings = ("../settings",)


class TripsOverGarbage(Good):
    def read(self, line: str) -> tuple[AgentEvent, ...]:
        return (Said(line.split(maxsplit=1)[0]),)


class ReturnsAList(Good):
    def read(self, line: str) -> Any:
        return [Said(line)]


class ReturnsText(Good):
    def read(self, line: str) -> Any:
        return (line,)


class Remembers(Good):
    def __init__(self) -> None:
        self.seen = 0

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        self.seen += 1
        return (Said(str(self.seen)),)


class SeesFailureEverywhere(Good):
    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        return Failed(kind=FailureKind.UNKNOWN, message="it ended")


class CannotExplainSilence(Good):
    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        return Failed(kind=FailureKind.UNKNOWN, message=stderr.splitlines()[-1])


class BelievesItsAgent(Good):
    def document(self, order: Order, finished: Finished | None, said: str) -> Any | None:
        assert finished is not None
        return finished.text


@pytest.mark.parametrize(
    ("backend", "rule"),
    [
        (object(), "a backend has every member"),
        (
            ReadsSomewhere(),
            r"outside holds sources with a path from /, ~ or \$NAME, not Source\(path='settings.json'",
        ),
        (LooksForAPathAbove(), "above holds names, not '.good/settings.json'"),
        (NamesAPath(), "programs holds names without a path, not 'bin/good'"),
        (AsksForEverything(), r"env holds variable names and PREFIX_\* patterns, not '\*'"),
        (PutsThePromptIntoArgv(), "a long prompt does not stand in argv"),
        (ForgetsThePrompt(), "the prompt reaches the program"),
        (ForgetsTheSession(), "a backend that supports resume passes the session on"),
        (PassesAPath(), "argv and env are made of texts"),
        (ForgetsTheBase(), "settings of the base are given to who writes"),
        (GivesTheBaseToReviewers(), "settings of the base are given to who writes, .*, and to no other"),
        (GoesByTheNameOfARole(), "the name of a role decides nothing"),
        (ForgetsTheEffort(), "a backend passes the effort on when it says that it supports one"),
        (AnswersSomewhere(), "answer returns an Answer for each access"),
        (TakesSettingsFromElsewhere(), "tree_settings holds paths inside a tree, not '../settings'"),
        (TripsOverGarbage(), "read(.*) never raises, but raised IndexError"),
        (ReturnsAList(), "read returns a tuple of agent events"),
        (ReturnsText(), "read returns a tuple of agent events"),
        (Remembers(), "the same line reads the same twice"),
        (SeesFailureEverywhere(), "exit code 0 alone is no failure"),
        (CannotExplainSilence(), "explain(.*) never raises, but raised IndexError"),
        (BelievesItsAgent(), "document never raises, but raised AssertionError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_broken_rule_is_named(backend: object, rule: str):
    with pytest.raises(ContractError, match=rule):
        check_backend(backend)


def test_a_transcript_that_says_nothing_is_noticed():
    with pytest.raises(ContractError, match="at least one line of a transcript is an event"):
        check_backend(Good(), transcripts=[["hello"], [""]])
