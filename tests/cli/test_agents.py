import sys
from pathlib import Path

import pytest

from loop_kit.backends.registry import known
from loop_kit.cli.agents import AgentProgram, inspect_agents, inspect_environment
from loop_kit.model.config import BackendSettings, EnvSettings, Settings
from loop_kit.model.roles import RoleSettings
from loop_kit.model.run_settings import RunSettings


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def agents(tmp_path: Path, settings: Settings | None = None, **environment: str) -> dict[str, AgentProgram]:
    found = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "HOME": str(tmp_path / "home"), **environment}
    return {agent.name: agent for agent in inspect_agents(found, settings or Settings())}


def test_an_agent_that_is_there_says_where_and_which_version(tmp_path: Path):
    path = program(tmp_path / "bin", "codex", "echo codex-cli 1.2.3; echo more")
    codex = agents(tmp_path)["codex"]
    assert (codex.ok, codex.program, codex.version, codex.problem) == (True, str(path), "codex-cli 1.2.3", "")
    assert codex.roles == ("worker", "reviewer")


def test_the_configured_pair_comes_first_and_every_known_backend_is_there(tmp_path: Path):
    settings = Settings(
        run=RunSettings(worker_backend="claude"), backends={"mine": BackendSettings(type="command", argv=("sh",))}
    )
    found = agents(tmp_path, settings)
    assert list(found)[:3] == ["claude", "codex", "mine"]
    assert set(found) == {*known(), "mine"}
    assert (found["claude"].roles, found["codex"].roles, found["mine"].roles) == (("worker",), ("reviewer",), ())


def test_each_of_several_reviewers_is_looked_for_with_what_its_role_is_given(tmp_path: Path):
    for name in ("codex", "claude"):
        program(tmp_path / "bin", name, "echo 1")
    settings = Settings(
        run=RunSettings(reviewers=("claude", "strict")),
        roles={"strict": RoleSettings(backend="codex,gemini", model="large", effort="high")},
    )
    found = agents(tmp_path, settings)
    assert list(found)[:3] == ["codex", "claude", "gemini"]
    assert (found["codex"].roles, found["claude"].roles) == (("worker", "strict"), ("claude",))
    assert 'model_reasoning_effort="high"' in found["codex"].calls["strict"]
    assert "large" in found["codex"].calls["strict"]
    assert "large" not in found["codex"].calls["worker"]
    assert "cannot be asked for an effort, and it is to have 'high'" in found["gemini"].problem


def test_one_that_is_missing_or_misconfigured_is_a_problem_and_no_crash(tmp_path: Path):
    settings = Settings(run=RunSettings(worker_backend="nobody"), backends={"mine": BackendSettings(type="command")})
    found = agents(tmp_path, settings)
    assert "there is no backend 'nobody'" in found["nobody"].problem
    assert "neither on PATH" in found["codex"].problem
    assert "argv" in found["mine"].problem
    assert not any(found[name].ok for name in ("nobody", "codex", "mine"))


def test_a_version_is_asked_without_keys_and_only_of_known_programs(tmp_path: Path):
    program(tmp_path / "bin", "codex", f'env > "{tmp_path}/seen"; echo 1')
    mine = program(tmp_path / "bin", "mine", f'touch "{tmp_path}/started"')
    settings = Settings(
        env=EnvSettings(passed=("MY_SECRET",)), backends={"mine": BackendSettings(type="command", argv=(str(mine),))}
    )
    found = agents(tmp_path, settings, OPENAI_API_KEY="k", MY_SECRET="s")
    seen = (tmp_path / "seen").read_text(encoding="utf-8")
    assert "PATH=" in seen
    assert "OPENAI_API_KEY" not in seen
    assert "MY_SECRET" not in seen
    assert (found["mine"].ok, found["mine"].program, found["mine"].version) == (True, str(mine), "")
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("script", ["exit 1", "true", "echo oops; exit 3"])
def test_a_version_that_is_not_told_is_unknown(tmp_path: Path, script: str):
    program(tmp_path / "bin", "codex", script)
    codex = agents(tmp_path)["codex"]
    assert (codex.ok, codex.version) == (True, "")


def test_of_keys_and_logins_only_the_names_are_told(tmp_path: Path):
    (tmp_path / "home/.claude").mkdir(parents=True)
    (tmp_path / "home/.claude/.credentials.json").write_text("s3cret", encoding="utf-8")
    found = agents(tmp_path, OPENAI_API_KEY="s3cret")
    assert found["codex"].credentials == ("OPENAI_API_KEY",)
    assert found["claude"].credentials == ("~/.claude/.credentials.json",)
    assert found["command"].credentials is None
    assert "s3cret" not in str([agent.to_document() for agent in found.values()])


def test_the_environment_is_told_for_the_roles_own_backend():
    settings = Settings(run=RunSettings(reviewer_backend="claude"), env=EnvSettings(passed=("MINE_*",)))
    outer = {"OPENAI_API_KEY": "1", "ANTHROPIC_API_KEY": "2", "MINE_1": "3", "OTHER": "4", "PATH": "5"}
    passed = {
        role: {each.name for each in inspect_environment(outer, settings, role) if each.passed}
        for role in ("worker", "reviewer")
    }
    assert passed == {
        "worker": {"OPENAI_API_KEY", "MINE_1", "PATH"},
        "reviewer": {"ANTHROPIC_API_KEY", "MINE_1", "PATH"},
    }
    assert inspect_environment(outer, Settings(run=RunSettings(worker_backend="nobody")), "worker") == ()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at the processes that are left")
def test_a_program_that_hangs_is_ended_in_time(tmp_path: Path):
    program(tmp_path / "bin", "codex", f"echo $$ > {tmp_path}/pid; exec sleep 1000")
    assert agents(tmp_path)["codex"].version == ""
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text(encoding='utf-8').strip()}").exists()
