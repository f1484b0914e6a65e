"""What a worker can hand in that is no answer, and what git says to it: through the real command, a round by hand.

Each case is wrong whenever it is asked for: it is asked for twice at most, and nothing of it is lost.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.cli.reporting import git_step, python
from tests.support.runs import Stage, Steps, ended, works

COMMITS: Steps = [{"edit": {"app.txt": "two\n"}}, {"commit": "Two"}]
COMMITS_MORE: Steps = [{"append": {"app.txt": "more\n"}}, {"commit": "More"}]
NO_HISTORY = "is neither the commit that is checked out nor in its history"
NO_HEX = "is not the hexadecimal id of a commit"


@dataclass(frozen=True, kw_only=True)
class Case:
    """`steps` are what the worker does each time; what is in `says` is told to it and to the person."""

    steps: Steps
    says: str
    code: int


def _unreadable(*steps: dict[str, Any], says: str) -> Case:
    return Case(steps=[*COMMITS, *steps], says=says, code=8)


NO_DOCUMENT = {
    "no report": _unreadable(says="work_report.json was not handed in"),
    "invalid JSON": _unreadable({"raw": '{"task_id": "T-1", '}, says="report.json is not sound JSON"),
    "empty": _unreadable({"raw": ""}, says="report.json is empty"),
    "a list": _unreadable({"raw": "[]"}, says="report.json is not a JSON object"),
    "wrong task": _unreadable({"report": {"task_id": "T-2"}}, says="$.task_id: 'T-2' is not 'T-1'"),
    "wrong round": _unreadable({"report": {"round": 2}}, says="$.round: 2 is not 1"),
    "a directory": _unreadable(python("report.mkdir()"), says="report.json is a folder, not a file"),
    "a link": _unreadable(
        python("there = report.with_name('x'); there.write_text(json.dumps(sound)); report.symlink_to(there)"),
        says="report.json is a symbolic link, not a file",
    ),
    "a FIFO": _unreadable(python("os.mkfifo(report)"), says="report.json is a FIFO, not a file"),
    "huge": _unreadable(
        python("report.write_text(json.dumps({**sound, 'notes': 'x' * (4 << 20)}))"),
        says="report.json is larger than 4 MiB",
    ),
}
CONTRADICTED = {
    "a foreign head": Case(steps=[*COMMITS, {"report": {"head_sha": "{foreign}"}}], says=NO_HISTORY, code=3),
    "an unknown head": Case(
        steps=[*COMMITS, {"report": {"head_sha": "12345678" * 5}}], says="names no commit of this work", code=3
    ),
    "a symbolic head": Case(steps=[*COMMITS, {"report": {"head_sha": "HEAD"}}], says=f"'HEAD' {NO_HEX}", code=3),
    "a branch for a head": Case(steps=[*COMMITS, {"report": {"head_sha": "main"}}], says=f"'main' {NO_HEX}", code=3),
    "uncommitted changes": Case(
        steps=[*COMMITS_MORE, {"append": {"app.txt": "left\n"}}, {"report": {}}],
        says="1 tracked file with uncommitted changes: app.txt",
        code=3,
    ),
    "untracked files": Case(
        steps=[*COMMITS_MORE, {"edit": {"new.txt": "left\n"}}, {"report": {}}],
        says="1 new file neither committed nor ignored: new.txt",
        code=3,
    ),
    "nothing done": Case(steps=[{"report": {}}], says="no file differs from", code=7),
}
# Only a person should judge these: nobody is asked again.
SURPRISES = {
    "rewrote the base": (
        [{"edit": {"app.txt": "two\n"}}, git_step("commit", "-qa", "--amend", "-m", "Start"), {"report": {}}],
        "is not in the history of HEAD any more",
    ),
    "switched the branch": (
        [git_step("switch", "-qc", "mine"), *works()],
        "the run began on main, now mine is checked out",
    ),
    "detached HEAD": (
        [git_step("checkout", "-q", "--detach"), *works()],
        "the run began on main, now a detached HEAD is checked out",
    ),
    "put a hook": (
        [python("hooks = Path('.git/hooks'); hooks.mkdir(exist_ok=True); (hooks / 'pre-push').touch()"), *works()],
        "git hook touched during the round: hooks/pre-push added",
    ),
    "changed the git config": (
        [git_step("config", "alias.up", "pull"), *works()],
        "git setting touched during the round: alias.up added",
    ),
    "moved a pin": (
        [*COMMITS, git_step("update-ref", "refs/loop/T-1/r0/base", "HEAD"), {"report": {}}],
        "ref of loop touched during the round: refs/loop/T-1/r0/base changed",
    ),
    "committed what lay there": (
        [{"edit": {"app.txt": "two\n"}}, {"commit_all": "Everything"}, {"report": {}}],
        "1 file committed that lay untracked before the run: notes.txt",
    ),
}


def _stage(tmp_path, steps: Steps) -> Stage:
    stage = Stage.set_up(tmp_path)
    (stage.root / "notes.txt").write_text("The person's own.\n", encoding="utf-8")
    foreign = stage.git("commit-tree", "HEAD^{tree}", "-m", "Foreign")
    first: Steps = [{"report": {"head_sha": foreign}} if "{foreign}" in str(step) else step for step in steps]
    # Asked again, it has nothing more to commit.
    stage.play([first, first[len(COMMITS) :] if steps[: len(COMMITS)] == COMMITS else first])
    return stage


@pytest.mark.parametrize("case", [*NO_DOCUMENT.values(), *CONTRADICTED.values()], ids=[*NO_DOCUMENT, *CONTRADICTED])
def test_a_bad_report_is_asked_for_once_more_and_then_the_run_stops(tmp_path, case: Case):
    stage = _stage(tmp_path, case.steps)
    result = stage.run("--single-round")
    ended(stage, result, case.code, says=case.says, paid=(2, 0))
    (problem,) = result.events("dispatch_started")[1]["problems"]
    assert case.says in problem
    assert problem in stage.calls("worker")[1]["prompt"]
    assert (result.standing["state"], result.standing["round"]) == ("awaiting_work", 1)
    assert stage.read("work_report") is None
    refused = [name for name in stage.archived() if name.startswith("r1_work_report.refused-")]
    assert bool(refused) == ("not handed in" not in case.says)
    assert stage.head in stage.git("log", "--format=%H", "--glob=refs/loop/*").splitlines()


@pytest.mark.parametrize(("steps", "says"), SURPRISES.values(), ids=SURPRISES)
def test_what_only_a_person_should_judge_stops_the_run_at_once_and_keeps_the_report(tmp_path, steps: Steps, says: str):
    stage = _stage(tmp_path, steps)
    base = stage.head
    result = stage.run("--single-round")
    ended(stage, result, 11, says=says, paid=(1, 0))
    assert "loop run --resume" in result.err
    assert result.standing["state"] == "awaiting_work"
    report = stage.read("work_report")
    assert report is not None
    assert report["head_sha"] == stage.head
    assert result.standing["head_sha"] == result.standing["base_sha"] == base
    assert (stage.root / "notes.txt").read_text(encoding="utf-8") == "The person's own.\n"
