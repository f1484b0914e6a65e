from importlib.metadata import EntryPoint

import pytest

from loop_kit.entry_points import load, offered
from loop_kit.errors import ConfigError


def test_what_installed_packages_offer_is_found_by_its_group():
    assert "agent-task-runner" in offered("loop_kit.adopters").names
    assert not offered("loop_kit.nobody")


def test_a_class_is_loaded_as_an_instance_of_it():
    assert load(EntryPoint("one", "builtins:dict", "loop_kit.x"), "thing") == {}
    assert load(EntryPoint("one", "math:pi", "loop_kit.x"), "thing") > 3


def test_what_cannot_be_loaded_is_one_sentence():
    with pytest.raises(ConfigError, match=r"^the thing 'one' of gone:x cannot be loaded: No module named 'gone'$"):
        load(EntryPoint("one", "gone:x", "loop_kit.x"), "thing")
