"""`loop init` on a bus that agent-task-runner made, and every other command before that."""

import fcntl
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from loop_kit.model.config import Settings
from tests.adopt.older import make_older_repo, put_older_bus
from tests.bus.children import running, said
from tests.support.commands import LOOP, Done, answers, loop
from tests.support.dying import PROGRAM
from tests.support.repos import commit, git, make_repo, tree
from tests.support.runs import CONFIG, wait_until

REFUSED = (
    "status --json",
    "health",
    "list",
    "log",
    "show",
    "diff",
    "archive",
    "run",
    "run --reset",
    "run --goal x",
    "new --goal x",
    "submit",
    "review --approve",
    "heartbeat --role worker",
    "accept",
    "undo",
    "config show",
    "check",
    "fsck --repair",
)
KILLED = -9


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], Done]:
    """Return a repository whose bus was adopted, its commits, and what was said; nobody may change it."""
    repo, commits = make_older_repo("ended", tmp_path_factory.mktemp("adopted") / "repo")
    return repo, commits, loop("init", cwd=repo)


def test_before_it_is_adopted_every_command_names_loop_init_and_changes_nothing(tmp_path: Path):
    repo, _ = make_older_repo("ended", tmp_path / "repo")
    before = tree(repo)
    refusal = (
        f"loop: {repo}/.loop was made by agent-task-runner: state.json is of its form\n"
        "  loop init adopts it; nothing is lost\n"
    )
    assert answers(repo, REFUSED) == dict.fromkeys(REFUSED, (3, refusal))
    assert tree(repo) == before


def test_the_doctor_says_what_is_wrong_with_the_bus(tmp_path: Path):
    put_older_bus("ended", tmp_path)
    done = loop("doctor", "--json", cwd=tmp_path)
    (item,) = [item for item in json.loads(done.out)["items"] if item["name"] == "bus"]
    assert item["ok"] is False
    assert "loop init" in item["text"]


def test_it_says_by_what_it_knows_the_bus_and_what_became_of_everything(adopted: tuple[Path, list[str], Done]):
    repo, commits, done = adopted
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"{repo}/.loop was made by agent-task-runner: state.json is of its form, logs/feed.jsonl holds its events, "
        "config.json holds its settings, templates/worker_prompt.txt is as it makes it, "
        "templates/reviewer_prompt.txt is as it makes it\n"
        "  4 documents of its runs are in archive/T-1@0; loop show T-1@0 tells them\n"
        "  8 other files and folders are in archive/_before, as they were\n"
        "  config.toml has from config.json: max_rounds, worker_backend, auto_dispatch, artifact_timeout\n"
        '  config.toml does not have colour = "red": agent-task-runner took no notice of it\n'
        f"made {repo}/.loop/.gitignore\n"
        f"made {repo}/.loop/config.toml\n"
        f"made {repo}/.loop/templates/worker_prompt.txt\n"
        f"made {repo}/.loop/templates/reviewer_prompt.txt\n"
        f"made {repo}/.loop/examples/task_card.json\n"
        "T-1 was not finished: it ended as max_rounds_exhausted in round 2\n"
        f"next: loop run --auto-dispatch --base {commits[0][:12]} (what was committed since is part of round 1)\n"
    )
    assert git(repo, "status", "--porcelain", "--untracked-files=all") == ""


def test_its_settings_hold_from_then_on(adopted: tuple[Path, list[str], Done]):
    repo = adopted[0]
    assert loop("validate", ".loop/config.toml", cwd=repo).code == 0
    shown = json.loads(loop("config", "show", "--json", cwd=repo).out)
    expected = {"max_rounds": 1, "worker_backend": "codex", "auto_dispatch": True, "artifact_timeout": 5.0}
    assert {key: shown[f"run.{key}"]["value"] for key in expected} == expected
    assert shown["run.timeout"]["value"] == Settings().run.timeout
    assert "\n# Not taken over from config.json" in (repo / ".loop/config.toml").read_text(encoding="utf-8")


def test_a_config_of_the_persons_own_stays(tmp_path: Path):
    repo, _ = make_older_repo("ended", tmp_path / "repo")
    (repo / ".loop/config.toml").write_text("[run]\nmax_rounds = 9\n", encoding="utf-8")
    done = loop("init", cwd=repo)
    assert "  config.toml was there and stays; config.json is in archive/_before\n" in done.out
    assert (repo / ".loop/config.toml").read_text(encoding="utf-8") == "[run]\nmax_rounds = 9\n"


def test_yaml_that_loop_cannot_read_is_kept_and_said(tmp_path: Path):
    repo, _ = make_older_repo("idle", tmp_path / "repo")
    (repo / ".loop/config.yaml").write_text("worker:\n  backend: codex\n", encoding="utf-8")
    done = loop("init", cwd=repo)
    assert "  config.yaml says nothing that loop can read: write what it said into config.toml\n" in done.out
    assert (repo / ".loop/archive/_before/config.yaml").is_file()


def test_what_the_person_wrote_into_templates_and_context_stays_and_is_said(tmp_path: Path):
    repo, _ = make_older_repo("approved", tmp_path / "repo")
    template = repo / ".loop/templates/reviewer_prompt.txt"
    mine = template.read_bytes() + b"Be strict.\n"
    template.write_bytes(mine)
    done = loop("init", cwd=repo)
    assert template.read_bytes() == mine
    assert "reviewer_prompt.txt is yours and stays; loop puts nothing in the place of {handoff_section}\n" in done.out
    assert "context/pitfalls.md will be in the worker's prompt" in done.out


def test_doing_it_twice_is_harmless_and_says_again_how_to_go_on(tmp_path: Path):
    repo, _ = make_older_repo("awaiting_work", tmp_path / "repo")
    first = loop("init", cwd=repo)
    before = tree(repo)
    second = loop("init", cwd=repo)
    assert second.code == 0
    assert second.out.splitlines() == [f"{repo}/.loop is complete", *first.out.splitlines()[-2:]]
    assert tree(repo) == before


def test_after_it_the_runs_are_listed_and_told_but_not_as_loops_own(tmp_path: Path):
    repo, _ = make_older_repo("approved", tmp_path / "repo")
    done = loop("init", cwd=repo)
    assert (
        "\nT-2 was approved, says agent-task-runner; loop has not looked and does not count it as approved\n"
        in done.out
    )
    assert f"\nnext: put the next task into {repo}/.loop/task_card.json, then: loop run --auto-dispatch\n" in done.out
    runs = json.loads(loop("list", "--json", cwd=repo).out)
    assert [(run["run_name"], run["rounds"], run["outcome"]) for run in runs] == [
        ("T-1@0", 2, "before loop"),
        ("T-2@0", 1, "before loop"),
    ]
    told = loop("show", "T-1@0", cwd=repo)
    assert (told.code, "One line more is wanted." in told.out) == (0, True)
    assert loop("archive", "show", "T-2@0/r1_work_report", cwd=repo).code == 0
    status = loop("status", cwd=repo).out
    assert "no run on this bus yet" in status
    assert status.endswith("next      loop init says how to go on with what an older tool left\n")


def test_a_task_that_depends_on_an_older_approval_does_not_start(tmp_path: Path):
    repo, _ = make_older_repo("approved", tmp_path / "repo")
    loop("init", cwd=repo)
    card = json.loads((repo / ".loop/task_card.json").read_text(encoding="utf-8"))
    (repo / ".loop/task_card.json").write_text(
        json.dumps({**card, "task_id": "T-3", "depends_on": ["T-1", "T-2"]}), encoding="utf-8"
    )
    done = loop("run", cwd=repo)
    assert (done.code, "depends on T-1, T-2, which is not approved" in done.err) == (3, True)


# How to go on


def scripted(repo: Path, worker: object) -> None:
    """Let stand-ins work and review, by a config that is there before the adoption."""
    (repo / ".loop/config.toml").write_text(CONFIG, encoding="utf-8")
    approve = [{"report": {"decision": "approve", "blocking_issues": [], "non_blocking_suggestions": []}}]
    (repo / ".loop/script.json").write_text(json.dumps({"worker": worker, "reviewer": [approve]}), encoding="utf-8")


def command_in(line: str) -> list[str]:
    """Return the words after `loop` in the line that says how to go on."""
    match = re.match(r"next: loop ([^;(]+)", line)
    assert match is not None, line
    return shlex.split(match[1])


def test_an_unfinished_run_goes_on_from_its_base_by_the_command_that_is_named(tmp_path: Path):
    repo, commits = make_older_repo("awaiting_review", tmp_path / "repo")
    commit(repo, {"app.txt": "something else since\n"})
    scripted(repo, [[{"append": {"app.txt": "line 2\n"}}, {"commit": "Line 2"}, {"report": {"notes": "the new one"}}]])
    lines = loop("init", cwd=repo).out.splitlines()
    assert lines[-2] == "T-1 was not finished: it awaited its review in round 1"
    assert lines[-1].startswith(f"next: loop run --auto-dispatch --base {commits[0][:12]} ("), (
        "more was committed since"
    )
    done = loop(*command_in(lines[-1]), cwd=repo)
    assert done.code == 0, done.err
    state = json.loads((repo / ".loop/state.json").read_text(encoding="utf-8"))
    assert (state["run_name"], state["outcome"], state["base_sha"]) == ("T-1", "approved", commits[0])
    # The older report names the same task and round, and was no answer.
    report = json.loads((repo / ".loop/archive/T-1/r1_work_report.json").read_text(encoding="utf-8"))
    assert report["notes"] == "the new one"
    assert [run["run_name"] for run in json.loads(loop("list", "--json", cwd=repo).out)] == ["T-1@0", "T-1"]
    assert "was not finished" not in loop("init", cwd=repo).out


def test_work_that_only_awaits_its_review_is_not_paid_again(tmp_path: Path):
    repo, _ = make_older_repo("awaiting_review", tmp_path / "repo")
    scripted(repo, [])
    lines = loop("init", cwd=repo).out.splitlines()
    assert lines[-2] == "T-1 was not finished: it awaited its review in round 1"
    (repo / ".loop/config.toml").write_text(CONFIG.replace('auto_dispatch = true\nworker_backend = "script"\n', ""))
    with subprocess.Popen([*LOOP, *command_in(lines[-1])], cwd=repo, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until((repo / ".loop/state.json").is_file, "the run")
            handed_in = wait_until(lambda: (done := loop("submit", cwd=repo)).code == 0 and done, "the work handed in")
            assert "app.txt" in (repo / ".loop/work_report.json").read_text(encoding="utf-8"), handed_in.out
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
    assert [path.name for path in (repo / ".loop/script.json.calls").glob("*.json")] == ["reviewer-001.json"]


def test_a_base_that_is_not_in_the_history_is_said_to_be_elsewhere(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    put_older_bus("awaiting_work", repo)
    assert loop("init", cwd=repo).out.splitlines()[-1] == (
        "next: check out the branch that has its base, then: loop run --auto-dispatch --base ba5eba5eba5e"
    )


def test_with_another_card_there_is_nothing_to_go_on_with(tmp_path: Path):
    repo, _ = make_older_repo("awaiting_work", tmp_path / "repo")
    (repo / ".loop/task_card.json").write_text('{"task_id": "T-5"}', encoding="utf-8")
    assert loop("init", cwd=repo).out.splitlines()[-1] == "next: loop run --auto-dispatch"


def test_a_bus_that_was_named_is_named_again(tmp_path: Path):
    repo, _ = make_older_repo("awaiting_work", tmp_path / "repo")
    (repo / ".loop").rename(repo / "my bus")
    last = loop("--loop-dir", "my bus", "init", cwd=repo).out.splitlines()[-1]
    assert last.startswith("next: loop --loop-dir 'my bus' run --auto-dispatch --base ")


# Alive, and killed


def test_a_run_that_holds_the_lock_is_not_adopted(tmp_path: Path):
    repo, _ = make_older_repo("awaiting_work", tmp_path / "repo")
    before = tree(repo)
    with (repo / ".loop/lock").open("a+b") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        done = loop("init", cwd=repo)
    assert (done.code, done.out) == (5, "")
    assert done.err.startswith("loop: a run is going on, so this bus of agent-task-runner cannot be adopted now: ")
    assert tree(repo) == before


def test_a_round_that_outlived_its_run_is_not_adopted_either(tmp_path: Path):
    repo, _ = make_older_repo("awaiting_work", tmp_path / "repo")
    before = tree(repo)
    script = "import time; print('here', flush=True); time.sleep(60)"
    with running(script, "run", "--single-round", "--task", repo / ".loop/task_card.json") as process:
        assert said(process) == "here"
        done = loop("init", cwd=repo)
        assert (done.code, f"pid {process.pid}" in done.err) == (5, True)
    assert tree(repo) == before
    assert loop("init", cwd=repo).code == 0


@pytest.mark.parametrize(
    "when",
    ["1:write lock", "1:link config.toml", "1:rename .loop/state.json", "1:link templates/reviewer_prompt.txt"],
)
def test_an_init_that_is_killed_anywhere_is_finished_by_the_next(
    tmp_path: Path, adopted: tuple[Path, list[str], Done], when: str
):
    repo = make_repo(tmp_path / "repo")
    put_older_bus("ended", repo, adopted[1])
    died = loop(when, tmp_path / "journal", "init", cwd=repo, program=PROGRAM)
    assert died.code == KILLED, (tmp_path / "journal").read_text(encoding="utf-8")
    assert loop("init", cwd=repo).code == 0
    left = {name for name in tree(repo / ".loop") if re.search(r"/\.[^/]+\.tmp$", f"/{name}")}
    assert all(name.startswith(("templates/", "examples/")) for name in left), "the next run takes those away"
    after = {name: data for name, data in tree(repo / ".loop").items() if name not in left}
    assert after == tree(adopted[0] / ".loop")


def test_a_clone_that_has_only_what_people_share_is_adopted_too(tmp_path: Path):
    repo, _ = make_older_repo("ended", tmp_path / "repo")
    for name in ("state.json", "lock", "fix_list.json", "review_report.json", "review_request.json"):
        (repo / ".loop" / name).unlink()
    for name in ("logs", "archive"):
        subprocess.run(["rm", "-r", repo / ".loop" / name], check=True)
    assert loop("run", cwd=repo).code == 3
    done = loop("init", cwd=repo)
    assert done.out.splitlines()[-1] == "next: loop run --auto-dispatch"
    assert "config.toml has from config.json: max_rounds" in done.out
    assert loop("status", cwd=repo).code == 0


def test_outside_a_repository_nothing_is_adopted(tmp_path: Path):
    bus = put_older_bus("ended", tmp_path)
    before = tree(bus)
    assert loop("init", cwd=tmp_path).code == 3
    assert tree(bus) == before
