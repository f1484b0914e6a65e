from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from loop_kit.entry_points import load, offered
from loop_kit.errors import ConfigError


def test_what_installed_packages_offer_is_found_by_its_group():
    assert "agent-task-runner" in offered("loop_kit.adopters").names


def test_an_installation_without_its_entry_points_is_said_to_be_one():
    with pytest.raises(ConfigError, match=r"installed without its entry points \(loop_kit.nobody\)") as caught:
        offered("loop_kit.nobody")
    assert "pip install -e ." in caught.value.hint


def test_a_class_is_loaded_as_an_instance_of_it():
    assert load(EntryPoint("one", "builtins:dict", "loop_kit.x"), "thing") == {}
    assert load(EntryPoint("one", "math:pi", "loop_kit.x"), "thing") > 3


def test_what_cannot_be_loaded_is_one_sentence():
    with pytest.raises(ConfigError, match=r"^the thing 'one' of gone:x cannot be loaded: No module named 'gone'$"):
        load(EntryPoint("one", "gone:x", "loop_kit.x"), "thing")


@pytest.mark.parametrize("line", ["raise SystemExit(3)", "class OwnError(Exception): pass\nraise OwnError"])
def test_whatever_a_stranger_s_module_raises_is_no_bug_of_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
):
    (tmp_path / "odd_stranger.py").write_text(f"{line}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"'one' of odd_stranger:x cannot be loaded: [3O]"):
        load(EntryPoint("one", "odd_stranger:x", "loop_kit.x"), "thing")
