"""What a program reads outside of a tree, by absolute paths of the environment that it gets."""

from pathlib import Path

import pytest

from loop_kit.backends.base import Backend, Call, Order
from loop_kit.backends.claude import CLAUDE
from loop_kit.backends.codex import CODEX
from loop_kit.backends.command import COMMAND
from loop_kit.backends.gemini import GEMINI
from loop_kit.backends.opencode import OPENCODE
from loop_kit.backends.outside import Influenced, Source, SourceFormat, Trees, files, in_each, sources_for
from loop_kit.model.config import BackendSettings
from loop_kit_acp.backend import ACP
from loop_kit_acp.presets import PRESETS


class Reading(Backend):
    programs = ("reading",)
    env = ()
    supports_resume = False
    outside = (Source("$READING_HOME/settings.json", SourceFormat.JSON), *files("~/.reading/hooks", "/etc/reading"))
    above = (".reading", "READ.md")

    def command(self, order: Order) -> Call:
        return Call(argv=(order.program,))

    def read(self, line: str) -> tuple[()]:
        return ()


def _paths(environment: dict[str, str], *roots: str) -> list[str]:
    return [source.path for source in sources_for(Reading(), environment, Trees.of(*map(Path, roots)))]


def test_paths_are_those_of_the_environment_that_the_program_gets():
    known = {"HOME": "/h", "READING_HOME": "/r"}
    assert _paths(known)[:3] == ["/r/settings.json", "/h/.reading/hooks", "/etc/reading"]


@pytest.mark.parametrize("environment", [{}, {"HOME": ""}, {"HOME": "h", "READING_HOME": "../r"}])
def test_a_variable_that_names_no_absolute_path_names_nothing(environment: dict[str, str]):
    assert _paths(environment) == ["/etc/reading"]


def test_every_folder_above_a_tree_is_looked_at_but_not_the_tree():
    found = _paths({}, "/nowhere/a/repo", "/nowhere/review")
    assert found[1:] == [
        "/.reading",
        "/READ.md",
        "/nowhere/.reading",
        "/nowhere/READ.md",
        "/nowhere/a/.reading",
        "/nowhere/a/READ.md",
    ]


def test_a_home_above_a_tree_is_read_as_a_home():
    found = _paths({"HOME": "/nowhere"}, "/nowhere/repo")
    assert "/nowhere/.reading" not in found
    assert "/nowhere/READ.md" in found


def test_a_tree_is_looked_for_where_it_really_is(tmp_path):
    (tmp_path / "real/repo").mkdir(parents=True)
    (tmp_path / "called").symlink_to(tmp_path / "real")
    trees = Trees.of(tmp_path / "called/repo")
    assert {tmp_path / "called", tmp_path / "real"} <= trees.parents
    assert trees.at_or_below(str(tmp_path / "real/repo"))
    assert trees.at_or_below(str(tmp_path))
    assert not trees.at_or_below(str(tmp_path / "real/other"))
    assert not trees.at_or_below("repo")


def test_the_same_can_be_read_in_several_folders():
    assert [source.path for source in in_each(("~/a", "$B"), *files("x", "y"))] == ["~/a/x", "~/a/y", "$B/x", "$B/y"]


@pytest.mark.parametrize("backend", [CLAUDE, CODEX, GEMINI, OPENCODE])
def test_every_known_program_says_what_it_reads(backend: Backend):
    assert isinstance(backend, Influenced)
    found = sources_for(backend, {"HOME": "/h"}, Trees.of(Path("/nowhere/repo")))
    assert all(source.path.startswith("/") for source in found)
    assert any(source.form is not SourceFormat.FILES for source in found)
    assert any(source.path.startswith("/nowhere/") for source in found)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_of_acp_says_what_its_agent_reads(preset: str):
    configured = ACP.configured("mine", BackendSettings(type="acp", preset=preset))
    assert configured.outside
    assert configured.above


def test_nobody_knows_what_a_command_reads():
    assert sources_for(COMMAND, {"HOME": "/h"}, Trees.of(Path("/nowhere/repo"))) == ()
