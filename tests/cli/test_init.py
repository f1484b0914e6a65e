import os
from pathlib import Path

import pytest

from loop_kit import resources
from loop_kit.cli.cmd_init import MADE
from tests.support.commands import loop
from tests.support.repos import git, make_repo


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo")


def test_it_makes_all_that_a_person_fills_in_and_names_the_next_step(repo: Path):
    done = loop("init", cwd=repo)
    assert (done.code, done.err) == (0, "")
    made = files(repo / ".loop")
    assert set(MADE) | {".gitignore"} == set(made)
    for name, default in MADE.items():
        assert made[name] == resources.default_path(default).read_bytes()
        assert f"made {repo}/.loop/{name}\n" in done.out
    assert f"next: write {repo}/.loop/task_card.json" in done.out
    assert git(repo, "status", "--porcelain", "--untracked-files=all") == "", "git sees nothing of the bus"


def test_what_it_makes_is_valid(repo: Path):
    assert loop("init", cwd=repo).code == 0
    assert loop("validate", ".loop/config.toml", ".loop/examples/task_card.json", cwd=repo).code == 0


def test_the_example_card_can_be_run_as_it_is(repo: Path):
    loop("init", cwd=repo)
    (repo / ".loop/examples/task_card.json").rename(repo / ".loop/task_card.json")
    done = loop("run", "--auto-dispatch", cwd=repo, env={"PATH": os.defpath})
    assert done.code == 8, "only the agent is missing"
    assert "codex" in done.err


def test_running_it_again_changes_nothing(repo: Path):
    loop("init", cwd=repo)
    (repo / ".loop/task_card.json").write_text("{}", encoding="utf-8")
    before = files(repo / ".loop")
    done = loop("init", cwd=repo)
    assert (done.code, done.out) == (0, f"{repo}/.loop is complete\n")
    assert files(repo / ".loop") == before


def test_what_a_person_wrote_stays_and_what_is_missing_comes_back(repo: Path):
    loop("init", cwd=repo)
    mine = {"config.toml": b"[run]\nmax_rounds = 9\n", ".gitignore": b"logs/\n"}
    for name, content in mine.items():
        (repo / ".loop" / name).write_bytes(content)
    (repo / ".loop/templates/worker_prompt.txt").unlink()
    done = loop("init", cwd=repo)
    assert done.out.count("made ") == 1
    after = files(repo / ".loop")
    assert {name: after[name] for name in mine} == mine
    assert after["templates/worker_prompt.txt"] == resources.default_path("templates/worker_prompt.txt").read_bytes()


def test_from_a_subdirectory_the_bus_is_made_at_the_top(repo: Path):
    (repo / "deep/er").mkdir(parents=True)
    assert loop("init", cwd=repo / "deep/er").code == 0
    assert (repo / ".loop/config.toml").is_file()
    assert list((repo / "deep/er").iterdir()) == []


def test_a_hook_of_another_repository_does_not_mislead_it(repo: Path, tmp_path: Path):
    other = make_repo(tmp_path / "other")
    done = loop("init", cwd=repo, env={"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)})
    assert done.code == 0
    assert (repo / ".loop").is_dir()
    assert not (other / ".loop").exists()


def test_a_linked_worktree_gets_a_bus_of_its_own(repo: Path, tmp_path: Path):
    git(repo, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    assert loop("init", cwd=tmp_path / "linked").code == 0
    assert (tmp_path / "linked/.loop/config.toml").is_file()
    assert not (repo / ".loop").exists()


def test_outside_a_repository_it_says_so(tmp_path: Path):
    done = loop("init", cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert done.err == f"loop: {tmp_path} is not in a git repository\n  loop works on commits: run git init first\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [".loop", ".loop/context", ".loop/templates"])
def test_what_stands_in_the_way_is_named_and_stays(repo: Path, place: str):
    blocking = repo / place
    blocking.parent.mkdir(exist_ok=True)
    blocking.write_text("in the way", encoding="utf-8")
    done = loop("init", cwd=repo)
    assert done.code == 3
    assert str(blocking) in done.err
    assert blocking.read_text(encoding="utf-8") == "in the way"
