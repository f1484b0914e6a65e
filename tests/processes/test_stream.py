import os
import random
from collections.abc import Iterator

import pytest

from loop_kit.model.redaction import MARK, Redactor
from loop_kit.processes.stream import LONGEST_LINE, TAIL, Cleaning, Stream


class Heard:
    """A pipe into a stream and everything that came out of it."""

    def __init__(self, cleaning: Cleaning | None = None) -> None:
        self.reader, self.writer = os.pipe()
        self.lines: list[str] = []
        self.raw = bytearray()
        self.pauses: list[int] = []  # how many lines had been told by each of them
        self.stream = Stream(self.reader, self.lines.append, self, cleaning, self._pause)

    def _pause(self) -> None:
        self.pauses.append(len(self.lines))

    def write(self, data: bytes, /) -> None:
        self.raw += data

    def send(self, *parts: bytes) -> None:
        for part in parts:
            for start in range(0, len(part), 65536):
                os.write(self.writer, part[start : start + 65536])
                assert self.stream.read()

    def end(self) -> None:
        os.close(self.writer)
        self.stream.read()


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    yield heard
    os.close(heard.reader)


def test_a_pause_comes_when_all_lines_of_a_reading_were_told(heard: Heard):
    heard.send(b"one\ntwo\nthr", b"ee\n")
    os.write(heard.writer, b"four\nfive")
    heard.stream.read_rest()
    assert heard.lines == ["one", "two", "three", "four", "five"]
    assert heard.pauses == [2, 3, 4, 5]


@pytest.mark.parametrize("seed", range(20))
def test_lines_do_not_depend_on_where_the_pipe_cuts_them(heard: Heard, seed: int):
    chance = random.Random(seed)  # noqa: S311  (repeatable, not secret)
    data = bytes(chance.choice(b"\n\n\r\0ab\xe2\x82\xac\xff") for _ in range(300))
    cuts = sorted(chance.sample(range(1, 300), 20))
    heard.send(*(data[start:stop] for start, stop in zip([0, *cuts], [*cuts, 300], strict=True)))
    heard.end()
    expected = [line.decode("utf-8", "replace") for line in data.split(b"\n")]
    assert heard.lines == (expected if expected[-1] else expected[:-1])
    assert (bytes(heard.raw), heard.stream.total, heard.stream.cut_lines) == (data, 300, 0)


@pytest.mark.parametrize(("size", "cut"), [(LONGEST_LINE, 0), (LONGEST_LINE + 1, 1)])
def test_only_a_line_beyond_the_limit_is_dropped_and_the_next_one_is_whole(heard: Heard, size: int, cut: int):
    heard.send(b"before\n", b"x" * size, b"\nafter\n")
    assert (heard.stream.cut_lines, len(heard.lines)) == (cut, 3 - cut)
    assert (heard.lines[0], heard.lines[-1]) == ("before", "after")
    assert heard.stream.total == len(heard.raw) == size + 14


def test_an_endless_line_that_ends_with_the_program_is_counted_once(heard: Heard):
    heard.send(b"x" * (LONGEST_LINE + 1), b"x", b"x")
    heard.end()
    heard.stream.read_rest()
    assert (heard.stream.cut_lines, heard.lines) == (1, [])


def test_the_tail_is_the_end_of_what_was_printed(heard: Heard):
    heard.send(b"old" * TAIL, b"\n", b"the \xff end")
    assert heard.stream.tail[-9:] == "\nthe \ufffd end"[-9:]
    assert len(heard.stream.tail) == TAIL


@pytest.mark.parametrize("size", [1, 1000, TAIL - 1, TAIL, TAIL + 1, 3 * TAIL])
def test_the_tail_does_not_depend_on_the_sizes_of_what_was_printed(heard: Heard, size: int):
    data = bytes(ord("a") + number % 26 for number in range(size))
    for count in (1, 3 * TAIL // size if size > 1 else 100):
        heard.send(*(data for _ in range(count)))
        assert heard.stream.tail.encode() == bytes(heard.raw[-TAIL:])
        assert len(heard.stream._tail) <= 2 * TAIL


def test_the_rest_is_read_while_somebody_still_holds_the_pipe(heard: Heard):
    os.write(heard.writer, b"one\ntwo")
    heard.stream.read_rest()
    heard.stream.read_rest()
    assert (heard.lines, heard.stream.ended) == (["one", "two"], True)
    os.close(heard.writer)


def test_nothing_to_read_is_neither_the_end_nor_a_line(heard: Heard):
    assert not heard.stream.read()
    assert not heard.stream.ended
    heard.end()
    assert (heard.stream.ended, heard.lines) == (True, [])


SECRET = b"correct-horse-battery"


@pytest.fixture
def cleaned() -> Iterator[Heard]:
    heard = Heard(Cleaning.of(Redactor((SECRET,))))
    yield heard
    os.close(heard.reader)


@pytest.mark.parametrize("cut", range(1, len(SECRET) + 4))
def test_a_key_is_hidden_wherever_the_pipe_cuts_it(cleaned: Heard, cut: int):
    data = b"a " + SECRET + b" b\nnext"
    cleaned.send(data[:cut], data[cut:])
    cleaned.end()
    assert cleaned.lines == [f"a {MARK} b", "next"]
    assert bytes(cleaned.raw) == f"a {MARK} b\nnext".encode()
    assert cleaned.stream.tail == f"a {MARK} b\nnext"
    assert cleaned.stream.total == len(data)


def test_a_key_is_hidden_in_a_line_that_never_ends(cleaned: Heard):
    cleaned.send(b"x" * 70_000, SECRET[:7], SECRET[7:], b"y" * 70_000)
    cleaned.end()
    assert bytes(cleaned.raw) == b"x" * 70_000 + MARK.encode() + b"y" * 70_000


def test_whole_lines_are_not_held_back(cleaned: Heard):
    cleaned.send(b"one\ntwo\nthr")
    assert cleaned.lines == ["one", "two"]
    assert bytes(cleaned.raw) == b"one\ntwo\n"
