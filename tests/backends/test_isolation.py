"""What keeps a tree's own settings from each program, as loop builds its command; tests/agents shows that it does."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from loop_kit.backends.base import Backend, Isolating
from loop_kit.backends.registry import find_backend
from loop_kit.errors import BackendError
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access
from loop_kit.values import replace
from tests.backends.orders import make_order
from tests.support.repos import make_repo

SETTINGS = {
    "claude": BackendSettings(type="claude"),
    "codex": BackendSettings(type="codex"),
    "gemini": BackendSettings(type="gemini"),
    "opencode": BackendSettings(type="opencode"),
    "script": BackendSettings(type="script", script="/script.json"),
    **{
        f"acp-{preset}": BackendSettings(type="acp", preset=preset)
        for preset in ("claude", "codex", "gemini", "opencode")
    },
}
APART = ("gemini", "opencode", "acp-codex", "acp-opencode")
NOT = {
    "command": BackendSettings(type="command", argv=("agent",)),
    "acp": BackendSettings(type="acp", argv=("agent",)),
}


def backend(name: str) -> Any:
    return find_backend(name, {**SETTINGS, **NOT}[name])


def isolates(found: Backend) -> bool:
    return isinstance(found, Isolating) and found.isolates


def test_every_program_that_loop_knows_can_be_kept_from_the_tree_and_no_other():
    assert [name for name in (*SETTINGS, *NOT) if isolates(backend(name))] == [*SETTINGS]


@pytest.mark.parametrize("name", ["claude", "acp-claude"])
def test_claude_gives_a_worker_the_settings_of_the_base_and_a_reviewer_none(name: str, tmp_path: Path):
    base = {".claude/settings.json": tmp_path / "s.json", ".mcp.json": tmp_path / "m.json"}
    assert backend(name).tree_settings == tuple(base)
    for session in (None, "s-1"):
        for access in Access:
            order = make_order(tmp_path, settings=SETTINGS[name], access=access, session=session, base_settings=base)
            words = " ".join(backend(name).command(order).argv)
            assert [str(path) in words for path in base.values()] == [access is Access.WRITE] * 2


@pytest.mark.parametrize("name", ["opencode", "acp-opencode"])
def test_opencode_gives_a_worker_the_configuration_of_the_base_unless_a_person_gives_one(name: str, tmp_path: Path):
    base = {"opencode.json": tmp_path / "o.json"}
    assert backend(name).tree_settings == tuple(base)
    order = make_order(tmp_path, settings=SETTINGS[name], base_settings=base)
    own = {"OPENCODE_CONFIG": "/mine.json"}
    made = [replace(order, environment=environment) for environment in ({}, own)]
    made.append(replace(order, access=Access.READ))
    found = [backend(name).command(each).env.get("OPENCODE_CONFIG") for each in made]
    assert found == [str(base["opencode.json"]), None, None]


@pytest.mark.parametrize("access", Access)
def test_the_last_word_on_settings_is_not_that_of_a_persons_own_options(access: Access, tmp_path: Path):
    own = ("--setting-sources", "user,project,local", "-c", "project_doc_max_bytes=9")
    argv = {
        name: backend(name).command(make_order(tmp_path, settings=SETTINGS[name], access=access, args=own)).argv
        for name in ("claude", "codex")
    }
    found = argv["claude"]
    assert [found[number + 1] for number, word in enumerate(found) if word == "--setting-sources"][-1] == "user"
    assert [word for word in argv["codex"] if word.startswith("project_doc_max_bytes")][-1] == "project_doc_max_bytes=0"


def test_codex_is_told_that_nobody_trusts_the_tree_nor_the_repository_that_it_was_made_from(tmp_path: Path):
    repo, tree = make_repo(tmp_path / "my repo", {"a": "a\n"}), tmp_path / "tree"
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree)], cwd=repo, check=True)
    argv = backend("codex").command(make_order(tmp_path, access=Access.READ)).argv
    (projects,) = (word for word in argv if word.startswith("projects="))
    assert projects == f'projects={{"{tree}"={{trust_level="untrusted"}},"{repo}"={{trust_level="untrusted"}}}}'


@pytest.mark.parametrize("place", [".agents/skills", ".codex/skills"])
def test_codex_is_told_of_each_skill_of_the_tree_that_it_is_off(tmp_path: Path, place: str):
    order = make_order(tmp_path)
    skill = order.cwd / place / "a b" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.touch()
    assert f'skills.config=[{{path="{skill}",enabled=false}}]' in backend("codex").command(order).argv


def test_more_skills_than_can_be_switched_off_end_it(tmp_path: Path):
    order = make_order(tmp_path)
    for number in range(500):
        skill = order.cwd / ".agents/skills" / str(number) / "SKILL.md"
        skill.parent.mkdir(parents=True)
        skill.touch()
    with pytest.raises(BackendError, match="too much to be switched off"):
        backend("codex").command(order)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_program_that_reads_what_lies_where_it_stands_stands_beside_the_tree(name: str, tmp_path: Path):
    for access in Access:
        order = make_order(tmp_path, settings=SETTINGS[name], access=access)
        call = backend(name).command(order)
        assert call.apart == (name in APART)
        assert call.stdin is not None
        told = call.stdin.read_text(encoding="utf-8")
        assert told.endswith("Do the work.")
        if call.apart:
            assert f"\n    {order.cwd}\n" in told
            led = {"GIT_DIR": f"{order.cwd}/.git", "GIT_WORK_TREE": str(order.cwd)} if access is Access.READ else {}
            assert {key: value for key, value in call.env.items() if key.startswith("GIT_")} == led


def test_gemini_behind_acp_trusts_the_tree_in_nothing_whatever_its_options_say(tmp_path: Path):
    order = make_order(tmp_path, settings=SETTINGS["acp-gemini"], args=("--skip-trust",))
    env = backend("acp-gemini").command(order).env
    assert (env["GEMINI_CLI_TRUST_WORKSPACE"], env["GEMINI_RESTRICTED_MODE"]) == ("false", "true")


@pytest.mark.parametrize(("own", "told"), [("", "default"), ("claude-x", None)])
def test_claude_behind_acp_takes_no_model_from_the_tree(own: str, told: str | None, tmp_path: Path):
    order = make_order(tmp_path, settings=SETTINGS["acp-claude"], environment={"ANTHROPIC_MODEL": own} if own else {})
    call = backend("acp-claude").command(order)
    (meta,) = (json.loads(word.partition("=")[2]) for word in call.argv if word.startswith("--meta="))
    options = meta["claudeCode"]["options"]
    assert options["settingSources"] == ["user"]
    assert (call.env.get("ANTHROPIC_MODEL"), options.get("env")) == (told, {"ANTHROPIC_MODEL": ""} if told else None)
