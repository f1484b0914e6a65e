import tomllib
from typing import Any

import pytest

from loop_kit import resources
from loop_kit.adopt.config import KEYS, Translation, fill_in, read_yaml, translate
from loop_kit.model.config import Settings
from loop_kit.model.run_settings import run_settings

# Every setting that agent-task-runner reads from its config, and what loop makes of it.
ALL = {
    "max_rounds": 5,
    "timeout": 60,
    "heartbeat_ttl": 20,
    "auto_dispatch": True,
    "dispatch_backend": "native",
    "worker_backend": "claude",
    "reviewer_backend": "codex",
    "backend_preference": ["codex"],
    "dispatch_timeout": 900,
    "dispatch_retries": 1,
    "dispatch_retry_base_sec": 2,
    "max_session_rounds": 3,
    "artifact_timeout": 90,
}
TAKEN = {
    "max_rounds": 5,
    "artifact_timeout": 60,  # the older `timeout` limits the wait for a person; its `artifact_timeout` something else
    "heartbeat_ttl": 20,
    "auto_dispatch": True,
    "dispatch_backend": "native",
    "worker_backend": "claude",
    "reviewer_backend": "codex",
    "dispatch_timeout": 900,
    "dispatch_retries": 1,
    "dispatch_retry_base_sec": 2,
    "max_session_rounds": 3,
}


def test_what_means_the_same_is_taken_over_and_the_rest_is_said():
    translation = translate(ALL)
    assert translation.run == TAKEN
    assert translation.left == (
        'backend_preference = ["codex"]: it never had an effect',
        "artifact_timeout = 90: loop waits for no report once an agent has ended",
    )
    assert ALL.keys() == KEYS


def test_a_backend_is_not_taken_over_when_that_would_start_it():
    translation = translate({"worker_backend": "claude"})
    assert translation.run == {}
    assert translation.left == ('worker_backend = "claude": loop would start it even without --auto-dispatch',)


def test_a_backend_that_loop_does_not_have_is_taken_over_so_that_no_other_is_paid_in_its_place():
    assert translate({"auto_dispatch": True, "worker_backend": "opencode"}).run["worker_backend"] == "opencode"


@pytest.mark.parametrize(
    ("key", "value", "because"),
    [
        ("max_rounds", "many", "it is not a number"),
        ("max_rounds", [1], "it is not a number"),
        ("max_rounds", 0, "it should be at least 1, not 0"),
        ("dispatch_backend", "screen", "it should be 'native', not 'screen'"),
        ("allow_dirty", True, "agent-task-runner took no notice of it"),
        ("colour", {"a": 1}, "agent-task-runner took no notice of it"),
    ],
)
def test_what_cannot_be_taken_over_says_why(key: str, value: Any, because: str):
    translation = translate({key: value})
    assert translation.run == {}
    assert translation.left[0].startswith(f"{key} = ")
    assert translation.left[0].endswith(f": {because}")


@pytest.mark.parametrize(("value", "read"), [("7", 7), (7.9, 7), (True, 1)])
def test_numbers_are_read_as_the_older_tool_read_them(value: Any, read: int):
    assert translate({"max_rounds": value}).run == {"max_rounds": read}


def test_what_is_null_was_not_set():
    assert translate({"max_rounds": None, "colour": None}) == Translation(run={})


def test_the_settings_stand_in_the_commented_config_and_the_rest_in_comments():
    default = resources.default_text("config.toml")
    text = fill_in(default, translate(ALL), source="config.json")
    assert Settings.from_document(tomllib.loads(text)) == Settings.from_document({"run": TAKEN})
    assert len(text.splitlines()) == len(default.splitlines()) + 4
    assert "\n# Not taken over from config.json of agent-task-runner:\n# backend_preference = " in text


def test_every_setting_has_its_line_in_the_commented_config():
    default = resources.default_text("config.toml")
    every = Translation(run={setting.name: setting.default for setting in run_settings()})
    assert tomllib.loads(fill_in(default, every, source="x"))["run"].keys() == every.run.keys()


def test_without_anything_to_say_the_config_is_the_commented_one():
    assert fill_in("#a = 1\n", Translation(run={}), source="") == "#a = 1\n"


@pytest.mark.parametrize("odd", ["a\nb", "\x7f", "\u2028", "\ud800", '"', "]"])
def test_odd_names_and_values_cannot_leave_their_comment(odd: str):
    text = fill_in(
        resources.default_text("config.toml"), translate({odd: odd, "max_rounds": odd}), source="config.json"
    )
    assert Settings.from_document(tomllib.loads(text)) == Settings.from_document({})
    text.encode()


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("", {}),
        ("# nothing\n---\n\n", {}),
        ("max_rounds: 5\n", {"max_rounds": 5}),
        ("max_rounds: 5  # five\nworker_backend: claude\n", {"max_rounds": 5, "worker_backend": "claude"}),
        ("a: 'x y'\nb: \"2\"\n", {"a": "x y", "b": "2"}),
        ("a: yes\nb: Off\nc: ~\nd:\ne: 1.5\n", {"a": True, "b": False, "c": None, "d": None, "e": 1.5}),
        ("backend_preference:\n  - codex\n  - claude # too\n", {"backend_preference": ["codex", "claude"]}),
        ("backend_preference: [codex, 2]\n", {"backend_preference": ["codex", 2]}),
    ],
)
def test_a_flat_yaml_file_is_read(text: str, document: dict[str, Any]):
    assert read_yaml(text) == document


@pytest.mark.parametrize(
    "text",
    [
        "a:\n  b: 1\n",
        "a: {b: 1}\n",
        "a: |\n  text\n",
        "a: &x 1\n",
        "- a\n",
        "a: 1\n- b\n",
        "a",
        "'a: 1\n",
        "a: 'b\n",
        "a: 'b # c'\n",
    ],
)
def test_of_yaml_that_says_more_nothing_is_guessed(text: str):
    assert read_yaml(text) is None
