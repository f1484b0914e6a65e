import io
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from loop_kit.cli.looking import width
from loop_kit.cli.paper import Paper


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """Return a stream that is a terminal nobody reads: short texts fit into it."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream
        if stream.fileno() >= 0:
            os.close(ours)


@pytest.fixture
def paper(terminal: TextIO) -> Paper:
    return Paper(terminal)


@pytest.mark.parametrize(
    "text", ["plain words of a sentence", "日本語" * 9, "x" * 50, "", "  indented words of it", "a  b"]
)
@pytest.mark.parametrize("columns", [1, 2, 7, 30])
def test_a_wrapped_line_fits_and_loses_no_word(paper: Paper, text: str, columns: int):
    rows = paper.wrap(text, columns)
    if columns > 1:  # a wide character fits nowhere there
        assert max(map(width, rows)) <= columns
        assert "".join("".join(rows).split()) == "".join(text.split())
    assert rows


def test_no_more_lines_come_than_are_wanted_and_the_last_says_so(paper: Paper):
    assert paper.wrap("one two three four", 5, 2) == ["one", "two …"]
    assert paper.wrap("one two", 5, 2) == ["one", "two"]
    assert paper.wrap("word " * 1_000_000, 20, 3) == ["word word word word"] * 2 + ["word word word word…"]


def test_markup_is_text(paper: Paper):
    assert "[red]x[/red] :smile: http://x" in paper.paint([(("[red]x[/red] :smile: http://x", ""),)])


def test_a_terminal_that_does_not_know_its_size_is_taken_for_an_ordinary_one(paper: Paper):
    assert paper.size() == (80, 24)
    assert paper.in_front()


def test_when_the_terminal_is_gone_writing_is_silent():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        paper = Paper(stream)
        os.close(ours)
        for _ in range(3):
            paper.write("words\n" * 100)
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), theirs)  # what the stream still holds goes there when it is closed


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_encoding_does_not_have_is_measured_as_it_is_shown(terminal: TextIO, encoding: str):
    plain = io.TextIOWrapper(terminal.buffer, encoding=encoding, errors="backslashreplace")
    paper = Paper(plain)
    assert paper.safe("a日\x1b") == "a\\u65e5\\x1b"
    assert paper.cut("a long line", 6) == "a lon~"
    rule = paper.rule("title", "", 20)
    assert rule.isascii()
    assert "-----" in paper.rule("", "", 20)
    plain.detach()
