from itertools import pairwise

import pytest

from loop_kit.backends.base import Backend, Call, Configurable, Order, answer_of, check_effort
from loop_kit.backends.command import COMMAND
from loop_kit.backends.registry import find_backend
from loop_kit.errors import ConfigError
from loop_kit.model.agent_events import AgentEvent, FailureKind
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access, Answer
from tests.backends.orders import make_order


class Least(Backend):
    programs = ("least",)
    env = ()
    supports_resume = False

    def command(self, order: Order) -> Call:
        return Call(argv=(order.program,), stdin=order.prompt)

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        return ()


class SameShape:
    """A backend that inherits nothing, as a third party may write it."""

    programs = ("shape",)
    env = ()
    supports_resume = False
    supports_effort = False

    def command(self, order): ...
    def read(self, line): ...
    def explain(self, exit_code, stderr): ...
    def document(self, order, finished, said): ...


def test_inheriting_gives_an_explanation_and_a_document(tmp_path):
    failed = Least().explain(3, "no luck\n")
    assert failed is not None
    assert (failed.kind, failed.message) == (FailureKind.UNKNOWN, "exit code 3: no luck")
    assert Least().document(make_order(tmp_path), None, 'Here:\n```json\n{"a": 1}\n```') == {"a": 1}


def test_a_class_of_the_same_shape_will_do():
    assert isinstance(SameShape(), Backend)
    assert not isinstance(object(), Backend)


def test_only_some_backends_are_made_for_their_settings():
    assert isinstance(COMMAND, Configurable)
    assert not isinstance(Least(), Configurable)


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        (BackendSettings(type="claude"), Answer.FORM),
        (BackendSettings(type="codex"), Answer.FORM),
        (BackendSettings(type="gemini"), Answer.TEXT),
        (BackendSettings(type="opencode"), Answer.TEXT),
        (BackendSettings(type="acp", preset="codex"), Answer.TEXT),
        (BackendSettings(type="acp", argv=("agent",)), Answer.FILE),
        (BackendSettings(type="command", argv=("agent",)), Answer.FILE),
        (BackendSettings(type="script", script="/script.json"), Answer.FILE),
    ],
    ids=lambda value: f"{value.type}{value.preset}" if isinstance(value, BackendSettings) else "",
)
def test_who_may_write_a_file_answers_in_one_and_who_may_not_as_its_program_can(settings, answer):
    backend = find_backend("mine", settings)
    assert (answer_of(backend, Access.READ), answer_of(backend, Access.WRITE)) == (answer, Answer.FILE)


def test_who_cannot_be_asked_for_an_effort_is_refused_one():
    claude, gemini = (find_backend(name, BackendSettings(type=name)) for name in ("claude", "gemini"))
    check_effort("claude", claude, "high")
    check_effort("gemini", gemini, "")
    with pytest.raises(ConfigError, match=r"^'gemini' cannot be asked for an effort, and it is to have 'high'$"):
        check_effort("gemini", gemini, "high")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (BackendSettings(type="claude"), ("--effort", "high")),
        (BackendSettings(type="codex"), ("-c", 'model_reasoning_effort="high"')),
        (BackendSettings(type="opencode"), ("--variant", "high")),
        (BackendSettings(type="command", argv=("agent", "--think", "{effort}")), ("--think", "high")),
    ],
    ids=lambda value: value.type if isinstance(value, BackendSettings) else "",
)
def test_an_effort_is_said_as_the_program_wants_it_and_not_at_all_when_nobody_asks(tmp_path, settings, words):
    backend = find_backend("mine", settings)
    with_effort, without = (
        backend.command(make_order(tmp_path, settings=settings, effort=effort)).argv for effort in ("high", "")
    )
    assert words in pairwise(with_effort)
    assert len(with_effort) - len(without) == len(words)
    assert "high" not in " ".join(without)


def test_the_reports_folder_is_to_be_written_only_where_the_tree_does_not_hold_it(tmp_path):
    git_dir = tmp_path / "git"
    assert make_order(tmp_path, writable=(git_dir,)).to_write == (git_dir,)
    outside = make_order(tmp_path, writable=(git_dir,), report=tmp_path / "outbox" / "report.json")
    assert outside.to_write == (git_dir, tmp_path / "outbox")


def test_a_call_needs_nothing_but_its_words():
    call = Call(argv=("a",))
    assert (dict(call.env), call.stdin) == ({}, None)
