"""Settings are compared by what they make a program run or allow, not by bytes."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from loop_kit.backends.claude import OUTSIDE as CLAUDE
from loop_kit.backends.codex import OUTSIDE as CODEX
from loop_kit.backends.gemini import OUTSIDE as GEMINI
from loop_kit.backends.opencode import OUTSIDE as OPENCODE
from loop_kit.backends.outside import Source, SourceFormat, Trees
from loop_kit.backends.outside_settings import take
from loop_kit.values import replace

REPO = Path("/nowhere/repo")
TREES = Trees.of(REPO)


def _names(path: Path, text: str, *, keys: tuple[str, ...] = ("*",), but: tuple[str, ...] = ()) -> list[str]:
    path.write_text(text, encoding="utf-8")
    form = SourceFormat.TOML if path.suffix == ".toml" else SourceFormat.JSON
    return [name.removeprefix(f"{path}: ") for name in take([Source(str(path), form, keys, but)], TREES)]


def test_the_way_to_a_setting_is_its_name(tmp_path):
    document = {"a": {"b": 1}, "mcp": {"x": {"command": "sh"}, "y": {"command": "ls"}}, "list": [{"run": 1}]}
    keys = ("mcp.*.command", "a", "list.*.run", "absent.*")
    assert _names(tmp_path / "s.json", json.dumps(document), keys=keys) == [
        "mcp.x.command",
        "mcp.y.command",
        "a",
        "list.0.run",
    ]


@pytest.mark.parametrize("empty", ["{}", "[]", '""', "null", '{"a": {"b": [], "c": ""}}'])
def test_an_entry_that_is_empty_is_none(tmp_path, empty: str):
    assert _names(tmp_path / "s.json", f'{{"hooks": {empty}}}') == []


@pytest.mark.parametrize("said", ["false", "0", "[{}]", '"x"'])
def test_a_no_is_said_too(tmp_path, said: str):
    assert _names(tmp_path / "s.json", f'{{"sandbox": {said}}}') == ["sandbox"]


def test_only_the_projects_that_are_worked_on_count(tmp_path):
    projects = {str(REPO): {"run": 1}, "/nowhere": {"run": 1}, "/elsewhere": {"run": 1}, "repo": {"run": 1}}
    found = _names(tmp_path / "s.json", json.dumps({"projects": projects}), keys=("projects.@.run",))
    assert found == ["projects./nowhere/repo.run", "projects./nowhere.run"]


def test_order_comments_and_space_are_no_difference(tmp_path):
    path, source = tmp_path / "s.json", Source(str(tmp_path / "s.json"), SourceFormat.JSON)
    path.write_text('{"a": {"x": 1, "url": "http://y"}, "b": [1, 2]}', encoding="utf-8")
    before = take([source], TREES)
    path.write_text('// {\n{"b": [1, 2,], /* , */ "a": {"url": "http://y", "x": 1},}', encoding="utf-8")
    assert before == take([source], TREES)
    assert len(before) == 2


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ',
        "[1]",
        "7",
        '{"a": NaN',
        "[" * 100_000,
        '{"a": ' * 100_000,
        "\x00",
        '"',
        "/*",
        '{"a": 9' + "9" * 9999 + "}",
    ],
)
def test_what_is_no_table_of_settings_is_one_difference(tmp_path, text: str):
    assert _names(tmp_path / "s.json", text) == ["what cannot be read"]


@pytest.mark.parametrize("text", ["a = ", "[a", "a = 1\na = 2", "a = " + "[" * 5000])
def test_toml_that_cannot_be_read_is_one_difference(tmp_path, text: str):
    assert _names(tmp_path / "s.toml", text) == ["what cannot be read"]


@pytest.mark.parametrize("text", ["", " \n"])
@pytest.mark.parametrize("ending", ["json", "toml"])
def test_an_empty_file_says_nothing(tmp_path, text: str, ending: str):
    assert _names(tmp_path / f"s.{ending}", text) == []


@pytest.mark.parametrize("part", ["/*", '"', '\\"', '"\\', ",", "//", ", ", "{"])
def test_no_text_makes_reading_slow(tmp_path, part: str):
    began = time.monotonic()
    _names(tmp_path / "s.json", part * 1_000_000)
    assert time.monotonic() - began < 60


def test_a_file_that_is_just_being_written_is_read_once_more(tmp_path):
    path = tmp_path / "s.json"
    path.write_text('{"hooks": ', encoding="utf-8")
    paused: list[int] = []

    def pause() -> None:
        paused.append(path.write_text('{"hooks": {"a": 1}}', encoding="utf-8"))

    assert list(take([Source(str(path), SourceFormat.JSON)], TREES, pause=pause)) == [f"{path}: hooks"]
    assert list(take([Source(str(path), SourceFormat.JSON)], TREES, pause=pause)) == [f"{path}: hooks"]
    assert len(paused) == 1


def test_a_name_can_be_put_into_every_document(tmp_path):
    (name, *_) = _names(tmp_path / "s.json", json.dumps({"\ud800\n\x1b" + "x" * 9999: 1}))
    assert name.isprintable()
    assert len(name.encode()) < 1000


# What the programs declare


def _found(home: Path, sources: tuple[Source, ...], path: str, document: Any) -> list[str]:
    """Return what is found when a document lies at a path of the home, by the keys of the source that is there."""
    target = home / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    own = [replace(source, path=str(target)) for source in sources if source.path == f"~/{path}"]
    assert own, f"nobody looks at {path}"
    return [name.removeprefix(f"{target}: ") for name in take(own, TREES)]


@pytest.mark.parametrize(
    ("sources", "path", "document"),
    [
        (CLAUDE, ".claude.json", {"numStartups": 7, "tipsHistory": {"a": 1}, "oauthAccount": {"emailAddress": "a@b"}}),
        (CLAUDE, ".claude.json", {"projects": {str(REPO): {"allowedTools": [], "mcpServers": {}, "lastCost": 1.5}}}),
        (CLAUDE, ".claude.json", {"projects": {"/elsewhere": {"mcpServers": {"x": {"command": "sh"}}}}}),
        (CLAUDE, ".claude/settings.json", {"model": "opus", "theme": "dark", "env": {"DISABLE_AUTOUPDATER": "1"}}),
        (CLAUDE, ".claude/plugins/known_marketplaces.json", {"official": {"lastUpdated": "2025-01-31"}}),
        (CODEX, ".codex/config.toml", '[projects."/nowhere/repo"]\ntrust_level = "trusted"\n[notice]\nseen = true\n'),
        (GEMINI, ".gemini/settings.json", {"$version": 2, "ui": {"theme": "x"}, "ide": {"hasSeenNudge": True}}),
        (GEMINI, ".gemini/trustedFolders.json", {"/elsewhere": "TRUST_FOLDER"}),
        (OPENCODE, ".config/opencode/opencode.json", {"$schema": "https://opencode.ai/config.json", "theme": "x"}),
    ],
)
def test_what_a_program_writes_by_itself_is_nothing(tmp_path, sources: tuple[Source, ...], path: str, document: Any):
    assert _found(tmp_path, sources, path, document) == []


@pytest.mark.parametrize(
    ("sources", "path", "document", "name"),
    [
        *(
            (CLAUDE, ".claude/settings.json", {key: {"a": 1}}, key)
            for key in ("hooks", "permissions", "statusLine", "env")
        ),
        *(
            (CLAUDE, ".claude/settings.json", {key: "sh"}, key)
            for key in ("apiKeyHelper", "otelHeadersHelper", "unknown")
        ),
        (CLAUDE, ".claude/settings.json", {"enabledPlugins": {"x@y": True}}, "enabledPlugins"),
        (CLAUDE, ".claude.json", {"mcpServers": {"x": {"command": "sh"}}}, "mcpServers"),
        (
            CLAUDE,
            ".claude.json",
            {"projects": {str(REPO): {"mcpServers": {"x": {"command": "sh"}}}}},
            "projects./nowhere/repo.mcpServers",
        ),
        (CODEX, ".codex/config.toml", '[mcp_servers.x]\ncommand = "sh"\n', "mcp_servers"),
        (CODEX, ".codex/config.toml", 'sandbox_mode = "danger-full-access"\n', "sandbox_mode"),
        (CODEX, ".codex/config.toml", 'notify = ["sh"]\n', "notify"),
        (GEMINI, ".gemini/settings.json", {"mcpServers": {"x": {"command": "sh"}}}, "mcpServers"),
        (GEMINI, ".gemini/settings.json", {"hooks": {"BeforeTool": [{"a": 1}]}}, "hooks"),
        (GEMINI, ".gemini/settings.json", {"tools": {"sandbox": False}}, "tools"),
        (OPENCODE, ".config/opencode/opencode.json", {"permission": {"bash": "allow"}}, "permission"),
        (OPENCODE, ".config/opencode/opencode.jsonc", {"mcp": {"x": {"command": ["sh"]}}}, "mcp"),
        (OPENCODE, ".config/opencode/opencode.json", {"provider": {"x": {"npm": "y"}}}, "provider"),
    ],
)
def test_what_makes_a_program_run_or_allow_something_is_found_by_its_name(
    tmp_path, sources: tuple[Source, ...], path: str, document: Any, name: str
):
    assert _found(tmp_path, sources, path, document) == [name]
