import random

import pytest

from loop_kit.backends import words
from loop_kit.backends.words import Words


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_the_end_is_that_of_the_whole_text_whatever_the_pieces_are(limit: int):
    chance = random.Random(limit)  # noqa: S311  (repeatable, not secret)
    kept, whole = Words(limit), ""
    for _ in range(300):
        piece = "a\né日"[: chance.randrange(5)] * chance.randrange(1, 60)
        kept.add(piece)
        whole += piece
        assert kept.text == whole[-limit:]


def test_what_is_cleared_is_gone():
    kept = Words(10)
    kept.add("one")
    kept.clear()
    assert kept.text == ""
    kept.add("two")
    assert kept.text == "two"


def test_neither_long_pieces_nor_many_tiny_ones_are_all_kept(monkeypatch):
    monkeypatch.setattr(words, "_MOST_PIECES", 16)
    kept = Words(1000)
    for piece in ("x" * 900, *("y" for _ in range(5000))):
        kept.add(piece)
        assert len(kept._pieces) <= 16
        assert sum(map(len, kept._pieces)) <= 2000
    assert kept.text == "y" * 1000
