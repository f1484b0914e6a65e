"""The texts that stand in for what a repository does not say, and the config that `loop init` writes."""

import json
import re
import tomllib

import pytest

from loop_kit.model import documents
from loop_kit.model.config import Settings
from loop_kit.model.roles import RoleSettings
from loop_kit.model.run_settings import run_settings
from loop_kit.model.task import TaskCard
from loop_kit.prompts import REVIEWER_PLACEHOLDERS, WORKER_PLACEHOLDERS, check_template
from loop_kit.prompts.templates import placed
from loop_kit.resources import default_path, default_text
from loop_kit.values.reading import write

CONFIG = default_text("config.toml")
ALL_SET = re.sub(r"^#(?=\S)", "", CONFIG, flags=re.MULTILINE)
TEXTS = (
    "agents.md",
    "roles/code-writer.md",
    "roles/reviewer.md",
    "templates/worker_prompt.txt",
    "templates/reviewer_prompt.txt",
)


def test_the_config_as_written_changes_nothing():
    assert Settings.from_document(tomllib.loads(CONFIG)) == Settings.from_document({})


def test_the_config_with_every_line_taken_in_is_valid():
    settings = Settings.from_document(tomllib.loads(ALL_SET))
    assert settings.backend("mine").type == "command"
    assert settings.env.set == {"EXAMPLE_VARIABLE": "value"}


def test_the_config_names_every_run_option_with_its_default():
    assert tomllib.loads(ALL_SET)["run"] == write(Settings())["run"]
    assert tomllib.loads(ALL_SET)["run"].keys() == {setting.name for setting in run_settings()}


def test_the_config_with_every_line_taken_in_is_still_the_default_for_runs_and_roles():
    settings, defaults = Settings.from_document(tomllib.loads(ALL_SET)), Settings.from_document({})
    assert settings.run == defaults.run
    assert [settings.role(name) for name in defaults.role_names] == [RoleSettings()] * 2
    assert (settings.env.passed, settings.plugins) == ((), ())


def test_the_example_card_is_a_card():
    card = documents.read(TaskCard, json.loads(default_text("examples/task_card.json")))
    assert card.acceptance_criteria


@pytest.mark.parametrize(
    ("name", "known"), [("worker_prompt.txt", WORKER_PLACEHOLDERS), ("reviewer_prompt.txt", REVIEWER_PLACEHOLDERS)]
)
def test_a_default_template_places_everything_that_can_be_placed(name, known):
    text = check_template(default_path(f"templates/{name}").read_bytes(), known, name)
    assert placed(text, known) == frozenset(known)
    assert not re.findall(r"\{[a-z_]+\}", re.sub("|".join(f"{{{name}}}" for name in known), "", text))


@pytest.mark.parametrize("name", TEXTS)
def test_a_default_text_mentions_no_language_tool_or_layout(name):
    words = "python|pytest|unittest|javascript|typescript|rust|cargo|npm|java|golang|src/|tests/|ruff|mypy|codex|claude"
    assert re.findall(words, default_text(name), re.IGNORECASE) == []


def test_the_reviewer_is_told_to_think_before_reading():
    role = default_text("roles/reviewer.md")
    assert role.index("before you read the difference") < role.index("Then compare")
    for word in (
        "the file and the line",
        "the reason",
        "the required change",
        "Approve only what you have looked at",
        "finding of loop",
    ):
        assert word in role
