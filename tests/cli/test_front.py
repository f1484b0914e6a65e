"""The help is held against what the parser would print, and the width of a terminal against the standard library's."""

import os
import shutil
import sys
from pathlib import Path

import click
import pytest

from loop_kit.cli.front import COMMANDS, columns, help_text
from loop_kit.cli.main import loop as parser
from tests.support.commands import loop


def as_the_parser_sets_it(terminal: int) -> str:
    """Return the help as click makes it of the options and the commands, for a terminal of that width."""
    width = max(min(terminal, 100) - 2, 50)
    context = click.Context(parser, info_name="loop", terminal_width=width, **parser.context_settings)
    said = click.Group.get_help(parser, context)
    return said if "[COMMAND]" in said else said.replace("COMMAND", "[COMMAND]", 1)  # click before 8.2


@pytest.mark.parametrize("terminal", [1, *range(50, 105), 300])
def test_the_help_is_what_the_parser_would_print(terminal: int):
    assert help_text(terminal) == as_the_parser_sets_it(terminal)


@pytest.mark.parametrize("terminal", ["", "60", "80", "99", "200"])
def test_every_way_to_ask_for_help_says_the_same(tmp_path: Path, terminal: str):
    said = f"{help_text(int(terminal or 80))}\n"
    for args in (["--help"], ["-h"], ["--loop-dir", "x", "--help"]):
        done = loop(*args, cwd=tmp_path, env={"COLUMNS": terminal})
        assert (done.code, done.out, done.err) == (0, said, "")
    assert loop(cwd=tmp_path, env={"COLUMNS": terminal}).err == said


def test_every_command_is_on_the_front_page():
    assert list(COMMANDS) == parser.list_commands(click.Context(parser))


@pytest.mark.parametrize("named", [None, "", "0", "-3", "wide", "²", " 70", "70", "1000"])
def test_a_terminal_is_as_wide_as_the_standard_library_says(named: str | None, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    if named is not None:
        monkeypatch.setenv("COLUMNS", named)
    assert columns(os.environ) == shutil.get_terminal_size().columns


def test_without_a_stream_it_is_80_columns_wide(monkeypatch):
    monkeypatch.setattr(sys, "__stdout__", None)
    assert columns({}) == 80
