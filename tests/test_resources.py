from pathlib import Path

import pytest

from loop_kit import resources
from loop_kit.model import schema

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("kind", schema.KINDS)
def test_every_kind_of_document_has_its_schema(kind: str):
    assert resources.schema_path(kind).is_file()


def test_every_schema_is_of_a_kind():
    assert {path.name.removesuffix(".schema.json") for path in (ROOT / "schemas").iterdir()} == set(schema.KINDS)


def test_a_checkout_finds_its_own_files_and_not_copies():
    assert resources.schema_path("task_card") == ROOT / "schemas/task_card.schema.json"
    assert resources.default_path("config.toml") == ROOT / "defaults/config.toml"


def test_default_texts_are_read_as_they_lie_there():
    assert resources.default_text("agents.md") == (ROOT / "defaults/agents.md").read_text(encoding="utf-8")
