"""What is published works by itself: the wheel in a clean environment, the sdist as somebody unpacks it."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.adopt.older import make_older_repo
from tests.support.commands import loop
from tests.support.fetching import made_once, pip, session_folder
from tests.support.repos import git

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that holds the wheel and the sdist."""

    def build(folder: Path) -> None:
        # From the sdist a wheel is built: what the sdist lacks, the wheel lacks too.
        command = [sys.executable, "-P", "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return made_once(session_folder(tmp_path_factory) / "published", build)


@pytest.fixture(scope="session")
def wheel(published: Path) -> Path:
    return next(published.glob("*.whl"))


@pytest.fixture(scope="session")
def sdist(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the unpacked sdist."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(next(published.glob("*.tar.gz"))) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # the first 3.11s have none
        archive.extractall(folder)  # noqa: S202  (made a moment ago, by this project)
    return next(folder.iterdir())


@pytest.fixture(scope="session")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment with nothing in it but the wheel and what it asks for."""

    def install(folder: Path) -> None:
        venv.create(folder, with_pip=False)
        pip("--python", folder / "bin/python", "install", wheel)

    return made_once(session_folder(tmp_path_factory) / "clean", install)


def test_the_wheel_carries_every_module_schema_and_default(wheel: Path):
    packed = set(zipfile.ZipFile(wheel).namelist())
    source = [path for path in (ROOT / "src").rglob("*") if path.suffix in {".py", ".typed"}]
    data = [path for name in ("schemas", "defaults") for path in (ROOT / name).rglob("*") if path.suffix != ".pyc"]
    expected = {str(path.relative_to(ROOT / "src")) for path in source}
    expected |= {f"loop_kit/_data/{path.relative_to(ROOT)}" for path in data if path.is_file()}
    assert {name for name in packed if ".dist-info/" not in name} == expected
    assert any(name.endswith("licenses/LICENSE") for name in packed)


def test_the_demo_runs_from_the_wheel_in_an_empty_home_and_an_unrelated_folder(clean: Path, tmp_path: Path):
    home, here, temporary = (tmp_path / name for name in ("home", "here", "tmp"))
    for folder in (home, here, temporary):
        folder.mkdir()
    done = subprocess.run(
        [clean / "bin/loop", "demo"],
        cwd=here,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "DEMO-1: approved" in done.stdout
    assert "after 2 rounds" in done.stdout
    assert list(here.iterdir()) == []
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert [path.name.startswith("loop-demo-") for path in temporary.iterdir()] == [True]


def test_the_installed_command_makes_a_bus_from_its_own_defaults_and_judges_it_by_its_own_schemas(
    clean: Path, tmp_path: Path
):
    program = (clean / "bin/loop",)
    git(tmp_path, "init", "--quiet")
    assert loop("init", cwd=tmp_path, program=program).code == 0
    card = tmp_path / ".loop/examples/task_card.json"
    assert card.read_bytes() == (ROOT / "defaults/examples/task_card.json").read_bytes()
    done = loop("validate", card, tmp_path / ".loop/config.toml", cwd=tmp_path, program=program)
    assert (done.code, done.out.count(": valid")) == (0, 2)


def test_what_comes_in_by_an_entry_point_is_found_where_the_wheel_is_installed(clean: Path, tmp_path: Path):
    repo, _ = make_older_repo("idle", tmp_path / "repo")
    program = (clean / "bin/loop",)
    assert "was made by agent-task-runner" in loop("init", cwd=repo, program=program).out
    agent = '[run]\nworker_backend = "mine"\n[backends.mine]\ntype = "acp"\nargv = ["sh"]\n'
    (repo / ".loop/config.toml").write_text(agent, encoding="utf-8")
    assert "the backend 'mine' needs the client library for ACP" in loop("doctor", cwd=repo, program=program).out


def test_the_installed_package_is_run_as_a_module_too(clean: Path, tmp_path: Path):
    done = loop("--version", cwd=tmp_path, program=(clean / "bin/python", "-m", "loop_kit"))
    assert (done.code, done.out) == (0, "loop, version 0.1.0\n")


def test_the_sdist_carries_all_that_is_tracked(sdist: Path):
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout knows what is tracked")
    tracked = set(git(ROOT, "ls-files", "-z").split("\0")) - {""}
    packed = {str(path.relative_to(sdist)) for path in sdist.rglob("*") if path.is_file()}
    assert {name for name in tracked if (ROOT / name).exists()} - packed == set()
    for name in ("schemas", "defaults", "tests", ".loop.example", ".ci", "Makefile", "README.md", "LICENSE"):
        assert (sdist / name).exists(), name


def test_the_sdist_tests_can_be_collected_and_pass(sdist: Path):
    def python(*args: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *args],
            cwd=sdist,
            env={**os.environ, "PYTHONPATH": str(sdist / "src"), "PYTEST_ADDOPTS": ""},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    assert python("-c", "import loop_kit; print(loop_kit.__file__)").stdout.startswith(str(sdist))
    collected = python("-m", "pytest", "-q", "--collect-only")
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert "tests/test_wheel.py::test_the_sdist" in collected.stdout
    some = ("tests/test_examples.py", "tests/model/test_schema.py", "tests/prompts/test_defaults.py")
    sample = python("-m", "pytest", "-q", *some)
    assert sample.returncode == 0, sample.stdout + sample.stderr
    assert " passed" in sample.stdout
