import sys

import pytest

from loop_kit.backends.script import SCRIPT
from loop_kit.errors import ConfigError
from loop_kit.model.agent_events import FailureKind, Said
from loop_kit.model.config import BackendSettings
from tests.backends.orders import make_order


def test_the_stand_in_is_started_out_of_reach_of_the_repository(tmp_path):
    order = make_order(tmp_path, settings=BackendSettings(type="script", script="/s.json"), session="s-1")
    call = SCRIPT.command(order)
    assert call.argv[:3] == (sys.executable, "-P", "-E")
    assert call.argv[4:] == ("/s.json", "--session", "s-1")
    assert call.stdin == order.prompt


def test_a_missing_script_is_one_sentence():
    with pytest.raises(ConfigError, match=r"^backends\.mine\.script is missing$"):
        SCRIPT.configured("mine", BackendSettings(type="script"))


def test_only_event_lines_are_heard():
    assert SCRIPT.read("words") == ()
    assert SCRIPT.read('{"event": "said", "text": "words"}') == (Said("words"),)


@pytest.mark.parametrize("code", [96, 97, 98])
def test_a_stand_in_that_cannot_go_on_is_not_tried_again(code: int):
    failed = SCRIPT.explain(code, "standin: the prompt does not say 'x'\n")
    assert failed is not None
    assert (failed.kind, failed.message) == (FailureKind.PERMANENT, "standin: the prompt does not say 'x'")
