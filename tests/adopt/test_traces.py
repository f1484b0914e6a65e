import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from loop_kit import resources
from loop_kit.adopt import traces
from loop_kit.bus.bus import Bus
from tests.adopt.older import BUSES, put_older_bus
from tests.support import documents

EXAMPLE = Path(__file__).resolve().parents[2] / ".loop.example"
STATE = {"version": 1, "state": "done", "round": 2, "task_id": "T-1"}
EVENT = {"ts": "2026-01-02T10:00:00Z", "level": "info", "event": "log", "data": {}}


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    made = Bus(tmp_path / ".loop")
    made.ensure_layout()
    return made


def facts(bus: Bus) -> list[str]:
    return list(traces.facts(bus))


def put(bus: Bus, name: str, document: Any) -> None:
    path = bus.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document) + "\n", encoding="utf-8")


@pytest.mark.parametrize("name", BUSES)
def test_each_bus_of_the_older_tool_is_known_by_what_is_in_its_files(tmp_path: Path, name: str):
    bus = Bus(put_older_bus(name, tmp_path))
    assert facts(bus) == [
        *(["state.json is of its form"] if name != "idle" else []),
        "logs/feed.jsonl holds its events",
        *(["config.json holds its settings"] if name == "ended" else []),
        "templates/worker_prompt.txt is as it makes it",
        "templates/reviewer_prompt.txt is as it makes it",
    ]
    assert traces.has_its_documents(bus)


def test_a_bus_of_loops_own_is_not_the_older_tools(tmp_path: Path, bus: Bus):
    assert facts(bus) == []
    shutil.copytree(EXAMPLE, tmp_path / "example")
    assert facts(Bus(tmp_path / "example")) == []


@pytest.mark.parametrize(
    "state", [STATE, {"state": "awaiting_work", "round": 0, "task_id": None}, documents.state() | {"version": 1}]
)
def test_a_state_is_known_by_its_version_or_by_having_none(bus: Bus, state: dict[str, Any]):
    put(bus, "state.json", state)
    assert facts(bus) == ["state.json is of its form"]


@pytest.mark.parametrize(
    "state",
    [
        documents.state(),
        {**STATE, "version": 2},
        {**STATE, "state": "asleep"},
        {**STATE, "round": "2"},
        {**STATE, "round": True},
        {"version": 1},
        [STATE],
        '{"version": 1, "state": "done", "round": 2',
    ],
)
def test_nothing_is_guessed_about_another_state(bus: Bus, state: Any):
    put(bus, "state.json", state)
    assert facts(bus) == []


def test_a_first_event_of_any_length_is_seen_to_be_its(bus: Bus):
    put(bus, "logs/feed.jsonl", json.dumps({**EVENT, "data": {"message": "x" * (1 << 20)}}))
    assert facts(bus) == ["logs/feed.jsonl holds its events"]


@pytest.mark.parametrize("line", ['{"ts": 1}', "{", "", "[]", json.dumps({"seq": 1, **EVENT})])
def test_nothing_is_guessed_about_another_feed(bus: Bus, line: str):
    put(bus, "logs/feed.jsonl", f"{line}\n{json.dumps(EVENT)}\n")
    assert facts(bus) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", '{"max_rounds": 3}'),
        ("config.json", '{"colour": "red", "max_session_rounds": 0}'),
        ("config.yaml", "worker_backend: claude\n"),
    ],
)
def test_a_config_is_known_by_a_setting_that_only_the_older_tool_has_there(bus: Bus, name: str, text: str):
    put(bus, name, text)
    assert facts(bus) == [f"{name} holds its settings"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("config.json", '{"colour": 1}'), ("config.json", "[]"), ("config.json", "{"), ("config.yaml", "a: {b: 1}\n")],
)
def test_another_config_is_nobodys(bus: Bus, name: str, text: str):
    put(bus, name, text)
    assert facts(bus) == []


def test_a_template_counts_only_while_it_is_as_it_was_made(bus: Bus, tmp_path: Path):
    name = "templates/worker_prompt.txt"
    made = (put_older_bus("idle", tmp_path / "other") / name).read_text(encoding="utf-8")
    put(bus, name, made.replace("\n", "\r\n"))
    assert facts(bus) == [f"{name} is as it makes it"]
    put(bus, name, made + "Be brief.\n")
    assert facts(bus) == []
    assert traces.unfilled(bus, name) == [f"{{{each}}}" for each in traces.PLACEHOLDERS]
    put(bus, name, resources.default_text(name))
    assert (facts(bus), traces.unfilled(bus, name)) == ([], [])


def test_a_state_of_loops_own_outweighs_what_lies_beside_it(bus: Bus):
    put(bus, "state.json", documents.state())
    put(bus, "config.json", {"max_rounds": 3})
    put(bus, "logs/feed.jsonl", EVENT)
    assert facts(bus) == []
    assert not traces.has_its_documents(bus)


@pytest.mark.parametrize("state", [None, "", '{"version": 1'])
def test_without_a_state_the_feed_tells_whose_the_documents_are(bus: Bus, state: str | None):
    if state is not None:
        put(bus, "state.json", state)
    assert not traces.has_its_documents(bus)
    put(bus, "logs/feed.jsonl", EVENT)
    assert traces.has_its_documents(bus)


def test_the_feed_does_not_outweigh_a_state_of_another_form(bus: Bus):
    put(bus, "logs/feed.jsonl", EVENT)
    put(bus, "state.json", {**STATE, "version": 2})
    assert not traces.has_its_documents(bus)
