"""docs/reliability.md is held against the sweep that writes it and the tests that it names."""

import re
from pathlib import Path

from tests.support.pages import ROOT, rows, text_of
from tests.support.sweeping import ALL, MARK, Share, table, with_table

PAGE = "docs/reliability.md"


def test_every_test_that_it_names_exists():
    named = re.findall(r"`(tests/[\w/.]+)`", text_of(PAGE))
    assert len(named) > 5
    assert [name for name in named if not Path(ROOT, name).exists()] == []


def test_its_table_tells_of_every_fault_and_of_no_violation():
    heading, *found = rows(text_of(PAGE).partition(MARK)[2])[: len(ALL) + 1]
    assert heading[-1] == "violations"
    assert [row[0] for row in found] == list(ALL)
    assert [row[-1] for row in found] == ["0"] * len(ALL)
    assert int(found[0][1]) > 400


def test_a_sweep_replaces_the_table_and_nothing_else():
    page = text_of(PAGE)
    other = table([Share(points=dict.fromkeys(ALL, 1), shape=(), done=())])  # type: ignore[arg-type]  # a count of each
    changed = with_table(page, other)
    assert changed != page
    assert changed.replace(other, "") == page.replace(page.partition(MARK)[2].strip().partition("\n\n")[0] + "\n", "")
