from pathlib import Path

import pytest

from loop_kit.backends.credentials import Credentialed, find_credentials
from loop_kit.backends.registry import find_backend
from loop_kit.model.config import BackendSettings

CODEX = find_backend("codex", BackendSettings(type="codex"))
CLAUDE = find_backend("claude", BackendSettings(type="claude"))
SCRIPT = find_backend("script", BackendSettings(type="script", script="/s.json"))


def test_a_variable_counts_when_it_says_something():
    assert find_credentials(CODEX, {"OPENAI_API_KEY": "k", "CODEX_API_KEY": "", "OPENAI_BASE_URL": "u"}) == (
        "OPENAI_API_KEY",
    )


def test_a_login_is_a_file_at_home_or_where_the_programs_own_variable_says(tmp_path: Path):
    for folder in (".codex", "moved"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "auth.json").touch()
    assert find_credentials(CODEX, {"HOME": str(tmp_path)}) == ("~/.codex/auth.json",)
    assert find_credentials(CODEX, {"CODEX_HOME": str(tmp_path / "moved")}) == ("$CODEX_HOME/auth.json",)


def test_each_program_is_looked_for_where_it_keeps_its_login(tmp_path: Path):
    for name, login in (("gemini", ".gemini/oauth_creds.json"), ("opencode", ".local/share/opencode/auth.json")):
        backend = find_backend(name, BackendSettings(type=name))
        assert find_credentials(backend, {"HOME": str(tmp_path)}) == ()
        (tmp_path / login).parent.mkdir(parents=True)
        (tmp_path / login).touch()
        assert find_credentials(backend, {"HOME": str(tmp_path)}) == (f"~/{login}",)


@pytest.mark.parametrize("environment", [{}, {"HOME": ""}, {"HOME": "relative"}, {"HOME": "/nowhere/at/all"}])
def test_where_there_is_nothing_nothing_is_seen(environment: dict[str, str], tmp_path: Path):
    assert find_credentials(CLAUDE, environment) == ()


def test_a_folder_of_that_name_is_no_login(tmp_path: Path):
    (tmp_path / ".claude/.credentials.json").mkdir(parents=True)
    assert find_credentials(CLAUDE, {"HOME": str(tmp_path)}) == ()


def test_a_backend_that_does_not_say_where_to_look_is_not_judged():
    assert not isinstance(SCRIPT, Credentialed)
    assert find_credentials(SCRIPT, {"OPENAI_API_KEY": "k"}) is None
