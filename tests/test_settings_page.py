"""docs/config.md is held against the schema."""

import json
import re
import tomllib

from loop_kit.model.config import Settings
from tests.support.pages import ANEW, blocks, text_of
from tests.support.settings_page import with_tables


def test_the_tables_of_the_settings_are_those_of_the_schema():
    page = text_of("docs/config.md")
    assert with_tables(page) == page, ANEW
    schema = json.loads(text_of("schemas/config.schema.json"))
    assert sorted(re.findall(r"<!-- table: (\w+) -->", page)) == sorted(
        schema["properties"].keys() - {"reviewer"} | {"models"}
    )


def test_the_settings_on_the_page_are_valid():
    shown = blocks(text_of("docs/config.md"), "toml")
    assert len(shown) == 5
    for block in shown:
        Settings.from_document(tomllib.loads(block))
