import json
from pathlib import Path
from typing import Any

import pytest

from loop_kit.cli.cmd_config import find_lines
from loop_kit.model.config import Settings
from loop_kit.model.run_settings import run_settings
from tests.support.commands import loop
from tests.support.repos import make_repo

CONFIG = """\
# A comment.
plugins = []

[run]
max_rounds = 4
timeout = 60

[worker]
args = [
  "--one",  # max_rounds = 5
  "--two",
]

[backends.mine]
type = "command"
argv = ["mine"]

[env.set]
API_KEY = "s3cret"
MODE = "fast"
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = make_repo(tmp_path / "repo")
    (repo / ".loop").mkdir()
    (repo / ".loop/config.toml").write_text(CONFIG, encoding="utf-8")
    return repo


def shown(repo: Path, *args: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    done = loop("config", "show", "--json", *args, cwd=repo, env=env)
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert isinstance(document, dict)
    return document


def test_each_value_says_where_it_came_from(repo: Path):
    values = shown(repo, "--max-rounds", "6", env={"LOOP_TIMEOUT": "30", "LOOP_MAX_ROUNDS": "5"})
    file = repo / ".loop/config.toml"
    assert values["run.max_rounds"] == {"value": 6, "origin": "--max-rounds"}
    assert values["run.timeout"] == {"value": 30.0, "origin": "LOOP_TIMEOUT"}
    assert values["run.idle_timeout"] == {"value": 0.0, "origin": "built-in"}
    assert values["worker.args"] == {"value": ["--one", "--two"], "origin": f"{file} line 9"}
    assert values["reviewer.args"] == {"value": [], "origin": "built-in"}
    assert values["backends.mine.argv"] == {"value": ["mine"], "origin": f"{file} line 16"}
    assert values["backends.mine.prompt"] == {"value": "stdin", "origin": "built-in"}
    assert values["plugins"]["origin"] == f"{file} line 2"
    assert shown(repo)["run.max_rounds"] == {"value": 4, "origin": f"{file} line 5"}


def test_an_empty_variable_says_nothing(repo: Path):
    assert shown(repo, env={"LOOP_MAX_ROUNDS": ""})["run.max_rounds"]["value"] == 4


def test_every_setting_of_a_run_is_shown(repo: Path):
    values = shown(repo)
    assert {f"run.{setting.name}" for setting in run_settings()} <= set(values)
    tables = {name.partition(".")[0] for name in values}
    assert tables >= {"run", "worker", "reviewer", "env", "backends", "plugins"}


def test_without_a_file_all_is_built_in(tmp_path: Path):
    repo = make_repo(tmp_path)
    values = shown(repo)
    assert {value["origin"] for value in values.values()} == {"built-in"}
    assert values["run.max_rounds"]["value"] == Settings().run.max_rounds


def test_what_is_named_like_a_secret_is_not_shown(repo: Path):
    assert shown(repo)["env.set.API_KEY"]["value"] == "(hidden)"
    for args in ((), ("--origin",), ("--json",)):
        assert "s3cret" not in loop("config", "show", *args, cwd=repo).out
    assert shown(repo)["env.set.MODE"]["value"] == "fast"


def test_as_text_it_is_one_line_a_value(repo: Path):
    plain = loop("config", "show", cwd=repo).out.splitlines()
    assert "run.max_rounds = 4" in plain
    with_origin = loop("config", "show", "--origin", cwd=repo).out.splitlines()
    assert [line.split("  ")[0] for line in with_origin] == plain
    assert next(line for line in with_origin if line.startswith("run.timeout")).endswith("config.toml line 6")
    assert loop("config", cwd=repo).out.splitlines() == plain


@pytest.mark.parametrize(
    ("text", "args", "says"),
    [
        ("[run]\nmax_roundz = 3\n", (), "did you mean 'max_rounds'?"),
        ("[run\n", (), "line 1"),
        ("", ("--max-rounds", "0"), "max_rounds"),
    ],
)
def test_a_config_that_a_run_would_refuse_is_refused(repo: Path, text: str, args: tuple[str, ...], says: str):
    (repo / ".loop/config.toml").write_text(text, encoding="utf-8")
    done = loop("config", "show", *args, cwd=repo)
    assert (done.code, done.out, says in done.err) == (3, "", True)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("run.max_rounds = 3\n", {("run", "max_rounds"): 1}),
        ("\n\nrun = {max_rounds = 3, timeout = 1}", {("run", "max_rounds"): 3, ("run", "timeout"): 3}),
        (
            '[worker]\nmodel = """\nmax\n[run]\n"""\n[run]\nverbose = true\n',
            {("worker", "model"): 2, ("run", "verbose"): 7},
        ),
        ('[env.set]\nA = "\u2028"\nB = "x"\n', {("env", "set", "A"): 2, ("env", "set", "B"): 3}),
        ("[worker]\n", {("worker",): 1}),
        ("# nothing\n", {}),
    ],
)
def test_the_line_is_where_the_statement_begins(tmp_path: Path, text: str, lines: dict[tuple[str, ...], int]):
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    assert find_lines(tmp_path / "config.toml") == lines


def test_in_a_very_long_file_the_line_is_left_out(tmp_path: Path):
    (tmp_path / "config.toml").write_text("# long\n" * 2000 + "[run]\nmax_rounds = 3\n", encoding="utf-8")
    assert find_lines(tmp_path / "config.toml") == {("run", "max_rounds"): None}
