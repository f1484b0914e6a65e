"""What is generated is what `make pages` makes; the README's transcripts are held against a run in tests/test_docs.py."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest

from loop_kit.model.config import Settings
from loop_kit.values.annotations import Range, document_fields
from tests.support.pages import ANEW, MADE_PAGES, blocks, text_of, write_anew
from tests.support.settings_page import TABLES, allowed, with_run_settings, with_tables


@pytest.mark.parametrize("page", [name for name in MADE_PAGES if name != "README.md"])
def test_what_is_generated_is_what_the_command_makes(page: str):
    for name, made in MADE_PAGES[page]().items():
        assert comparable(name, text_of(name)) == comparable(name, made), ANEW


def comparable(name: str, text: str) -> Any:
    """Return a text as it is; of the command line its words, where newer versions of click put brackets around one."""
    return text.replace("[COMMAND]", "COMMAND").split() if name == "docs/cli.md" else text


def test_a_page_that_cannot_be_made_is_named_and_nothing_is_written(tmp_path: Path, capsys: Any):
    def fail() -> Mapping[str, str]:
        raise KeyError("maximum")

    pages = {"the first": lambda: {"a": "new"}, "the second": fail, "the third": lambda: {"c": "new"}}
    (tmp_path / "a").write_text("old", encoding="utf-8")
    assert write_anew(tmp_path, pages) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("the second cannot be made:\n")
    assert said.err.endswith("KeyError: 'maximum'\nnothing was written\n")
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"a": "old"}


def test_what_is_written_is_told_and_what_stands_there_already_is_not(tmp_path: Path, capsys: Any):
    pages = {"both": lambda: {"a": "same", "b": "new"}}
    (tmp_path / "a").write_text("same", encoding="utf-8")
    assert write_anew(tmp_path, pages) == 0
    assert capsys.readouterr().out == "wrote b\n"
    assert (tmp_path / "b").read_text(encoding="utf-8") == "new"


def test_every_table_of_the_config_is_on_its_page():
    marked = re.findall(r"<!-- table: (\w+) -->", text_of("docs/config.md"))
    assert sorted(marked) == sorted(TABLES)
    assert {"worker", "reviewer", *TABLES} == {each.name for each in document_fields(Settings)} | {"models"}


def test_a_table_and_a_comment_are_made_anew_whatever_stands_there():
    table = "| setting | allowed | meaning |\n| --- | --- | --- |\n| `argv` | list, each a text |"
    page = with_tables("<!-- table: prepare -->\n\n| old |\n| --- |\n\nText.\n")
    assert page.startswith(f"<!-- table: prepare -->\n\n{table}")
    assert page.endswith(" |\n\nText.\n")
    after = "# Of the next table.\n# More.\n[worker]\n#model = ''\n"
    config = with_run_settings(f"#a = 1\n\n[run]\n# Old.\n#old = 1\n\n{after}")
    assert config.startswith("#a = 1\n\n[run]\n# Stop after this many rounds without approval.\n#max_rounds = 3\n\n#")
    assert config.endswith(f"#verbose = false\n\n{after}")


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (Annotated[int, Range(3), "It is a number."], "at least 3"),
        (Annotated[float, Range(most=0.5)], "at most 0.5"),
        (Annotated[float, Range(0.1, 31_536_000)], "0.1 to 31 536 000"),
        (tuple[str, ...], "list, each a text"),
        (Mapping[str, int], "table"),
        (int, "a whole number"),
    ],
)
def test_a_cell_says_what_a_value_may_be(annotation: Any, said: str):
    assert allowed(annotation) == said


def test_the_settings_on_the_page_are_valid():
    shown = blocks(text_of("docs/config.md"), "toml")
    assert len(shown) == 6
    for block in shown:
        Settings.from_document(tomllib.loads(block))
