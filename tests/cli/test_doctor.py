import json
from pathlib import Path

import pytest

from loop_kit.backends.tested import TESTED
from tests.support.commands import Done, loop
from tests.support.repos import make_repo

CONFIG = '[run]\nworker_backend = "claude"\n[env]\npass = ["MINE_*"]\n'
CODEX = TESTED["@openai/codex"][-1]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = make_repo(tmp_path / "repo")
    (repo / ".loop").mkdir()
    (repo / ".loop/config.toml").write_text(CONFIG, encoding="utf-8")
    return repo


def install(tmp_path: Path, *names: str) -> None:
    (tmp_path / "bin").mkdir(exist_ok=True)
    for name in names:
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\necho {name} 1.2.3\n", encoding="utf-8")
        path.chmod(0o755)


def doctor(repo: Path, *args: str, **env: str) -> Done:
    path = f"{repo.parent}/bin:/usr/bin:/bin"
    return loop("doctor", *args, cwd=repo, env={"PATH": path, "HOME": str(repo.parent), **env})


def test_all_is_well_when_the_configured_pair_can_be_started(repo: Path, tmp_path: Path):
    install(tmp_path, "codex", "claude")
    done = doctor(repo)
    assert (done.code, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines() if not line.startswith("  ")]
    assert [line[:2] for line in lines[:6]] == [
        ["ok", name] for name in ("python", "platform", "git", "files", "config", "claude")
    ]
    assert "for the worker; " in done.out
    assert (
        f"{tmp_path}/bin/claude; claude 1.2.3 (older than 2.1.197, the first that was tested); credentials: none seen"
        in done.out
    )
    assert "NOT OK" not in done.out


@pytest.mark.parametrize("there", ["codex", "claude"])
def test_one_of_the_pair_that_is_missing_is_exit_8(repo: Path, tmp_path: Path, there: str):
    install(tmp_path, there)
    done = doctor(repo)
    assert done.code == 8
    missing = {"codex": "claude", "claude": "codex"}[there]
    assert f"NOT OK  {missing} " in done.out
    assert json.loads(doctor(repo, "--json").out)["ok"] is False


@pytest.mark.parametrize(
    ("name", "login"), [("gemini", ".gemini/oauth_creds.json"), ("opencode", ".local/share/opencode/auth.json")]
)
def test_a_program_of_another_pair_is_found_with_its_login(repo: Path, tmp_path: Path, name: str, login: str):
    install(tmp_path, name)
    (tmp_path / login).parent.mkdir(parents=True)
    (tmp_path / login).touch()
    done = doctor(repo, LOOP_WORKER_BACKEND=name, LOOP_REVIEWER_BACKEND=name)
    assert done.code == 0
    assert f"{tmp_path}/bin/{name}; {name} 1.2.3 (" in done.out
    assert f"; credentials: ~/{login}" in done.out


def test_it_shows_how_a_role_would_be_started_and_what_confines_it(repo: Path, tmp_path: Path):
    install(tmp_path, "codex", "claude")
    shown = doctor(repo).out
    assert f"\n        worker    {tmp_path}/bin/claude -p --output-format stream-json" in shown
    assert f"\n        reviewer  {tmp_path}/bin/codex exec --json -C TREE -s read-only" in shown
    assert "sandbox: its own: a worker writes its tree" in shown
    (codex,) = (agent for agent in json.loads(doctor(repo, "--json").out)["agents"] if agent["name"] == "codex")
    assert codex["calls"]["reviewer"][:3] == [f"{tmp_path}/bin/codex", "exec", "--json"]
    assert codex["standing"] == f"newer than {CODEX}, the last that was tested"


ANSWERS = """\
case "$1" in --version) echo codex-cli CODEX; exit;; esac
echo '{"type": "thread.started", "thread_id": "t-1"}'
echo '{"type": "item.completed", "item": {"type": "agent_message", "text": "{\\"answer\\": \\"ok\\"}"}}'
echo '{"type": "turn.completed", "usage": {"input_tokens": 1, "output_tokens": 1}}'
""".replace("CODEX", CODEX)
REFUSED = """\
case "$1" in --version) echo codex-cli CODEX; exit;; esac
echo '{"type": "turn.failed", "error": {"message": "unexpected status 401 Unauthorized: no"}}'
exit 1
""".replace("CODEX", CODEX)


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        (ANSWERS, 0, "it answered in "),
        (REFUSED, 8, "it failed (auth): unexpected status 401"),
        ("exit 0", 8, "it ended well and said nothing"),
    ],
    ids=["answers", "refused", "silent"],
)
def test_a_probe_calls_the_pair_once_and_leaves_nothing(repo: Path, tmp_path: Path, script: str, code: int, says: str):
    install(tmp_path, "codex")
    calls = tmp_path / "calls"
    program = tmp_path / "bin/codex"
    program.write_text(f'#!/bin/sh\n[ "$1" = exec ] && echo x >> {calls}\n{script}\n', encoding="utf-8")
    pair = {"LOOP_WORKER_BACKEND": "codex", "LOOP_REVIEWER_BACKEND": "codex", "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    assert doctor(repo, **pair).code == 0
    assert not calls.exists()
    done = doctor(repo, "--probe", **pair)
    assert (done.code, says in done.out) == (code, True), done.out
    assert calls.read_text(encoding="utf-8") == "x\n"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_one_that_nobody_asked_for_may_be_missing(repo: Path, tmp_path: Path):
    install(tmp_path, "codex")
    assert doctor(repo, LOOP_WORKER_BACKEND="codex").code == 0


def test_a_config_that_cannot_be_used_is_said_and_the_rest_is_looked_at(repo: Path, tmp_path: Path):
    install(tmp_path, "codex")
    (repo / ".loop/config.toml").write_text("[run]\nmax_roundz = 3\n", encoding="utf-8")
    done = doctor(repo)
    assert done.code == 3
    assert "NOT OK  config" in done.out
    assert "did you mean 'max_rounds'?" in done.out
    assert "ok      codex" in done.out


def test_variables_are_told_by_name_and_reason_and_never_by_value(repo: Path, tmp_path: Path):
    install(tmp_path, "codex", "claude")
    secrets = {"OPENAI_API_KEY": "s3cret", "ANTHROPIC_API_KEY": "s3cret", "MINE_1": "s3cret", "OTHER": "s3cret"}
    text, document = doctor(repo, **secrets).out, doctor(repo, "--json", **secrets).out
    assert "s3cret" not in text + document
    assert "credentials: OPENAI_API_KEY" in text
    assert "withheld  worker    nothing asks for it: " in text
    environment = json.loads(document)["environment"]
    passed = {role: {each["name"] for each in found if each["passed"]} for role, found in environment.items()}
    assert passed["worker"] & secrets.keys() == {"ANTHROPIC_API_KEY", "MINE_1"}
    assert passed["reviewer"] & secrets.keys() == {"OPENAI_API_KEY", "MINE_1"}


def test_it_works_before_there_is_a_bus_and_leaves_nothing(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    before = sorted(repo.iterdir())
    assert doctor(repo).code == 8
    assert sorted(repo.iterdir()) == before


def test_odd_names_and_versions_are_shown_and_not_sent(repo: Path, tmp_path: Path):
    install(tmp_path, "codex", "claude")
    (tmp_path / "bin/codex").write_text("#!/bin/sh\nprintf '\\033[2J1.0\\n'\n", encoding="utf-8")
    done = doctor(repo, **{"ODD\x1b[31m": "x"})
    assert done.code == 0
    assert "\\x1b[2J1.0" in done.out
    assert [char for char in done.out if not char.isprintable() and char != "\n"] == []
