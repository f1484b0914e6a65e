"""Whatever is in a file or a line: every reader answers with a value or with a sentence, never with a traceback.

Derandomized, so that a red run is red for everybody. What is found gets a test of its own beside the reader.
"""

import copy
import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loop_kit.backends.registry import find_backend
from loop_kit.bus.archive import Archive
from loop_kit.bus.document import dump, parse
from loop_kit.bus.feed import Feed
from loop_kit.checks.counts import Tally
from loop_kit.errors import LoopError
from loop_kit.model import documents
from loop_kit.model.config import BackendSettings, Settings
from loop_kit.model.events import RoundStarted
from loop_kit.model.evidence import Evidence
from loop_kit.model.manifest import Manifest
from loop_kit.model.review import FixList, ReviewReport
from loop_kit.model.state import RunState
from loop_kit.model.task import TaskCard
from loop_kit.model.work import WorkReport
from loop_kit.prompts.templates import check_template, fill
from loop_kit.vcs.scope import Scope

EXAMPLE = Path(__file__).resolve().parents[1] / ".loop.example"
CAPTURES = Path(__file__).parent / "backends/captures"
FUZZ = settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
LONGEST_SENTENCE = 2000
NOT_IN_NAMES = set("/\0\ud800")
TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from("\0\x1b\u202e\ud800"), max_size=40)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


@contextmanager
def read_or_refused() -> Iterator[None]:
    """Let nothing but a refusal through, and that has to be a sentence somebody can read."""
    try:
        yield
    except (LoopError, tomllib.TOMLDecodeError) as error:
        if not 0 < len(str(error)) < LONGEST_SENTENCE:
            pytest.fail(f"this is no sentence: {error}")


def example(name: str) -> Any:
    return json.loads((EXAMPLE / name).read_text(encoding="utf-8"))


READERS: dict[str, tuple[Any, Any]] = {
    "task card": (TaskCard, example("task_card.json")),
    "work report": (WorkReport, example("work_report.json")),
    "review report": (ReviewReport, example("archive/T-001/r1_review_report.json")),
    "fix list": (FixList, example("archive/T-001/r2_fix_list.json")),
    "state": (RunState, example("state.json")),
    "manifest": (Manifest, example("archive/T-001/r0_manifest.json")),
    "evidence": (Evidence, example("archive/T-001/r1_checks.json")),
    "config": (
        Settings,
        {
            "run": {"max_rounds": 3},
            "checks": {"t": {"run": "true", "expect": [0]}},
            "env": {"pass": ["A_*"], "set": {}},
        },
    ),
}


def places(document: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every value in a document."""
    entries = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [here, *(place for key, value in entries for place in places(value, (*here, key)))]


def altered(document: Any, place: tuple[Any, ...], value: Any, *, remove: bool) -> Any:
    if not place:
        return value
    document = copy.deepcopy(document)
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    if remove:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return document


@pytest.mark.parametrize("name", READERS)
@FUZZ
@given(data=st.data())
def test_a_document_with_anything_in_any_place_is_read_or_refused(name: str, data: st.DataObject):
    kind, document = READERS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(document)))
        document = altered(document, place, data.draw(JSON), remove=bool(place) and data.draw(st.booleans()))
    with read_or_refused():
        value = documents.read(kind, document)
        assert documents.read(kind, parse(dump(value))) == value  # what was accepted can be written and read again


@FUZZ
@given(st.binary(max_size=300) | JSON.map(repr).map(lambda text: text.encode("utf-8", "backslashreplace")))
def test_any_bytes_are_a_document_or_a_sentence(data: bytes):
    with read_or_refused():
        parse(data)


@FUZZ
@given(lines=st.lists(st.binary(max_size=200), max_size=8), torn=st.booleans())
def test_a_feed_of_any_lines_is_read_and_can_be_added_to(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], torn: bool
):
    path = tmp_path_factory.mktemp("feed") / "feed.jsonl"
    path.write_bytes(b"\n".join(lines) + (b"" if torn else b"\n"))
    feed = Feed(path)
    before = list(feed.read())
    feed.verify()
    added = feed.append(RoundStarted(round=1, head_sha=""), run_id="r", now="2025-01-01T00:00:00.000Z")
    assert [*before, added] == list(feed.read())


LINES = [line for path in sorted(CAPTURES.rglob("*.jsonl")) for line in path.read_text("utf-8").splitlines() if line]


@pytest.mark.parametrize("name", ["claude", "codex", "command", "gemini", "opencode", "script"])
@FUZZ
@given(data=st.data())
def test_a_line_of_an_agent_with_anything_in_it_is_events_or_nothing(name: str, data: st.DataObject):
    backend = find_backend(name, BackendSettings(type=name, argv=("x",), script="x"))
    line = data.draw(TEXT | st.sampled_from(LINES))
    try:
        document = json.loads(line)
    except ValueError:
        document = None
    if isinstance(document, dict):
        place = data.draw(st.sampled_from(places(document)))
        line = json.dumps(altered(document, place, data.draw(JSON), remove=False))
    assert isinstance(backend.read(line), tuple)


@FUZZ
@given(TEXT | st.binary(max_size=100), st.dictionaries(st.sampled_from(["goal", "diff"]), TEXT))
def test_a_template_of_anything_is_filled_or_refused(template: str | bytes, values: dict[str, str]):
    with read_or_refused():
        fill(check_template(template, ("goal", "diff"), "t.txt"), values)


@FUZZ
@given(st.lists(TEXT | st.sampled_from(["**/", "!", "[", "a//b", "\\", "***", "#x"]), max_size=4), TEXT)
def test_a_scope_of_anything_covers_or_not(entries: list[str], path: str):
    with read_or_refused():
        Scope.read(entries, lambda _: False).covers(path)


@FUZZ
@given(
    st.lists(
        TEXT | st.sampled_from(["1..3", "ok 1", "Ran 3 tests in 1s", "FAILED (failures=9)", "== 3 passed =="]),
        max_size=8,
    )
)
def test_any_output_of_a_check_is_counted_or_not(lines: list[str]):
    tally = Tally()
    for line in lines:
        tally.take(line)
    assert tally.counts is None or tally.counts.run >= 0


@FUZZ
@given(TEXT)
def test_any_config_file_is_read_or_refused(text: str):
    with read_or_refused():
        Settings.from_document(tomllib.loads(text))


@FUZZ
@given(
    name=TEXT.filter(lambda text: text not in {"", ".", ".."} and not set(text) & set("/\0\ud800")),
    data=st.binary(max_size=50),
)
def test_an_archive_with_anything_in_it_can_be_listed_and_read(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes
):
    folder = tmp_path_factory.mktemp("archive")
    for each in (name, "r1_work_report.json", f"r2_{name}.json"):
        (folder / each[:60]).write_bytes(data)
    archive = Archive(folder)
    archive.files()
    with read_or_refused():
        archive.read(1, "work_report")
