import os
from pathlib import Path

from loop_kit.cli.prerequisites import inspect_host


def test_this_machine_is_fit_to_run_the_tests(tmp_path: Path):
    items = {item.name: item for item in inspect_host(os.environ, tmp_path / "not/there/yet")}
    assert {name for name, item in items.items() if item.ok} == {"python", "platform", "git", "files"}
    assert items["git"].text.startswith("git version ")
    assert items["files"].text.startswith(f"{tmp_path}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_git_is_not(tmp_path: Path):
    items = {item.name: item for item in inspect_host({"PATH": str(tmp_path)}, tmp_path)}
    assert (items["git"].ok, "'git' was not found" in items["git"].text) == (False, True)


def test_a_folder_that_cannot_be_written_is_said():
    items = {item.name: item for item in inspect_host(os.environ, Path("/proc/self/net"))}
    assert (items["files"].ok, "cannot be written" in items["files"].text) == (False, True)
