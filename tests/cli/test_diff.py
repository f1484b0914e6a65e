import json

import pytest

from loop_kit.cli.cmd_diff import stat_text
from loop_kit.model.change import FileChange
from tests.support.commands import LOOP, loop
from tests.support.repos import git
from tests.support.runs import Stage, approves, objects, works
from tests.support.terminals import Terminal


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Stage:
    """Return a finished run of two rounds: the first wrote app.txt, the second more.txt."""
    stage = Stage.set_up(
        tmp_path_factory.mktemp("diff"),
        worker=[works("two \x1b[31m\n"), works("more\n", path="more.txt")],
        reviewer=[objects(), approves()],
    )
    assert stage.run().code == 0
    return stage


def shas(stage: Stage) -> list[str]:
    return git(stage.root, "log", "--reverse", "--format=%H").splitlines()


def plain(stage: Stage, base: str, head: str) -> str:
    return git(stage.root, "diff", "--no-ext-diff", "--full-index", "--find-renames", base, head)


@pytest.mark.parametrize(
    ("args", "between"),
    [
        ((), (0, 2)),
        (("T-1",), (0, 2)),
        (("--round", "1"), (0, 1)),
        (("--round", "2"), (0, 2)),
        (("--round", "1", "--alone"), (0, 1)),
        (("--round", "2", "--alone"), (1, 2)),
        (("--alone",), (1, 2)),
    ],
)
def test_the_diff_is_gits_between_the_commits_of_the_run(stage: Stage, args: tuple[str, ...], between: tuple[int, int]):
    done = loop("diff", *args, cwd=stage.root)
    assert (done.code, done.err) == (0, "")
    commits = shas(stage)
    assert done.out.strip("\n") == plain(stage, commits[between[0]], commits[between[1]])


def test_stat_counts_lines_and_json_names_the_commits(stage: Stage):
    assert loop("diff", "--stat", cwd=stage.root).out == (
        "M app.txt   +1 -1\nA more.txt  +1 -0\n2 files changed, 2 lines added, 1 removed\n"
    )
    document = json.loads(loop("diff", "--json", "--round", "1", cwd=stage.root).out)
    commits = shas(stage)
    assert document == {
        "run_name": "T-1",
        "round": 1,
        "base_sha": commits[0],
        "head_sha": commits[1],
        "files": [{"path": "app.txt", "status": "M", "added": 1, "removed": 1}],
    }


def test_a_binary_file_has_no_lines_to_count():
    change = FileChange(path="a.png", status="A", added=None, removed=None)
    assert stat_text((change,)) == "A a.png  binary or large\n1 file changed, 0 lines added, 0 removed"


def test_the_persons_settings_change_nothing(stage: Stage):
    before = loop("diff", cwd=stage.root).out
    for name, value in {
        "diff.noprefix": "true",
        "diff.context": "0",
        "color.ui": "always",
        "core.pager": "rev",
    }.items():
        git(stage.root, "config", name, value)
    try:
        assert loop("diff", cwd=stage.root).out == before
    finally:
        for name in ("diff.noprefix", "diff.context", "color.ui", "core.pager"):
            git(stage.root, "config", "--unset", name)


def test_a_rewritten_branch_changes_nothing_because_the_commits_are_pinned(stage: Stage):
    before, head = loop("diff", cwd=stage.root).out, stage.head
    git(stage.root, "reset", "--quiet", "--hard", "HEAD~2")
    try:
        assert loop("diff", cwd=stage.root).out == before
    finally:
        git(stage.root, "reset", "--quiet", "--hard", head)


def test_a_terminal_is_shown_control_characters_and_not_told_them(stage: Stage):
    with Terminal([*LOOP, "diff"], cwd=stage.root) as terminal:
        assert terminal.wait() == 0
    assert "+two \\x1b[31m\n" in terminal.text
    assert "\x1b" not in terminal.text


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--round", "3"), "round 3 of T-1 has no verified change"),
        (("T-9",), "there is no run 'T-9'"),
        (("../T-1",), "there is no run"),
    ],
)
def test_what_never_was_is_one_sentence(stage: Stage, args: tuple[str, ...], says: str):
    done = loop("diff", *args, cwd=stage.root)
    assert (done.code, done.out, says in done.err) == (3, "", True)
