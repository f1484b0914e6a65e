from pathlib import Path

import pytest

from loop_kit.backends.codex import CODEX
from loop_kit.backends.command import COMMAND
from loop_kit.backends.programs import find_program, locate, missing
from loop_kit.backends.script import SCRIPT
from loop_kit.errors import BackendError, ConfigError
from loop_kit.model.config import BackendSettings

NAME = "agent-for-tests"


def _program(folder: Path, name: str = NAME, mode: int = 0o755) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(mode)
    return str(folder / name)


def _find(home: Path, path: str = "", override: str = "") -> str | None:
    return find_program((NAME,), path=path, home=str(home), override=override)


def test_path_comes_first(tmp_path):
    _program(tmp_path / ".local/bin")
    wanted = _program(tmp_path / "bin")
    assert _find(tmp_path, f"/nowhere:{tmp_path / 'bin'}") == wanted


@pytest.mark.parametrize("folder", [".local/bin", ".npm-global/bin", ".bun/bin", ".nvm/versions/node/v20.1.0/bin"])
def test_a_program_off_path_is_found_where_installers_put_it(tmp_path, folder: str):
    wanted = _program(tmp_path / folder)
    assert _find(tmp_path, "/usr/bin") == wanted


def test_the_newest_node_comes_first(tmp_path):
    for version in ("v9.11.2", "v20.9.0", "v20.10.0", "v8.0.0"):
        _program(tmp_path / ".nvm/versions/node" / version / "bin")
    found = _find(tmp_path)
    assert found is not None
    assert "v20.10.0" in found


def test_the_first_name_is_preferred(tmp_path):
    _program(tmp_path / "bin", "second")
    wanted = _program(tmp_path / "bin", "first")
    assert find_program(("first", "second"), path=str(tmp_path / "bin"), home="") == wanted


def test_a_folder_or_a_file_that_cannot_run_is_no_program(tmp_path):
    _program(tmp_path / "a", mode=0o644)
    (tmp_path / "b" / NAME).mkdir(parents=True)
    assert _find(tmp_path, f"{tmp_path / 'a'}:{tmp_path / 'b'}") is None


def test_a_relative_part_of_path_finds_nothing(tmp_path, monkeypatch):
    _program(tmp_path / "tree/bin")
    monkeypatch.chdir(tmp_path / "tree/bin")
    assert _find(tmp_path, ":.:./:../bin") is None


def test_an_override_replaces_the_names(tmp_path):
    _program(tmp_path / "bin")
    wanted = _program(tmp_path / "opt", "mine")
    path = f"{tmp_path / 'bin'}:{tmp_path / 'opt'}"
    for override in (wanted, "~/opt/mine", "mine"):
        assert _find(tmp_path, path, override) == wanted
    assert _find(tmp_path, path, str(tmp_path / "opt/none")) is None


def test_a_backend_is_located_by_its_names_its_argv_or_its_path(tmp_path):
    codex, mine = _program(tmp_path / "bin", "codex"), _program(tmp_path / "bin", "mine")
    path, home = str(tmp_path / "bin"), str(tmp_path)
    assert locate("codex", CODEX, BackendSettings(type="codex"), path=path, home=home) == codex
    assert locate("codex", CODEX, BackendSettings(type="codex", path="~/bin/mine"), path=path, home=home) == mine
    assert locate("x", COMMAND, BackendSettings(type="command", argv=("mine", "-a")), path=path, home=home) == mine
    assert locate("s", SCRIPT, BackendSettings(type="script", script="/s.json"), path=path, home=home) == ""


def test_a_missing_program_is_one_sentence_with_a_way_out(tmp_path):
    with pytest.raises(BackendError) as caught:
        locate("x", COMMAND, BackendSettings(type="command", argv=(NAME,)), path="/nowhere", home=str(tmp_path))
    assert caught.value.message == missing("x", (NAME,)).message
    assert f"'{NAME}'" in caught.value.message
    assert "[backends.x]" in caught.value.hint


@pytest.mark.parametrize(
    "settings", [BackendSettings(type="c", argv=("./tool",)), BackendSettings(type="c", path="bin/tool")]
)
def test_a_program_of_the_repository_is_not_found_by_accident(tmp_path, settings: BackendSettings):
    with pytest.raises(ConfigError, match="is a relative path"):
        locate("x", COMMAND, settings, path="", home=str(tmp_path))
