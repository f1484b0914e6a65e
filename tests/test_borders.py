"""What may cross a module's border: events and documents as classes; and what one looks at writes nothing."""

import ast
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.views.health import read_health
from loop_kit.views.run_status import read_status
from loop_kit.views.runs import list_runs
from loop_kit.views.story import prompts, read_story
from tests.support.happenings import KINDS
from tests.test_architecture import ROOT, SOURCE, modules

# Names of events that are words for something else as well.
OTHER_WORDS = {
    "check": "a command, and the table in which people name checks",
    "decided": "the label of a part of the story",
    "noticed": "the label of a part of the panel",
    "verified": "a field of the evidence",
}
# Modules in which a document has no class, and why.
DOCUMENTS_ELSEWHERE = {
    "commands/accept.py": "what --json prints",
    "commands/undo.py": "what --json prints",
    "dispatch/answer.py": "what an agent has handed in, before it is read",
    "commands/cards.py": "a card that a person has begun",
    "commands/submit.py": "a report that a person has begun",
    "cli/[!s]*.py": "flags as click gives them, what a person edits, what --json prints",
    "cli/settings.py": "settings before they are read",
}
NOW = datetime(2025, 3, 3, 11, 0, tzinfo=UTC)
UNTYPED = ("dict[str, Any]", "Mapping[str, Any]")
# Lists are added to as well, and the feed is with the id of a run.
WRITING = (
    "append",
    "clear_outbox",
    "clear_runtime",
    "ensure_layout",
    "install",
    "link",
    "mkdir",
    "move_in",
    "open_outbox",
    "put",
    "put_document",
    "put_from_bus",
    "put_round",
    "put_state",
    "refuse",
    "rename",
    "rmdir",
    "symlink_to",
    "touch",
    "unlink",
    "write",
    "write_bytes",
    "write_text",
)


def event_names(path: Path) -> Iterator[str]:
    """Yield each name of an event that stands in a module as a text, and is no other word."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and node.value in KINDS and node.value not in OTHER_WORDS:
            yield f"{path.name}:{node.lineno} {node.value}"


def test_the_name_of_an_event_stands_at_its_class_alone():
    at_home = (SOURCE / "model/events.py", SOURCE / "model/shown_events.py")
    found = [name for path in modules(SOURCE) if path not in at_home for name in event_names(path)]
    # A field of loop status that was called so before, and the same word.
    assert [name for name in found if not name.endswith(" waiting_for_person")] == []
    assert {kind for kind in KINDS for path in at_home if f'kind = "{kind}"' in path.read_text("utf-8")} == set(KINDS)


def test_the_name_of_an_event_elsewhere_is_seen(tmp_path: Path):
    module = tmp_path / "odd.py"
    module.write_text("def hear(event):\n    return event.kind in ('run_ended', 'check', 'of_no_event')\n", "utf-8")
    assert list(event_names(module)) == ["odd.py:2 run_ended"]


def untyped(path: Path) -> Iterator[str]:
    """Yield each function that takes or gives a document without a class."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            taken = (each.annotation for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
            said = [ast.unparse(each) for each in (*taken, node.returns) if each is not None]
            yield from (
                f"{path.name}:{node.lineno} {node.name}" for each in said if any(what in each for what in UNTYPED)
            )


def test_no_document_without_a_class_crosses_a_border():
    found = {
        str(path.relative_to(SOURCE)): list(untyped(path))
        for path in modules(
            *(SOURCE / name for name in ("commands", "runs", "steps", "dispatch", "engine", "views", "cli"))
        )
    }
    excused = {name: [each for each in DOCUMENTS_ELSEWHERE if fnmatch(name, each)] for name in found}
    assert [each for name, lines in found.items() if not excused[name] for each in lines] == []
    used = {each for name, lines in found.items() if lines for each in excused[name]}
    assert set(DOCUMENTS_ELSEWHERE) - used == set(), "the exception is not needed any more"


def test_a_document_without_a_class_is_seen(tmp_path: Path):
    module = tmp_path / "odd.py"
    module.write_text(
        "def one(a: Mapping[str, Any]) -> int: ...\ndef two(a: str) -> dict[str, Any] | None: ...\n", "utf-8"
    )
    assert list(untyped(module)) == ["odd.py:1 one", "odd.py:2 two"]


def writing(path: Path) -> Iterator[str]:
    """Yield what a module calls that writes; lists are added to, and values written as documents."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Call(func=ast.Attribute(attr=deed), keywords=given) if deed in WRITING:
                if deed != "append" or any(each.arg == "run_id" for each in given):
                    yield f"{path.name}:{node.lineno} {deed}"
            case ast.ImportFrom(module="loop_kit.bus.atomic", names=names):
                yield from (f"{path.name}:{node.lineno} {each.name}" for each in names if each.name != "listed")


def test_views_call_nothing_that_writes():
    assert [deed for path in modules(SOURCE / "views") for deed in writing(path)] == []


def test_a_view_that_writes_is_seen(tmp_path: Path):
    module = tmp_path / "odd.py"
    module.write_text("from loop_kit.bus.atomic import listed, move\nbus.put_state(state)\nfound.append(1)\n", "utf-8")
    assert list(writing(module)) == ["odd.py:1 move", "odd.py:2 put_state"]


@pytest.mark.parametrize("spoiled", [False, True])
def test_looking_leaves_a_bus_as_it_is(tmp_path: Path, spoiled: bool):
    bus = Bus(tmp_path / ".loop")
    shutil.copytree(ROOT / ".loop.example", bus.root)
    if spoiled:
        bus.feed_path.write_bytes(b"{")
    before = {path: path.stat().st_mtime_ns for path in bus.root.rglob("*")}
    read_status(bus, NOW)
    read_health(bus, NOW, 30.0)
    list_runs(bus)
    read_story(bus, "T-001", None)
    list(prompts(bus, "T-001"))
    assert {path: path.stat().st_mtime_ns for path in bus.root.rglob("*")} == before
