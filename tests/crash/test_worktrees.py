"""Many runs at once, each in a linked worktree of one repository, killed at random: none of them sees another."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support.crashes import (
    ARCHIVED,
    CONTENT,
    EVERY_POINT,
    feed_is_a_chain,
    hold,
    kill,
    nothing_paid_twice,
)
from tests.support.repos import git, make_repo
from tests.support.runs import CARD, CONFIG, Result, Stage, clearing, nothing_left, wait_until

RUNS = 50 if EVERY_POINT else 12
SEED = 20250131
MOST_KILLS = 3
EVENTS = 20  # as many as the feed of a run of two rounds has that nobody disturbs
PATIENCE = 900.0  # seconds: fifty runs share the processors


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[list[Stage]]:
    repository = make_repo(tmp_path / "repository", {"app.txt": "start\n"})
    (tmp_path / "tmp").mkdir()
    with ExitStack() as stack:
        yield [stack.enter_context(clearing(_stage(repository, number))) for number in range(RUNS)]


def _stage(repository: Path, number: int) -> Stage:
    folder = repository.parent / f"run-{number}"
    root = folder / "tree"
    git(repository, "worktree", "add", "--quiet", "-b", f"run-{number}", str(root))
    stage = Stage(root=root, bus=root / ".loop", cache=folder / "cache", may_tear=True)
    stage.env["TMPDIR"] = str(repository.parent / "tmp")
    stage.bus.mkdir()
    (stage.bus / ".gitignore").write_text("*\n", encoding="utf-8")
    stage.configure(CONFIG)
    stage.put_card({**CARD, "task_id": _task(number)})
    hold(stage)
    return stage


def _task(number: int) -> str:
    return f"T-{number:02}"


@pytest.mark.timeout(2 * PATIENCE)
def test_runs_in_linked_worktrees_that_are_killed_at_random_all_end_as_undisturbed(stages: list[Stage]):
    with ThreadPoolExecutor(RUNS) as pool:
        results = list(pool.map(_killed_again_and_again, stages, range(RUNS)))
    for number, (stage, result) in enumerate(zip(stages, results, strict=True)):
        _ended_as_undisturbed(stage, result, number)
        nothing_left(stage, apart=[stage.root.parents[1] / "repository", *(each.root for each in stages)])
    repository = stages[0].root.parents[1] / "repository"
    assert git(repository, "fsck", "--strict", "--no-dangling") == ""
    assert len(git(repository, "for-each-ref", "refs/heads").splitlines()) == RUNS + 1
    assert len(git(repository, "worktree", "list").splitlines()) == RUNS + 1
    assert list((repository.parent / "tmp").iterdir()) == []
    resumed = [stage.look().events("run_resumed") for stage in stages]
    assert sum(map(len, resumed)) >= RUNS / 2, "hardly a run was killed"


def _killed_again_and_again(stage: Stage, number: int) -> Result:
    """Start the run and go on with it until it has ended, killing at the next event that chance names."""
    chance = random.Random(SEED + number)  # noqa: S311  (it decides who dies in a test, and must do so again)
    for _ in range(MOST_KILLS):
        begun = (stage.read("state") or {"state": "idle"})["state"] != "idle"
        process = stage.start("run", *(["--resume"] if begun else []))
        moment = len(stage.feed()) + chance.randrange(EVENTS)
        wait_until(lambda: len(stage.feed()) >= moment or process.poll() is not None, "news", seconds=PATIENCE)  # noqa: B023  (called before the next turn)
        if process.poll() is None:
            who = chance.choice(("pm", "round", "both"))
            with suppress(AssertionError):  # the round has ended meanwhile: nobody dies this time
                kill(stage, process, who)
        result = stage.end(process, seconds=PATIENCE)
        if result.code == 0:
            return result
    begun = (stage.read("state") or {"state": "idle"})["state"] != "idle"
    return stage.end(stage.start("run", *(["--resume"] if begun else [])), seconds=PATIENCE)


def _ended_as_undisturbed(stage: Stage, result: Result, number: int) -> None:
    assert result.code == 0, f"run {number}: {result.err}"
    standing = result.standing
    assert (standing["task_id"], standing["run_name"]) == (_task(number), _task(number))
    assert (standing["state"], standing["outcome"], standing["round"]) == ("done", "approved", 2)
    assert standing["branch"] == f"run-{number}"
    assert stage.git("log", "--format=%s") == "Round 2\nRound 1\nStart"
    assert stage.git("show", "HEAD:app.txt") == CONTENT[2].strip()
    assert stage.git("status", "--porcelain") == ""
    head, first, base = stage.git("log", "--format=%H").split("\n")
    prefix = f"refs/loop/{_task(number)}/"
    pins = {name.removeprefix(prefix): sha for name, sha in stage.pins().items() if name.startswith(prefix)}
    assert (pins.pop("r0/base"), pins.pop("r1/head"), pins.pop("r2/head")) == (base, first, head)
    assert [name for name in pins if "/unfinished-" not in name] == []
    assert set(stage.archived(_task(number))) >= ARCHIVED
    assert [folder.name for folder in (stage.bus / "archive").iterdir()] == [_task(number)]
    feed_is_a_chain(stage)
    nothing_paid_twice(result)
