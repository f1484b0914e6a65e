import json
from typing import Any

import pytest

from loop_kit.errors import ConfigError
from loop_kit.model import schema
from loop_kit.model.agent_events import FailureKind
from loop_kit.model.config import BackendSettings, Settings
from loop_kit.model.roles import RoleSettings
from loop_kit.model.run_settings import run_settings
from loop_kit.values.reading import write

FULL: dict[str, Any] = {
    "run": {"max_rounds": 5, "timeout": 60, "auto_dispatch": True, "worker_backend": "mine"},
    "worker": {"model": "small", "args": ["--fast"], "env": {"MODE": "work"}},
    "reviewer": {"model": "large"},
    "backends": {
        "mine": {
            "type": "command",
            "argv": ["agent", "{prompt}"],
            "prompt": "file",
            "report": "json:a.b",
            "failures": {"ERROR": "auth"},
            "env": ["KEY_*"],
        },
        "codex": {"path": "/opt/codex"},
        "acted": {"type": "script", "script": "acts.json"},
    },
    "env": {"pass": ["TOKEN", "TOOL_*"], "set": {"LEVEL": "3"}},
    "plugins": ["my_package.backends"],
}


def refusal(document: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        Settings.from_document(document, name="config.toml")
    return refused.value.message


def test_what_nobody_says_is_built_in():
    assert Settings.from_document({}) == Settings()
    assert write(Settings())["run"] == {**{each.name: each.default for each in run_settings()}, "reviewers": []}
    assert schema.find_problem("config", write(Settings())) is None


def test_a_full_config_comes_back_as_it_went():
    settings = Settings.from_document(FULL)
    assert Settings.from_document(write(settings)) == settings
    assert Settings.from_document(json.loads(json.dumps(write(settings)))) == settings
    assert settings.backend("mine").argv == ("agent", "{prompt}")
    assert settings.backend("mine").failures == {"ERROR": FailureKind.AUTH}
    assert settings.backend("codex") == BackendSettings(type="codex", path="/opt/codex")
    assert schema.find_problem("config", write(settings)) is None


def test_each_role_has_its_backend_and_settings():
    settings = Settings.from_document(FULL)
    assert [settings.backend_names(role) for role in ("worker", "reviewer")] == [("mine",), ("codex",)]
    assert [settings.role(role).model for role in ("worker", "reviewer")] == ["small", "large"]
    assert Settings().role("worker") == RoleSettings()
    assert Settings().backend("claude") == BackendSettings(type="claude")


def test_whole_seconds_are_seconds():
    timeout = Settings.from_document({"run": {"timeout": 60}}).run.timeout
    assert (timeout, type(timeout)) == (60.0, float)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"runs": {}}, "config.toml $.runs: there is no such field, did you mean 'run'?"),
        ({"zzz": {}}, "config.toml $.zzz: there is no such field"),
        (
            {"run": {"max_round": 3}},
            "config.toml $.run.max_round: there is no such field, did you mean 'max_rounds'?",
        ),
        ({"worker": {"modle": "x"}}, "config.toml $.worker.modle: there is no such field, did you mean 'model'?"),
        ({"env": {"passs": []}}, "config.toml $.env.passs: there is no such field, did you mean 'pass'?"),
        (
            {"backends": {"mine": {"arg": []}}},
            "config.toml $.backends.mine.arg: there is no such field, did you mean 'argv'?",
        ),
    ],
)
def test_a_typo_is_refused_with_what_was_probably_meant(document, sentence):
    assert refusal(document) == sentence


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ([], "config.toml $: it should be an object, not a list"),
        ({"run": 3}, "config.toml $.run: it should be an object, not 3"),
        ({"run": {"max_rounds": 0}}, "config.toml $.run.max_rounds: it should be at least 1, not 0"),
        ({"run": {"max_rounds": 2.0}}, "config.toml $.run.max_rounds: it should be a whole number, not 2.0"),
        ({"run": {"auto_dispatch": 1}}, "config.toml $.run.auto_dispatch: it should be true or false, not 1"),
        ({"run": {"timeout": -1}}, "config.toml $.run.timeout: it should be at least 0, not -1"),
        ({"run": {"timeout": float("inf")}}, "config.toml $.run.timeout: it should be a number, not inf"),
        ({"run": {"timeout": float("nan")}}, "config.toml $.run.timeout: it should be a number, not nan"),
        ({"run": {"timeout": True}}, "config.toml $.run.timeout: it should be a number, not true"),
        ({"run": {"dispatch_backend": "ssh"}}, "config.toml $.run.dispatch_backend: it should be 'native', not 'ssh'"),
        (
            {"worker": {"args": ["a\0b"]}},
            "config.toml $.worker.args[0]: it should be a text without NUL characters, not 'a\\x00b'",
        ),
        ({"env": {"set": {"LEVEL": 3}}}, "config.toml $.env.set.LEVEL: it should be a text, not 3"),
        (
            {"backends": {"mine": {"prompt": "argv"}}},
            "config.toml $.backends.mine.prompt: it should be 'stdin' or 'file', not 'argv'",
        ),
        ({"backends": {"mine": []}}, "config.toml $.backends.mine: it should be an object, not a list"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(document, sentence):
    assert refusal(document) == sentence


@pytest.mark.parametrize(
    "document",
    [
        {"run": {"worker_backend": "../codex"}},
        {"backends": {"my agent": {}}},
        {"env": {"pass": ["*"]}},
        {"env": {"pass": ["A=B"]}},
        {"env": {"set": {"A=B": "x"}}},
        {"worker": {"env": {"": "x"}}},
        {"plugins": ["../evil.py"]},
        {"backends": {"mine": {"report": "json:"}}},
        {"backends": {"mine": {"report": "json:a..b"}}},
        {"backends": {"mine": {"report": "somewhere"}}},
    ],
)
def test_what_no_program_could_be_given_is_refused(document):
    assert "should be" in refusal(document)


def test_flags_replace_settings_and_are_judged_by_the_same_rules():
    settings = Settings.from_document(FULL)
    assert settings.having({"max_rounds": 9}, source="--max-rounds").run.max_rounds == 9
    assert settings.having({}, source="the flags") == settings
    with pytest.raises(ConfigError) as refused:
        settings.having({"max_rounds": 0}, source="the command line")
    assert refused.value.message == "the command line $.run.max_rounds: it should be at least 1, not 0"
