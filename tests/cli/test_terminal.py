import io
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from loop_kit.cli.printing import width
from loop_kit.cli.terminal import Terminal


@pytest.fixture
def stream() -> Iterator[TextIO]:
    """Return a stream that is a terminal nobody reads: short texts fit into it."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream
        if stream.fileno() >= 0:
            os.close(ours)


@pytest.fixture
def terminal(stream: TextIO) -> Terminal:
    return Terminal(stream)


@pytest.mark.parametrize(
    "text", ["plain words of a sentence", "日本語" * 9, "x" * 50, "", "  indented words of it", "a  b"]
)
@pytest.mark.parametrize("columns", [1, 2, 7, 30])
def test_a_wrapped_line_fits_and_loses_no_word(terminal: Terminal, text: str, columns: int):
    rows = terminal.wrap(text, columns)
    if columns > 1:  # a wide character fits nowhere there
        assert max(map(width, rows)) <= columns
        assert "".join("".join(rows).split()) == "".join(text.split())
    assert rows


def test_no_more_lines_come_than_are_wanted_and_the_last_says_so(terminal: Terminal):
    assert terminal.wrap("one two three four", 5, 2) == ["one", "two …"]
    assert terminal.wrap("one two", 5, 2) == ["one", "two"]
    assert terminal.wrap("word " * 1_000_000, 20, 3) == ["word word word word"] * 2 + ["word word word word…"]


def test_markup_is_text(terminal: Terminal):
    assert "[red]x[/red] :smile: http://x" in terminal.paint([(("[red]x[/red] :smile: http://x", ""),)])


def test_a_terminal_that_does_not_know_its_size_is_taken_for_an_ordinary_one(terminal: Terminal):
    assert terminal.size() == (80, 24)
    assert terminal.in_front()


def test_when_the_terminal_is_gone_writing_is_silent():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        terminal = Terminal(stream)
        os.close(ours)
        for _ in range(3):
            terminal.write("words\n" * 100)
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), theirs)  # what the stream still holds goes there when it is closed


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_encoding_does_not_have_is_measured_as_it_is_shown(stream: TextIO, encoding: str):
    plain = io.TextIOWrapper(stream.buffer, encoding=encoding, errors="backslashreplace")
    terminal = Terminal(plain)
    assert terminal.safe("a日\x1b") == "a\\u65e5\\x1b"
    assert terminal.cut("a long line", 6) == "a lon~"
    rule = terminal.rule("title", "", 20)
    assert rule.isascii()
    assert "-----" in terminal.rule("", "", 20)
    plain.detach()
