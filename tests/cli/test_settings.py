import os
from pathlib import Path
from typing import Any

import pytest

from loop_kit import resources
from loop_kit.cli.settings import find_people, from_environment, read_config, resolve
from loop_kit.errors import LoopError
from loop_kit.model.config import Settings
from loop_kit.model.run_settings import run_settings, variable_of
from loop_kit.values.annotations import DocumentField

BUILT_IN = Settings.from_document({}, name="nothing")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_anything_the_built_in_values_hold(config: Path):
    assert resolve(config, {}, {}) == BUILT_IN


def test_a_flag_wins_over_the_environment_and_that_over_the_file(config: Path):
    config.write_text("[run]\nmax_rounds = 4\ndispatch_retries = 4\nverbose = true\n", encoding="utf-8")
    environment = {"LOOP_MAX_ROUNDS": "5", "LOOP_DISPATCH_RETRIES": "5"}
    settings = resolve(config, environment, {"max_rounds": 6})
    assert (settings.run.max_rounds, settings.run.dispatch_retries, settings.run.verbose) == (6, 5, True)


def test_a_flag_may_take_back_what_the_file_says(config: Path):
    config.write_text("[run]\nallow_dirty = true\n", encoding="utf-8")
    assert resolve(config, {}, {"allow_dirty": False}).run.allow_dirty is False
    assert resolve(config, {"LOOP_ALLOW_DIRTY": "no"}, {}).run.allow_dirty is False


@pytest.mark.parametrize("setting", run_settings(), ids=lambda setting: setting.name)
def test_every_setting_can_come_from_the_environment(setting: DocumentField):
    text = {bool: "yes", int: "7", float: "0.5", str: "native", tuple: "a, b"}[type(setting.default)]
    value = {bool: True, int: 7, float: 0.5, str: "native", tuple: ["a", "b"]}[type(setting.default)]
    assert from_environment({variable_of(setting): text}) == {setting.name: value}


def test_reviewers_come_from_wherever_they_were_named_last(config: Path):
    config.write_text('[run]\nreviewers = ["a", "b", "c"]\nquorum = 3\n', encoding="utf-8")
    assert resolve(config, {}, {}).reviewers == ("a", "b", "c")
    assert resolve(config, {"LOOP_REVIEWERS": "d,e", "LOOP_QUORUM": "1"}, {}).reviewers == ("d", "e")
    assert resolve(config, {"LOOP_REVIEWERS": "d,e"}, {"reviewers": ["f"], "quorum": 0}).reviewers == ("f",)
    assert resolve(config, {"LOOP_REVIEWER_BACKEND": "d"}, {"quorum": 1}).reviewers == ("reviewer",)


def test_a_quorum_is_held_against_the_reviewers_that_are_there_in_the_end(config: Path):
    config.write_text("[run]\nquorum = 2\n", encoding="utf-8")
    assert resolve(config, {}, {"reviewers": ["a", "b"]}).quorum_needed == 2
    with pytest.raises(LoopError, match=r"^the quorum is 2, and of reviewers there are 1: reviewer$") as caught:
        resolve(config, {}, {})
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("content", "environment", "flags", "people"),
    [
        ("", {}, {}, ("worker", "reviewer")),
        ('[run]\nreviewers = ["a"]\n', {}, {}, ("worker",)),
        ('[roles.worker]\nbackend = "a"\n', {}, {}, ("reviewer",)),
        ('[reviewer]\nbackend = "a"\n', {}, {}, ("worker",)),
        ('[roles.worker]\nmodel = "a"\n', {}, {}, ("worker", "reviewer")),
        ("", {"LOOP_REVIEWERS": "a,b"}, {}, ("worker",)),
        ('[roles.worker]\nbackend = "a"\n', {}, {"auto_dispatch": False}, ("worker", "reviewer")),
        ("", {"LOOP_REVIEWERS": "a,b"}, {"auto_dispatch": False, "reviewers": ["c"]}, ("worker",)),
    ],
)
def test_who_is_given_a_program_is_no_person(
    config: Path, content: str, environment: dict[str, str], flags: dict[str, Any], people: tuple[str, ...]
):
    config.write_text(content, encoding="utf-8")
    assert find_people(config, environment, flags) == people


def test_other_variables_and_empty_ones_are_not_looked_at():
    assert from_environment({"LOOP_MAX_ROUNDS": "", "LOOP_RUN_ID": "x", "LOOP_DIR": "y", "MAX_ROUNDS": "9"}) == {}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LOOP_MAX_ROUNDS", "three", "LOOP_MAX_ROUNDS: 'three' is not a number"),
        ("LOOP_MAX_ROUNDS", "1.5", "LOOP_MAX_ROUNDS: '1.5' is not a number"),
        ("LOOP_MAX_ROUNDS", "9" * 5000, "LOOP_MAX_ROUNDS"),
        ("LOOP_VERBOSE", "maybe", "LOOP_VERBOSE: 'maybe' is neither true nor false"),
        ("LOOP_MAX_ROUNDS", "0", "max_rounds: it should be at least 1"),
        ("LOOP_TIMEOUT", "nan", "timeout: it should be a number"),
        ("LOOP_TIMEOUT", "-1", "timeout: it should be at least 0"),
        ("LOOP_DISPATCH_BACKEND", "ssh", "dispatch_backend"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named(config: Path, name: str, value: str, says: str):
    with pytest.raises(LoopError, match="LOOP_") as caught:
        resolve(config, {name: value}, {})
    assert says in caught.value.message
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[run", "end of document"),
        (b"\xff\xfe[\x00r\x00", "utf-8"),
        (b"[run]\nmax_roundz = 1\n", "max_rounds"),
        (b"[runn]\n", "run"),
        (b"run = 3\n", "run"),
        (b"[run]\nmax_rounds = '3'\n", "max_rounds"),
        (b"[run]\nmax_rounds = 2020-01-01\n", "max_rounds"),
        (b"[run]\ntimeout = inf\n", "timeout"),
        (b"[backends.mine]\nargv = 'agent'\n", "argv"),
        (b"x = " + b"[" * 10_000, "config.toml"),
        (b"[run]\ntimeout = 1" + b"0" * 400, "config.toml"),
        (b"[run]\ntimeout = 1" + b"0" * 5000, "config.toml"),
        (b"#" * (2 << 20), "larger than"),
    ],
)
def test_a_config_that_makes_no_sense_is_named_with_its_field(config: Path, content: bytes, says: str):
    config.write_bytes(content)
    with pytest.raises(LoopError) as caught:
        resolve(config, {}, {})
    assert str(config) in caught.value.message
    assert says in caught.value.message
    assert caught.value.exit_code == 3


def test_a_config_that_is_no_file_is_not_waited_for(config: Path):
    os.mkfifo(config)
    with pytest.raises(LoopError, match="is a FIFO"):
        read_config(config)


def test_an_editor_may_have_put_a_mark_at_the_beginning(config: Path):
    config.write_bytes(b"\xef\xbb\xbf[run]\r\nmax_rounds = 4\r\n")
    assert resolve(config, {}, {}).run.max_rounds == 4


def test_the_default_config_says_what_is_built_in_and_every_setting_stands_in_it(config: Path):
    text = resources.default_text("config.toml")
    config.write_text(text, encoding="utf-8")
    assert resolve(config, {}, {}) == BUILT_IN
    spoken = text.replace("\n#", "\n").split("\n[roles.worker]")[0].split("[run]\n")[1]
    lines = [line for line in spoken.splitlines() if not line.startswith(" ")]
    config.write_text("[run]\n" + "\n".join(lines), encoding="utf-8")
    assert resolve(config, {}, {}) == BUILT_IN
    assert {line.partition(" ")[0] for line in lines if line} == {setting.name for setting in run_settings()}


def test_a_script_is_looked_for_beside_the_file_that_names_it(config: Path):
    config.write_text('[backends.script]\nscript = "play.json"\n', encoding="utf-8")
    assert resolve(config, {}, {}).backends["script"].script == str(config.parent / "play.json")
