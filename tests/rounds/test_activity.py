from types import SimpleNamespace
from typing import cast

import pytest

from loop_kit.dispatch.activity import NEWEST, ActivityFilter
from loop_kit.engine.run import Run
from loop_kit.model.agent_events import Finished, Said, SessionStarted, UsedTool
from loop_kit.model.config import Settings
from loop_kit.model.events import Event
from loop_kit.model.run_settings import RunSettings
from loop_kit.model.shown_events import AgentAction, AgentSaid


class Told:
    """A chatter and what it told, each as the word that stands for it."""

    def __init__(self, *, verbose: bool) -> None:
        self.words: list[str] = []
        self.events: list[Event] = []
        ctx = SimpleNamespace(settings=Settings(run=RunSettings(verbose=verbose)), emit=self._take)
        self.chatter = ActivityFilter(cast("Run", ctx), "worker")

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self.words.append(event.text if isinstance(event, AgentSaid) else "")


@pytest.fixture
def told() -> Told:
    return Told(verbose=False)


def test_what_comes_at_once_is_told_in_its_order(told: Told):
    for event in (SessionStarted("s"), Said("one"), UsedTool("shell", "ls"), Said("two"), Finished()):
        told.chatter.hear(event)
    told.chatter.pause()
    told.chatter.pause()
    assert told.events == [
        AgentSaid(role="worker", text="one"),
        AgentAction(role="worker", tool="shell", detail="ls"),
        AgentSaid(role="worker", text="two"),
    ]


def test_of_much_that_comes_at_once_the_newest_is_told_and_of_the_next_again(told: Told):
    for reading in range(2):
        for number in range(1000):
            told.chatter.hear(Said(f"{reading}-{number}"))
        told.chatter.pause()
    newest = range(1000 - NEWEST, 1000)
    assert told.words == [f"{reading}-{number}" for reading in range(2) for number in newest]


def test_who_wants_to_see_everything_does_and_at_once():
    told = Told(verbose=True)
    for number in range(1000):
        told.chatter.hear(Said(str(number)))
        assert told.words[-1] == str(number)
    told.chatter.pause()
    assert told.words == [str(number) for number in range(1000)]


def test_long_texts_are_shortened(told: Told):
    told.chatter.hear(Said("x" * 1000))
    told.chatter.hear(UsedTool("shell", "y" * 1000))
    told.chatter.pause()
    assert told.events == [
        AgentSaid(role="worker", text="x" * 300),
        AgentAction(role="worker", tool="shell", detail="y" * 300),
    ]
