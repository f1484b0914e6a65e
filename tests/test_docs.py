"""The docs are held against the code, and the README's transcript against a fresh run."""

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loop_kit import __version__
from loop_kit.backends.registry import find_backend, known
from loop_kit.backends.showing import show_call
from loop_kit.backends.standin import STEPS
from loop_kit.backends.versions import Measured
from loop_kit.bus import delivery
from loop_kit.bus.archive import Archive
from loop_kit.bus.layout import LIMITS, Layout
from loop_kit.cli.cmd_init import MADE
from loop_kit.cli.cmd_run import command as run_command
from loop_kit.errors import EXIT_CODES
from loop_kit.model.agent_events import FailureKind
from loop_kit.model.change import Effect
from loop_kit.model.config import BackendSettings, Settings
from loop_kit.model.events import DURABLE, Event
from loop_kit.model.names import ROLES
from loop_kit.model.roles import RoleSettings
from loop_kit.model.shown_events import SHOWN, RoundFailed
from loop_kit.model.summary import CommandEnded
from loop_kit.values.annotations import document_fields
from tests.support.pages import (
    ANEW,
    PAGES,
    PATIENCE,
    ROOT,
    blocks,
    first_lie,
    play_demo,
    quoted,
    rows,
    section_of,
    text_of,
    timeless,
    transcripts,
)
from tests.support.repos import git

# The README


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return play_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def lie(tmp_path_factory):
    return play_demo(tmp_path_factory.mktemp("lie"), "--lie")


def test_the_readme_shows_what_the_demo_prints(demo):
    assert timeless(transcripts(text_of("README.md"))[0]) == timeless(demo[0]), ANEW


def test_the_readme_shows_how_a_lie_is_caught(lie):
    shown = transcripts(text_of("README.md"))[1].removeprefix("…\n").removesuffix("\n…")
    assert timeless(shown) == timeless(first_lie(lie[0])), ANEW


def test_the_readme_lists_every_exit_code_and_outcome():
    listed = rows(section_of("README.md", "Exit codes"))[1:]
    assert [(int(code), *quoted(outcome)) for code, outcome, _ in listed] == [
        (code, str(outcome)) for outcome, code in EXIT_CODES.items()
    ]


def test_the_readme_can_be_read_in_one_sitting():
    assert len(text_of("README.md").splitlines()) < 200


# The command line


def test_every_flag_of_loop_run_is_on_the_page_of_the_command_line():
    words = set(section_of("docs/cli.md", "loop run").split())
    flags = [flag for option in run_command.params if not getattr(option, "hidden", False) for flag in option.opts]
    assert len(flags) > 15
    assert set(flags) <= words


@pytest.mark.parametrize("page", ["README.md", "docs/protocol.md", "docs/by-hand.md", "AGENTS.md", "CHANGELOG.md"])
def test_no_flag_is_mentioned_that_loop_does_not_have(page):
    by_others = {"--all", "--format", "--oneline", "--stdin", "--strict"}  # git, mypy
    mentioned = set(re.findall(r"(?<![-\w])--[a-z][a-z-]*", text_of(page))) - by_others
    assert mentioned <= set(re.findall(r"--[a-z][a-z-]*", text_of("docs/cli.md")))


def test_every_make_target_that_is_mentioned_exists():
    targets = re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE)
    for page in ("README.md", "AGENTS.md"):
        assert set(re.findall(r"(?:`|\$ )make ([a-z]+)", text_of(page))) <= set(targets)


# The bus


def entries() -> list[str]:
    return re.findall(r"^### `([^`]+)`$", section_of("docs/protocol.md", "Files"), re.MULTILINE)


def pattern_of(entry: str) -> re.Pattern[str]:
    """Return what matches the paths an entry is about: `{N}` and `{k}` are numbers, other braces any name."""
    parts = re.split(r"\{(\w+)\}", entry)
    kinds = {
        "N": r"\d+",
        "k": r"\d+",
        "i": r"\d+",
        "role": "(worker|reviewer)",
        "run_name": "[^/_][^/]*",
        "name": "[^/.]+",
    }
    names = (kinds.get(name, "[^/]+") for name in parts[1::2])
    return re.compile("".join(re.escape(text) + name for text, name in zip(parts[::2], [*names, ""], strict=True)))


def has_entry(path: str) -> bool:
    return any(pattern_of(entry).fullmatch(path) or entry.startswith(f"{path}/") for entry in entries())


def named_by_the_code() -> Iterator[Path]:
    layout = Layout(Path("/bus"))
    yield from map(layout.path, LIMITS)
    properties = (getattr(layout, name) for name, kind in vars(Layout).items() if isinstance(kind, property))
    yield from (found for found in properties if isinstance(found, Path))
    yield from map(layout.heartbeat_path, ROLES)
    outbox, note = delivery.parts(layout.outbox("T-1-r1-worker-1"))
    yield from (outbox / delivery.REPORT, note)
    yield from (layout.root / name for name in (*MADE, ".gitignore"))
    yield Archive(layout.archive_root / "T-1").file(1, "work_report")


def test_every_file_that_the_code_names_has_an_entry_in_the_protocol():
    found = [str(path.relative_to("/bus")) for path in named_by_the_code()]
    assert len(found) > 20
    assert [path for path in found if not has_entry(path)] == []


def test_every_file_of_a_finished_run_has_an_entry_in_the_protocol(lie):
    bus = lie[1] / ".loop"
    found = [path.relative_to(bus).as_posix() for path in bus.rglob("*") if path.is_file()]
    assert len(found) > 30
    assert [path for path in found if not has_entry(path) and not path.startswith("script.json")] == []


def test_every_file_of_the_example_has_an_entry_in_the_protocol():
    bus = ROOT / ".loop.example"
    found = [path.relative_to(bus).as_posix() for path in bus.rglob("*") if path.is_file()]
    assert [path for path in found if not has_entry(path)] == []


def test_every_entry_says_who_writes_who_reads_when_it_appears_and_what_its_absence_means():
    for entry in section_of("docs/protocol.md", "Files").split("\n### ")[1:]:
        body = entry.partition("\nOutside the bus")[0]
        labels = re.findall(r"^- (\w[\w ]*): \S", body, re.MULTILINE)
        assert labels == ["Written by", "Read by", "Appears", "Absent"], body[:60]


def test_the_protocol_says_how_large_each_document_may_be():
    listed = {
        quoted(kind)[0]: size for kind, size in rows(section_of("docs/protocol.md", "What holds for every file"))[1:]
    }
    assert listed == {kind: f"{limit >> 20} MiB" for kind, limit in LIMITS.items()}


def test_every_ref_of_a_run_stands_in_the_protocol(lie):
    known_refs = [pattern_of(quoted(name)[0]) for name, *_ in rows(section_of("docs/protocol.md", "Refs"))[1:]]
    found = git(lie[1], "for-each-ref", "--format=%(refname)", "refs/loop").splitlines()
    assert len(found) > 3
    assert [ref for ref in found if not any(pattern.fullmatch(ref) for pattern in known_refs)] == []


def test_every_commit_that_a_run_pins_stands_in_the_protocol():
    named = [call.args[0] for name, call in calls() if name in {"pin", "pin_name"} and call.args]
    texts = [part for name in named for part in ast.walk(name) if isinstance(part, ast.Constant)]
    found = {str(text.value).rpartition("/")[2] for text in texts}
    listed = " ".join(name for name, *_ in rows(section_of("docs/protocol.md", "Refs")))
    assert found >= {"base", "head", "unfinished-"}
    assert [text for text in found if f"/{text}" not in listed] == []


def test_the_variables_an_agent_finds_stand_in_the_protocol(lie):
    call = json.loads((lie[1] / ".loop/script.json.calls/worker-001.json").read_text(encoding="utf-8"))
    listed = [
        quoted(name)[0]
        for name, _ in rows(section_of("docs/protocol.md", "What an agent finds in its environment"))[1:]
    ]
    assert sorted(listed) == [name for name in call["env"] if name.startswith("LOOP_")]


# Events and findings, as the source tells them


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield every call in the source with the name of what is called."""
    for path in sorted((ROOT / "src/loop_kit").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                    yield name, node
                case _:
                    pass


def test_every_event_stands_in_the_protocol_with_its_data():
    kinds: Any = DURABLE
    shown: tuple[type[Event], ...] = (*SHOWN, CommandEnded)
    kept = {kind.kind: [each.name for each in document_fields(kind)] for kind in kinds}
    section = section_of("docs/protocol.md", "Events of the log")
    assert {quoted(event)[0]: quoted(data) for event, _, data in rows(section)[1:]} == kept
    # What a round process tells the PM goes no further.
    assert [kind for kind in shown if kind is not RoundFailed and f"`{kind.kind}`" not in section] == []


def test_every_finding_stands_in_the_protocol_with_its_effect():
    effects = {effect.name: str(effect) for effect in Effect}
    watched = ("hooks_changed", "config_changed", "history_changed", "loop_refs_changed")
    found = dict.fromkeys(watched, "stop")
    found["criterion_unmet"] = "judge"  # or a fix: checks.judge decides by the result
    for name, call in calls():
        match name, call.args, {keyword.arg: keyword.value for keyword in call.keywords}:
            case "stop" | "ask_again", [ast.Constant(value=str(code)), *_], _:
                found[code] = name
            case "about", [ast.Attribute(attr=effect), ast.Constant(value=str(code)), *_], _:
                found[code] = effects[effect]
            case "Finding", _, {"effect": ast.Attribute(attr=effect), "code": ast.Constant(value=str(code))}:
                found[code] = effects[effect]
            case _:
                pass
    listed = rows(section_of("docs/protocol.md", "Findings"))[1:]
    assert {quoted(code)[0]: effect for code, effect, _ in listed} == found


# Backends


def test_every_backend_step_and_kind_of_failure_is_listed():
    page = text_of("docs/backends.md")
    first = [quoted(row[0])[0] for row in rows(page) if quoted(row[0])]
    steps = {match[1] for name in first if (match := re.match(r'\{"(\w+)"', name))}
    assert steps == set(STEPS)
    assert {str(kind) for kind in FailureKind} <= set(first)
    assert set(known()) <= set(first)


@pytest.mark.parametrize("name", ["codex", "claude", "gemini", "opencode"])
@pytest.mark.parametrize("role", ROLES)
def test_the_command_lines_of_the_known_programs_are_those_the_code_builds(name, role):
    backend = find_backend(name, BackendSettings(type=name))
    given = RoleSettings(model="MODEL", effort="EFFORT" if backend.supports_effort else "", args=("ARGS",))
    line = shlex.join(show_call(backend, name, Settings(worker=given, reviewer=given), role, program=name))
    assert line in [block.strip() for block in blocks(text_of("docs/backends.md"), "text")]


def test_the_table_of_programs_says_what_the_code_says():
    section = text_of("docs/backends.md").partition("<!-- table: programs -->")[2].partition("\n\nHow each")[0]
    listed = {quoted(row[0])[0]: row for row in rows(section) if quoted(row[0])}
    measured = {name: find_backend(name, BackendSettings(type=name)) for name in known() if name not in _SETTINGS}
    assert listed.keys() == {name for name, backend in measured.items() if isinstance(backend, Measured)}
    for name, row in listed.items():
        backend = measured[name]
        assert isinstance(backend, Measured)
        assert row[1] == ", ".join(backend.tested)
        assert row[2] == ("yes" if backend.supports_resume else "no")
        assert row[5] == backend.sandbox
        argv = show_call(backend, name, Settings(), "reviewer", program=name)
        assert [word for word in argv if word.endswith("-schema")] == quoted(row[3])


# What these need before they can be asked; they run programs that nobody measured.
_SETTINGS = ("acp", "command", "script")


def test_the_backend_of_thirty_lines_keeps_the_contract_and_is_found_by_its_name(tmp_path):
    backend, test, plugin = blocks(section_of("docs/backends.md", "Your own backend in 30 lines"), "python")
    assert len([line for line in backend.splitlines() if line.strip()]) <= 30
    for name, text in (("acme", backend), ("test_acme", test), ("acme_plugin", plugin)):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from test_acme import test_acme_keeps_the_contract
test_acme_keeps_the_contract()
from loop_kit.backends.showing import show_call
from loop_kit.backends.versions import Measured
from loop_kit.backends.registry import find_backend, load_plugins
from loop_kit.model.config import BackendSettings, Settings
from loop_kit.model.roles import RoleSettings
load_plugins(["acme_plugin"])
print(find_backend("acme", BackendSettings(type="acme")).read('{"type": "begin", "chat": "c-1"}'))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.stdout == "(SessionStarted(session_id='c-1'),)\n", done.stderr


def test_the_config_in_the_docs_is_valid():
    shown = [block for block in blocks(text_of("docs/backends.md"), "toml") if "project.entry-points" not in block]
    assert len(shown) == 7
    for block in shown:
        Settings.from_document(tomllib.loads(block))


# All pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        place = page.parent / target if target else page
        assert place.exists(), target
        headings = re.findall(r"^#+ (.*)$", place.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        assert not anchor or anchor in [re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in headings]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_shows_a_folder_of_somebodys_machine(page):
    assert re.findall(r"(?<![\w.])/(?:home|root|Users|work|private)/\S*", page.read_text(encoding="utf-8")) == []


def test_every_decision_has_context_decision_alternatives_and_consequences():
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        headings = re.findall(r"^## (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings == ["Context", "Decision", "Alternatives", "Consequences"], path.name


def test_the_changelog_has_this_version():
    assert f"\n## [{__version__}] - " in text_of("CHANGELOG.md")
