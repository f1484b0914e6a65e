import os
import sys
from pathlib import Path

import pytest

from loop_kit.checks.pythons import prefixes, simple_commands
from tests.checks.pythons_made import make_script, make_venv


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Make an environment with a few programs, and a tree."""
    env = tmp_path / "an env"
    make_venv(env)
    make_script(env, "pytest")
    make_script(env, "long", f"#!/bin/sh\n'''exec' \"{env}/bin/python\" \"$0\" \"$@\"\n' '''")
    make_script(env, "sought", "#!/usr/bin/env python")
    make_script(env, "split", "#!/usr/bin/env -S MODE=x python -u")
    make_script(env, "shell", "#!/bin/sh")
    make_script(env, "tox")
    (tmp_path / "tree").mkdir()
    # A path with a space cannot stand in a first line; installers write it as in "long", and this is such a path.
    (env / "bin/pytest").write_text((env / "bin/long").read_text(encoding="utf-8"), encoding="utf-8")
    return env


def found(made: Path, *argv: str, path: str = "", **variables: str) -> bool:
    environment = {"PATH": path or f"{made}/bin:/usr/bin:/bin", **variables}
    return made in prefixes(made.parent / "tree", environment, [argv])


@pytest.mark.parametrize(
    "argv",
    [
        ("python", "-m", "pytest"),
        ("pytest", "tests"),
        ("long",),
        ("sought",),
        ("split",),
        ("shell",),
        ("timeout", "9", "pytest"),
        ("env", "MODE=x", "python", "-c", "0"),
        ("sh", "-c", "cd tests && MODE=x pytest -q | tee log"),
        ("sh", "-ec", "true;python x.py"),
        ("sh", "-c", "pytest 'open"),
        ("make", "test"),
        ("bash", "run.sh"),
    ],
)
def test_the_environment_of_a_python_on_the_path_is_found(made: Path, argv):
    assert found(made, *argv)


def test_a_program_may_be_named_by_its_path(made: Path):
    assert found(made, f"{made}/bin/python", "x.py", path="/usr/bin:/bin")
    assert found(made, "../an env/bin/pytest", path="/usr/bin:/bin")


@pytest.mark.parametrize("argv", [("no-such-program",), ("git", "--version"), ("tox",), ("uv", "run", "pytest"), ()])
def test_what_does_not_use_it_does_not_lead_to_it(made: Path, argv):
    assert not found(made, *argv)


def test_the_environment_of_the_tree_and_the_active_one_are_always_meant(made: Path):
    assert found(made, "true", VIRTUAL_ENV=str(made))
    tree = made.parent / "tree"
    assert tree / ".venv" in prefixes(tree, {}, [])


def test_an_environment_that_sees_the_systems_packages_leads_to_the_system(made: Path):
    settings = made / "pyvenv.cfg"
    assert not any(prefix == Path(sys.base_prefix) for prefix in prefixes(made, {"PATH": f"{made}/bin"}, [("python",)]))
    settings.write_text(settings.read_text(encoding="utf-8").replace("= false", "= true"), encoding="utf-8")
    assert Path(os.path.realpath(sys.base_prefix)) in {
        prefix.resolve() for prefix in prefixes(made, {"PATH": f"{made}/bin"}, [("python",)])
    }


def test_programs_that_name_each_other_come_to_an_end(made: Path):
    make_script(made, "python3", "#!/usr/bin/env pytest")
    make_script(made, "ping", "#!/usr/bin/env pong")
    make_script(made, "pong", "#!/usr/bin/env ping")
    assert not found(made, "ping")


@pytest.mark.parametrize("how", ["variable", "file", "global"])
def test_a_shim_of_pyenv_leads_to_the_version_that_it_would_choose(made: Path, how: str):
    root = made.parent / "pyenv"
    for name in ("shims", "versions/mine", "versions/other"):
        (root / name).mkdir(parents=True)
    make_venv(root / "versions/mine")
    (root / "shims/pytest").write_text('#!/usr/bin/env bash\nexec pyenv exec pytest "$@"\n', encoding="utf-8")
    (root / "shims/pytest").chmod(0o755)
    (root / "version").write_text("other\n" if how != "global" else "mine\n", encoding="utf-8")
    if how == "file":
        (made.parent / "tree/.python-version").write_text("mine\n", encoding="utf-8")
    environment = {"PATH": f"{root}/shims:/usr/bin:/bin"} | ({"PYENV_VERSION": "mine"} if how == "variable" else {})
    found_there = prefixes(made.parent / "tree", environment, [("pytest",)])
    assert root / "versions/mine" in found_there
    assert root / "versions/other" not in found_there


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("a b && c|d; e", [["a", "b"], ["c"], ["d"], ["e"]]),
        ("a 'b c'\nd", [["a", "b c"], ["d"]]),
        ("(a)", [["a"]]),
        ("", []),
    ],
)
def test_a_line_for_the_shell_is_taken_apart(line: str, commands):
    assert simple_commands(("sh", "-c", line)) == commands
    assert simple_commands(("echo", "-c", line)) == [["echo", "-c", line]]
