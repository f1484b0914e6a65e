"""The example bus is documentation that must not lie: each file is valid, and they all tell the same story."""

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from loop_kit.model import documents, schema
from loop_kit.model.config import Settings
from loop_kit.model.documents import read
from loop_kit.model.manifest import Manifest
from loop_kit.model.review import FixList, ReviewReport
from loop_kit.model.state import Phase, RunState

BUS = Path(__file__).resolve().parent.parent / ".loop.example"
FILES = sorted(str(path.relative_to(BUS)) for path in BUS.rglob("*") if path.is_file())
# What has no schema: prompts and raw output, texts for people, marks of no content.
FREE = re.compile(r"logs/.+\.(txt|log|out|err)(\.\d+)?|context/.+|templates/.+|review_diff\.patch|\.gitignore|lock")
NAMED_BY_KIND = (
    re.compile(r"(?P<kind>[a-z_]+)\.json"),
    re.compile(r"archive/[^/]+/r\d+_(?P<kind>[a-z_]+?)(\.\d+)?\.json"),
    re.compile(r"runtime/(worker|reviewer)\.(?P<kind>heartbeat)\.json"),
    re.compile(r"examples/(?P<kind>task_card)\.json"),
)


def load(name: str) -> Any:
    return json.loads((BUS / name).read_text(encoding="utf-8"))


def kind_of(name: str) -> str | None:
    found = next((match for pattern in NAMED_BY_KIND if (match := pattern.fullmatch(name))), None)
    return found["kind"] if found else None


def feed() -> list[bytes]:
    return (BUS / "logs/feed.jsonl").read_bytes().splitlines()


def events(name: str) -> list[dict[str, Any]]:
    return [event["data"] for line in feed() if (event := json.loads(line))["event"] == name]


def archived(round_number: int, kind: str) -> Any:
    state = load("state.json")
    return load(f"archive/{state['run_name']}/r{round_number}_{kind}.json")


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_valid(name):
    kind = kind_of(name)
    if kind is not None:
        assert schema.find_problem(kind, load(name)) is None
    elif name == "config.toml":
        Settings.from_document(tomllib.loads((BUS / name).read_text(encoding="utf-8")))
    elif name == "logs/feed.jsonl":
        for line in feed():
            assert schema.find_problem("feed_event", json.loads(line)) is None
    else:
        assert FREE.fullmatch(name), f"nobody knows what {name} is"


def test_every_kind_of_document_is_there():
    found = {kind_of(name) for name in FILES} - {None} | {"config", "feed_event"}
    assert found >= set(schema.KINDS) - {"checks"}
    assert {"config.toml", "logs/feed.jsonl"} <= set(FILES)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".json")])
def test_every_document_has_the_form_that_loop_writes(name):
    assert (BUS / name).read_text(encoding="utf-8") == json.dumps(load(name), indent=2, ensure_ascii=False) + "\n"


def test_the_feed_is_an_unbroken_chain():
    previous = ""
    for number, line in enumerate(feed(), start=1):
        event = json.loads(line)
        assert (event["seq"], event["prev"]) == (number, previous)
        previous = hashlib.sha256(line).hexdigest()


def test_the_run_is_finished_after_two_rounds():
    state = documents.read(RunState, load("state.json"))
    assert (state.phase, state.outcome, state.round) == (Phase.DONE, "approved", 2)
    assert [row.decision for row in state.round_details] == ["changes_required", "approve"]


def test_the_state_has_the_digests_of_the_manifest_in_the_archive():
    manifest = read(Manifest, archived(0, "manifest"))
    state = documents.read(RunState, load("state.json"))
    assert state.digests == manifest.digests()
    assert (state.run_id, state.run_name, state.base_sha) == (manifest.run_id, manifest.run_name, manifest.base_sha)
    assert load("task_card.json") == archived(0, "task_card") == manifest.card_document


@pytest.mark.parametrize(
    "name", [name for name in FILES if (kind_of(name) or "manifest") not in {"manifest", "heartbeat"}]
)
def test_all_documents_are_about_the_same_task(name):
    if not name.startswith("examples/"):
        assert load(name)["task_id"] == load("state.json")["task_id"]


@pytest.mark.parametrize("kind", ["fix_list", "work_report", "checks", "review_request", "review_report"])
def test_the_documents_of_the_last_round_lie_on_the_bus_and_in_the_archive(kind):
    if kind != "checks" or "checks.json" in FILES:
        assert load(f"{kind}.json") == archived(2, kind)
        assert load(f"{kind}.json")["round"] == 2


@pytest.mark.parametrize("number", [1, 2])
def test_every_document_of_a_round_speaks_of_the_same_commits(number):
    state = load("state.json")
    row = state["round_details"][number - 1]
    request = archived(number, "review_request")
    assert (request["base_sha"], request["head_sha"], request["tree"]) == (
        state["base_sha"],
        row["head_sha"],
        row["tree"],
    )
    assert row["head_sha"].startswith(archived(number, "work_report")["head_sha"])
    assert archived(number, "review_report")["decision"] == row["decision"]
    assert len(archived(number, "review_report").get("blocking_issues", [])) == row["blocking"]
    assert [event["head_sha"] for event in events("verified") if event["round"] == number] == [row["head_sha"]]
    assert [event["decision"] for event in events("decided") if event["round"] == number] == [row["decision"]]
    assert [path["path"] for path in request["changed_files"] if path["path"] not in request["diff"]] == []


def test_the_fix_list_asks_for_what_the_first_review_found():
    fixes = load("fix_list.json")
    review = documents.read(ReviewReport, archived(1, "review_report"))
    assert documents.read(FixList, fixes).fixes == review.blocking_issues
    assert fixes["head_sha"] == load("state.json")["round_details"][0]["head_sha"]
    assert fixes["prior_round_notes"] == archived(1, "work_report")["notes"]


def test_the_summary_and_the_feed_end_as_the_state_does():
    state, summary = load("state.json"), load("summary.json")
    for key in (
        "run_id",
        "run_name",
        "task_id",
        "outcome",
        "base_sha",
        "head_sha",
        "branch",
        "round_details",
        "started_at",
    ):
        assert summary[key] == state[key], key
    assert (summary["rounds"], summary["exit_code"], summary["open_issues"]) == (2, 0, [])
    assert [event["outcome"] for event in events("run_ended")] == ["approved"]
    assert len(summary["dispatches"]) == len(events("dispatch_ended")) == state["dispatches"]
