from typing import Any

import pytest

from loop_kit.errors import ConfigError, DocumentError
from loop_kit.model.check import CheckCommand, Prepare, Where, shown_command
from loop_kit.model.config import Settings
from loop_kit.model.documents import read
from loop_kit.model.task import TaskCard
from loop_kit.values.reading import write
from tests.support import documents


def from_card(*checks: dict[str, Any]) -> tuple[CheckCommand, ...]:
    return read(TaskCard, {**documents.card(), "checks": list(checks)}, name="card.json").checks


def from_config(document: dict[str, Any]) -> Settings:
    return Settings.from_document(document, name="config.toml")


def test_a_check_in_full_is_read_from_card_and_config_alike():
    entry = {"argv": ["make", "test"], "timeout": 30, "expect": [0, 5], "where": "inplace"}
    command = CheckCommand(name="tests", argv=("make", "test"), timeout=30.0, expect=(0, 5), where=Where.INPLACE)
    assert from_card({"name": "tests", **entry}) == (command,)
    assert from_config({"checks": {"tests": entry}}).checks == {"tests": command}


def test_a_line_for_the_shell_is_run_by_sh_and_shown_as_it_was_written():
    (command,) = from_card({"name": "tests", "run": "make test | tee log"})
    assert command == CheckCommand(name="tests", run="make test | tee log")
    assert command.command_line == ("sh", "-c", "make test | tee log")
    assert command.sentence == "tests: make test | tee log"
    assert shown_command(("echo", "two words")) == "echo 'two words'"


def test_one_exit_code_may_stand_alone():
    assert from_card({"name": "tests", "run": "true", "expect": 3})[0].expect == (3,)


def test_a_config_with_checks_comes_back_as_it_went():
    settings = from_config(
        {
            "run": {"require_checks": True, "review_failing": True},
            "checks": {"tests": {"run": "make"}, "lint": {"argv": ["ruff", "check"], "expect": 0, "where": "inplace"}},
            "prepare": {"run": "make deps", "timeout": 9, "files": ["**/*.lock"], "link": ["node_modules"]},
        }
    )
    assert from_config(write(settings)) == settings
    assert settings.prepare == Prepare(run="make deps", timeout=9.0, files=("**/*.lock",), link=("node_modules",))
    assert (settings.run.require_checks, settings.run.review_failing) == (True, True)


def test_linking_may_be_all_the_preparation():
    settings = from_config({"prepare": {"link": ["node_modules"]}})
    assert settings.prepare == Prepare(link=("node_modules",))
    assert from_config(write(settings)) == settings
    assert settings.prepare.command_line == ()


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({}, "$.checks.tests.run: it is missing, and so is 'argv'"),
        ({"argv": ["a"], "run": "b"}, "$.checks.tests.run: it should be left out beside 'argv', not 'b'"),
        ({"argv": []}, "$.checks.tests.argv: it has fewer than 1 entries"),
        ({"run": " "}, "$.checks.tests.run: it should be a command, without NUL characters, not ' '"),
        ({"run": "a\0b"}, "$.checks.tests.run: it should be a command, without NUL characters, not 'a\\x00b'"),
        ({"argv": ["a"], "expect": 256}, "$.checks.tests.expect: it should be at most 255, not 256"),
        ({"argv": ["a"], "expect": []}, "$.checks.tests.expect: it has fewer than 1 entries"),
        ({"argv": ["a"], "timeout": -1}, "$.checks.tests.timeout: it should be at least 0, not -1"),
        ({"argv": ["a"], "where": "here"}, "$.checks.tests.where: it should be 'worktree' or 'inplace', not 'here'"),
        ({"argvs": ["a"]}, "$.checks.tests.argvs: there is no such field, did you mean 'argv'?"),
    ],
)
def test_a_check_that_cannot_be_run_is_refused(entry, sentence):
    with pytest.raises(ConfigError) as refused:
        from_config({"checks": {"tests": entry}})
    assert refused.value.message == f"config.toml {sentence}"


@pytest.mark.parametrize("name", ["../up", "two words", "", "a/b", "x.lock"])
def test_a_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(ConfigError, match="it should be up to 64 letters"):
        from_config({"checks": {name: {"run": "true"}}})
    with pytest.raises(DocumentError, match="it should be up to 64 letters"):
        from_card({"name": name, "run": "true"})


def test_two_checks_of_a_card_cannot_share_a_name():
    with pytest.raises(DocumentError) as refused:
        from_card({"name": "a", "run": "true"}, {"name": "b", "run": "true"}, {"name": "a", "run": "false"})
    assert refused.value.message == "card.json $.checks[2].name: another check is called 'a' already"


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        ({}, "$.prepare.run: it is missing, and so is 'argv'"),
        ({"argv": ["a"], "run": "b", "link": ["c"]}, "$.prepare.run: it should be left out beside 'argv', not 'b'"),
        ({"comand": "x"}, "$.prepare.comand: there is no such field"),
    ],
)
def test_a_preparation_that_cannot_be_run_is_refused(prepare, sentence):
    with pytest.raises(ConfigError) as refused:
        from_config({"prepare": prepare})
    assert refused.value.message == f"config.toml {sentence}"


@pytest.mark.parametrize("path", ["/etc", "..", "../up", "a/../b", "a/..", ".", "", "a\0b", "a\nb"])
def test_what_is_linked_or_digested_lies_inside_the_repository(path):
    for key in ("link", "files"):
        with pytest.raises(
            ConfigError, match=r"\$\.prepare\.[a-z]+\[0\]: it should be a (path|glob) inside the repository"
        ):
            from_config({"prepare": {"run": "true", key: [path]}})


@pytest.mark.parametrize("glob", ["a**", "**b/c", "a/x**/c"])
def test_a_glob_that_means_nothing_is_refused(glob):
    with pytest.raises(ConfigError, match="only as a whole folder name"):
        from_config({"prepare": {"run": "true", "files": [glob]}})
