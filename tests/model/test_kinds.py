from collections.abc import Mapping
from typing import Any

import pytest

from loop_kit.model import kinds
from loop_kit.values import dataclass
from loop_kit.values.reading import read
from loop_kit.values.wording import FieldError

SAID: Mapping[str, tuple[Any, str]] = {
    "places": (kinds.RunName, "a task's id, alone or followed by '@' and a number from 2"),
    "tasks": (kinds.TaskId, f"up to 64 letters{kinds.NAME_RULE.partition('letters')[2]}"),
    "times": (kinds.Time, "a time as 2025-01-31T08:00:00.000Z"),
    "variables": (kinds.VariableName, "letters, digits and '_', not starting with a digit"),
    "backends": (kinds.BackendNames, "a backend's name, or several with commas between them"),
}


def reader(kind: Any) -> Any:
    return dataclass(type("One", (), {"__annotations__": {"it": kind}}))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("places", ("", "T-001", "T-001@2", "T-001@10"), ("T-001@1", "T-001@02", "a..b@2", "@2", "a.lock@2", "a@2\n")),
        ("tasks", ("T-001", "a.locked"), ("", "..", "a..b", ".a", "a/b", "a\n", "a.lock")),
        ("times", ("2025-01-31T08:00:00.000Z",), ("2025-01-31", "2025-01-31T08:00:00Z", "2025-01-31T08:00:00.000Z\n")),
        ("variables", ("A", "_a1"), ("", "1A", "A B", "A=", "A\n")),
        ("backends", ("codex", "codex, claude", "a.b-c_d"), ("", ",", "codex,", "../codex", "a b")),
    ],
)
def test_a_kind_of_text_says_what_it_takes(name: str, good: tuple[str, ...], bad: tuple[str, ...]):
    kind, said = SAID[name]
    for text in good:
        assert read(reader(kind), {"it": text}).it == text
    for text in bad:
        with pytest.raises(FieldError) as refused:
            read(reader(kind), {"it": text})
        assert said in str(refused.value)
