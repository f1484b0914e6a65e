import json
from dataclasses import replace
from typing import Any

import pytest

from loop_kit.backends.command import COMMAND
from loop_kit.errors import ConfigError
from loop_kit.model.agent_events import Failed, FailureKind, Finished, Said, SessionStarted
from loop_kit.model.config import BackendSettings
from tests.backends.orders import make_order


def _settings(*argv: str, **more: Any) -> BackendSettings:
    return BackendSettings(type="command", argv=("agent", *argv), **more)


def _argv(tmp_path, *argv: str, **given: Any) -> tuple[str, ...]:
    return COMMAND.command(make_order(tmp_path, settings=_settings(*argv), **given)).argv


def test_known_placeholders_are_replaced_and_other_braces_stay(tmp_path):
    words = ("{role}-{round}-{task_id}", "-o", "{report}", '{"a": {model}}', "{unknown}")
    report = str(tmp_path / "tree/.loop/report.json")
    expected = ("/opt/agent", "worker-2-T-001", "-o", report, '{"a": m}', "{unknown}")
    assert _argv(tmp_path, *words, model="m") == expected


def test_a_value_is_not_searched_for_placeholders(tmp_path):
    assert _argv(tmp_path, "{model}", model="{session}") == ("/opt/agent", "{session}")


def test_a_missing_session_takes_its_option_along(tmp_path):
    words = ("--resume", "{session}", "-m", "{model}", "--as={model}", "go", "{session}", "end")
    assert _argv(tmp_path, *words) == ("/opt/agent", "go", "end")
    present = _argv(tmp_path, *words, session="s", model="m")
    assert present == ("/opt/agent", "--resume", "s", "-m", "m", "--as=m", "go", "s", "end")


def test_the_arguments_of_the_role_come_last(tmp_path):
    assert _argv(tmp_path, "-x", args=("--fast",)) == ("/opt/agent", "-x", "--fast")


def test_the_prompt_is_standard_input_or_a_named_file(tmp_path):
    order = make_order(tmp_path, settings=_settings())
    assert COMMAND.command(order).stdin == order.prompt
    call = COMMAND.command(replace(order, settings=_settings("{prompt}", prompt="file")))
    assert call.stdin is None
    assert call.argv[1] == str(order.prompt)


def test_only_a_program_that_is_given_a_session_supports_resume():
    assert COMMAND.configured("mine", _settings("--resume", "{session}")).supports_resume
    assert not COMMAND.configured("mine", _settings("{prompt}")).supports_resume


def test_the_variables_it_asks_for_are_those_of_its_table():
    assert COMMAND.configured("mine", _settings(env=("MINE_*",))).env == ("MINE_*",)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (BackendSettings(type="command"), "backends.mine.argv is missing"),
        (BackendSettings(type="command", argv=("",)), "backends.mine.argv is missing"),
        (_settings(prompt="file"), 'backends.mine.argv has no {prompt} although prompt is "file"'),
        (_settings(prompt="mail"), "backends.mine.prompt is 'mail'"),
        (_settings(report="xml"), "backends.mine.report is 'xml'"),
        (_settings(report="json:"), "backends.mine.report is 'json:'"),
        (_settings(report="json:a..b"), "backends.mine.report is 'json:a..b'"),
    ],
)
def test_a_wrong_table_is_one_sentence_before_anything_is_started(settings: BackendSettings, sentence: str):
    with pytest.raises(ConfigError) as caught:
        COMMAND.configured("mine", settings)
    assert caught.value.message == sentence
    assert caught.value.hint


def test_a_line_is_an_event_or_something_said():
    assert COMMAND.read('{"event": "session", "id": "s-1"}') == (SessionStarted("s-1"),)
    assert COMMAND.read('{"other": 1}') == (Said('{"other": 1}'),)
    assert COMMAND.read("Working on it") == (Said("Working on it"),)
    assert COMMAND.read("  ") == ()


def test_a_line_that_begins_as_the_table_says_is_a_failure():
    kinds = {"litellm.RateLimitError": FailureKind.TRANSIENT, "litellm.": FailureKind.PERMANENT}
    backend = COMMAND.configured("mine", _settings(failures=kinds))
    line = "litellm.RateLimitError: busy"
    assert backend.read(line) == (Said(line), Failed(kind=FailureKind.TRANSIENT, message=line))
    (_, failed) = backend.read("litellm.BadRequestError: x")
    assert isinstance(failed, Failed)
    assert failed.kind is FailureKind.PERMANENT
    assert backend.read("It printed litellm.RateLimitError: busy") == (Said("It printed litellm.RateLimitError: busy"),)


def test_a_document_is_found_in_plain_text(tmp_path):
    order = make_order(tmp_path, settings=_settings())
    assert COMMAND.document(order, None, 'Reading\n```json\n{"a": 1}\n```\nDone.') == {"a": 1}
    assert COMMAND.document(order, None, '\nstarting\n{\n  "a": 1\n}') == {"a": 1}
    assert COMMAND.document(order, Finished(structured={"a": 2}), "") == {"a": 2}


def test_a_document_is_found_at_its_path_in_the_output(tmp_path):
    order = make_order(tmp_path, settings=_settings(report="json:result.document"))
    inner = {"decision": "approve"}
    line = json.dumps({"result": {"document": inner}})
    pretty = json.dumps({"result": {"document": inner}}, indent=2)
    spelled = json.dumps({"result": {"document": f"Here:\n```json\n{json.dumps(inner)}\n```"}})
    earlier = json.dumps({"result": {"document": {}}})
    for said in (line, f"\n{pretty}", f"log\n{line}\nbye", f"{earlier}\n{line}", spelled):
        assert COMMAND.document(order, None, said) == inner
    assert COMMAND.document(order, None, '{"decision": "approve"}') is None
    assert COMMAND.document(order, None, "no JSON") is None
