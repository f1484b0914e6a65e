"""docs/conformance.md is held against the pins and against what the lane asserts."""

import re

from tests.agents.cases import CASES
from tests.agents.pins import told_backends, told_conformance, versions
from tests.agents.programs import PROGRAMS, ending
from tests.support.pages import quoted, rows, text_of

PAGE = "docs/conformance.md"


def table(name: str) -> list[list[str]]:
    """Return a table of the page, its heading first."""
    return [
        list(row)
        for row in rows(text_of(PAGE).partition(f"<!-- table: {name} -->")[2].partition("\n\n")[2].partition("\n\n")[0])
    ]


def test_it_names_the_versions_that_are_pinned():
    assert {quoted(package)[0]: version for package, version, _ in table("versions")[1:]} == versions()


def test_the_versions_of_the_docs_are_those_of_the_one_file():
    again = "write them anew with: python -m tests.agents.pins"
    assert told_conformance(text_of(PAGE)) == text_of(PAGE), again
    assert told_backends(text_of("docs/backends.md")) == text_of("docs/backends.md"), again


def test_its_table_of_failures_is_what_the_lane_asserts():
    heading, *found = table("failures")
    backends = [" ".join(quoted(cell)) for cell in heading[1:]]
    assert backends == [
        program.table.get("type", program.backend) + (f" {program.table['preset']}" if program.table else "")
        for program in PROGRAMS.values()
    ]
    shown = {row[0]: row[1:] for row in found}
    assert shown == {
        case.says: [str(ending(program, name)) for program in PROGRAMS.values()] for name, case in CASES.items()
    }


def test_every_backend_that_it_names_is_one_that_was_tried():
    assert {name for *_, cell in table("versions")[1:] for name in re.findall(r"`(\w+)`", cell)} == {
        program.table.get("type", program.backend) for program in PROGRAMS.values()
    }
