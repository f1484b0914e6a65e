from typing import Any

import pytest

from loop_kit.checks.plan import plan_checks
from loop_kit.errors import DocumentError, StartError
from loop_kit.model.config import Settings
from loop_kit.model.documents import read
from loop_kit.model.run_settings import RunSettings
from loop_kit.model.task import TaskCard
from tests.support import documents

CONFIG = {"checks": {"tests": {"argv": ["make", "test"]}, "lint": {"run": "make lint"}}}


def card(**fields: Any) -> TaskCard:
    return read(TaskCard, {**documents.card(), **fields})


def test_the_checks_of_config_and_card_are_all_run_and_the_cards_win():
    settings = Settings.from_document({**CONFIG, "prepare": {"run": "make deps"}})
    plan = plan_checks(card(checks=[{"name": "tests", "run": "pytest"}, {"name": "own", "run": "true"}]), settings)
    assert [command.sentence for command in plan.commands] == ["tests: pytest", "lint: make lint", "own: true"]
    assert plan.replaced == ("tests",)
    assert plan.prepare == settings.prepare


def test_a_card_and_a_config_without_checks_plan_none():
    plan = plan_checks(card(), Settings())
    assert (plan.commands, plan.prepare, plan.replaced) == ((), None, ())


def test_checks_that_are_required_must_be_there():
    with pytest.raises(StartError, match="no check is configured"):
        plan_checks(card(), Settings(run=RunSettings(require_checks=True)))
    assert plan_checks(
        card(checks=[{"name": "a", "run": "true"}]), Settings(run=RunSettings(require_checks=True))
    ).commands


def test_a_criterion_may_name_any_check_of_the_run():
    criteria = [{"text": "Works.", "check": "tests"}, {"text": "Nice.", "check": None}, "Plain."]
    assert plan_checks(card(acceptance_criteria=criteria), Settings.from_document(CONFIG)).commands


@pytest.mark.parametrize(
    ("config", "sentence", "hint"),
    [
        (
            CONFIG,
            "card.json $.acceptance_criteria[1].check: there is no check 'test', did you mean 'tests'?",
            "tests, lint",
        ),
        ({}, "card.json $.acceptance_criteria[1].check: there is no check 'test'", "no check is configured yet"),
    ],
)
def test_a_criterion_that_names_no_check_is_refused_with_those_that_exist(config, sentence, hint):
    criteria = ["Plain.", {"text": "Works.", "check": "test"}]
    with pytest.raises(DocumentError) as refused:
        plan_checks(card(acceptance_criteria=criteria), Settings.from_document(config), name="card.json")
    assert refused.value.message == sentence
    assert hint in refused.value.hint
