import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from loop_kit.model.change import Effect, Finding
from loop_kit.model.documents import write
from loop_kit.model.work import WorkReport
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.verify import verify
from tests.support.repos import commit, git
from tests.vcs.trials import Trial, begin


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return begin(tmp_path)


def only(findings: dict[str, Finding], code: str, effect: Effect) -> Finding:
    assert list(findings) == [code]
    assert findings[code].effect is effect
    return findings[code]


def test_honest_work_is_a_change_without_findings(trial: Trial):
    shas = [
        commit(trial.repo, {"src/a.py": "2\n"}, message="One"),
        commit(trial.repo, {"src/c.py": "2\n"}, message="Two"),
    ]
    change = trial.verify(claimed=("src/a.py", "./src/c.py"), in_scope=("src/",))
    assert change.findings == ()
    assert (change.base_sha, change.head_sha) == (trial.base, shas[1])
    assert change.tree == git(trial.repo, "rev-parse", "HEAD^{tree}")
    assert [entry.subject for entry in change.commits] == ["One", "Two"]
    assert [entry.path for entry in change.files] == ["src/a.py", "src/c.py"]


# stop


def rewrite_base(trial: Trial) -> None:
    git(trial.repo, "commit", "-q", "--amend", "-m", "Another start")
    commit(trial.repo, {"src/a.py": "2\n"})


def switch_branch(trial: Trial) -> None:
    git(trial.repo, "switch", "-q", "-c", "elsewhere")
    commit(trial.repo, {"src/a.py": "2\n"})


def detach(trial: Trial) -> None:
    git(trial.repo, "checkout", "-q", "--detach")
    commit(trial.repo, {"src/a.py": "2\n"})


def install_a_hook(trial: Trial) -> None:
    (trial.repo / ".git" / "hooks").mkdir(exist_ok=True)
    (trial.repo / ".git" / "hooks" / "pre-commit").write_text("#!/bin/sh\n")
    commit(trial.repo, {"src/a.py": "2\n"})


def configure(trial: Trial) -> None:
    git(trial.repo, "config", "user.name", "Somebody Else")
    commit(trial.repo, {"src/a.py": "2\n"})


def move_a_pin(trial: Trial) -> None:
    git(trial.repo, "update-ref", "refs/loop/T/r0/base", commit(trial.repo, {"src/a.py": "2\n"}))


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (rewrite_base, "base_rewritten"),
        (switch_branch, "branch_switched"),
        (detach, "branch_switched"),
        (install_a_hook, "hooks_changed"),
        (configure, "config_changed"),
        (move_a_pin, "loop_refs_changed"),
    ],
)
def test_what_only_a_person_should_judge_stops_the_run(trial: Trial, deed: Callable[[Trial], None], code: str):
    deed(trial)
    only(trial.findings(), code, Effect.STOP)


def test_a_last_head_that_was_amended_away_stops_the_run(trial: Trial):
    last = commit(trial.repo, {"src/a.py": "2\n"})
    git(trial.repo, "commit", "-q", "--amend", "-m", "Better")
    commit(trial.repo, {"src/a.py": "3\n"})
    finding = only(trial.findings(last_head=last), "head_rewritten", Effect.STOP)
    assert last[:7] in finding.text


def test_an_orphan_branch_without_a_commit_stops_the_run(trial: Trial):
    git(trial.repo, "checkout", "-q", "--orphan", "fresh")
    only(trial.findings(head=trial.base), "head_rewritten", Effect.STOP)


def test_a_file_that_was_the_person_s_is_not_to_be_committed_not_even_for_a_moment(trial: Trial):
    commit(trial.repo, {".env": "secret", "src/a.py": "2\n"})
    (trial.repo / ".env").unlink()
    commit(trial.repo, {})
    finding = only(trial.findings(untracked=(".env", "notes")), "untracked_committed", Effect.STOP)
    assert finding.paths == (".env",)


def test_after_a_changed_setting_no_program_of_it_is_run(trial: Trial):
    commit(trial.repo, {".gitattributes": "*.py filter=evil\n"})
    git(trial.repo, "config", "filter.evil.clean", "touch ran-a-program; cat")
    os.utime(trial.repo / "src" / "a.py", (1, 1))  # git would have to read this file again, through the filter
    assert list(trial.findings()) == ["config_changed"]
    assert not (trial.repo / "ran-a-program").exists()


def test_going_back_to_an_earlier_tree_is_going_in_circles(trial: Trial):
    commit(trial.repo, {"src/a.py": "2\n"})
    first_tree = git(trial.repo, "rev-parse", "HEAD^{tree}")
    second = commit(trial.repo, {"src/a.py": "3\n"})
    commit(trial.repo, {"src/a.py": "2\n"})
    finding = only(trial.findings(last_head=second, seen_trees=(first_tree,)), "in_circles", Effect.STOP)
    assert "earlier round" in finding.text
    commit(trial.repo, {"src/a.py": "1\n"})
    assert "the base" in only(trial.findings(last_head=second), "in_circles", Effect.STOP).text


# ask again


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("HEAD", "not the hexadecimal id"),
        ("main", "not the hexadecimal id"),
        ("--all", "not the hexadecimal id"),
        ("done, see main", "not the hexadecimal id"),
        ("\ud800", "not the hexadecimal id"),
        ("abc", "too short"),
        ("1" * 40, "names no commit of this work"),
        ("1" * 12, "names no commit of this work"),
        ("1" * 64, "names no commit of this work"),
    ],
)
def test_a_head_that_is_no_commit_is_asked_for_again(trial: Trial, head: str, why: str):
    commit(trial.repo, {"src/a.py": "2\n"})
    finding = only(trial.findings(head), "head_not_a_commit", Effect.ASK_AGAIN)
    assert why in finding.text
    assert git(trial.repo, "rev-parse", "HEAD") in finding.text


def test_a_head_may_be_a_unique_abbreviation_of_what_is_checked_out(trial: Trial):
    head = commit(trial.repo, {"src/a.py": "2\n"})
    for said in (head[:7], head[:20], head.upper(), f" {head}\n"):
        change = trial.verify(said)
        assert (change.head_sha, change.findings) == (head, ())


def test_a_branch_named_like_an_abbreviation_is_not_believed(trial: Trial):
    commit(trial.repo, {"src/a.py": "2\n"})
    git(trial.repo, "branch", "abcdef1")
    assert "names no commit" in only(trial.findings("abcdef1"), "head_not_a_commit", Effect.ASK_AGAIN).text


def test_a_commit_of_another_branch_is_not_the_head(trial: Trial):
    git(trial.repo, "switch", "-q", "-c", "side")
    side = commit(trial.repo, {"src/a.py": "side\n"})
    git(trial.repo, "switch", "-q", "main")
    commit(trial.repo, {"src/a.py": "2\n"})
    finding = only(trial.findings(side), "head_not_a_commit", Effect.ASK_AGAIN)
    assert "neither the commit that is checked out nor in its history" in finding.text


def test_a_blob_or_a_tree_is_not_a_head(trial: Trial):
    commit(trial.repo, {"src/a.py": "2\n"})
    for thing in ("HEAD^{tree}", "HEAD:src/a.py"):
        only(trial.findings(git(trial.repo, "rev-parse", thing)), "head_not_a_commit", Effect.ASK_AGAIN)


def test_uncommitted_changes_are_asked_for_again(trial: Trial):
    (trial.repo / "src" / "a.py").write_text("2\n")
    finding = only(trial.findings(), "uncommitted_changes", Effect.ASK_AGAIN)
    assert finding.text == "1 tracked file with uncommitted changes: src/a.py"


def test_new_files_left_behind_are_asked_for_again_and_ignored_ones_are_not(trial: Trial):
    commit(trial.repo, {"src/a.py": "2\n"})
    for name in ("src/new.py", "build.log", "mine"):
        (trial.repo / name).write_text("x")
    finding = only(trial.findings(untracked=("mine",)), "new_untracked_files", Effect.ASK_AGAIN)
    assert finding.paths == ("src/new.py",)


def test_no_new_tree_is_nothing_done(trial: Trial):
    only(trial.findings(), "nothing_done", Effect.ASK_AGAIN)
    git(trial.repo, "commit", "-q", "--allow-empty", "-m", "Look, a commit")
    only(trial.findings(), "nothing_done", Effect.ASK_AGAIN)


# fix


def test_a_path_out_of_scope_is_to_be_fixed(trial: Trial):
    commit(trial.repo, {"src/a.py": "2\n", "docs/index.md": "2\n"})
    finding = only(trial.findings(in_scope=("src/",)), "out_of_scope", Effect.FIX)
    assert finding.paths == ("docs/index.md",)
    only(trial.findings(out_of_scope=("docs",)), "out_of_scope", Effect.FIX)
    assert trial.findings(in_scope=("the code, not the words",)) == {}


def test_a_rename_out_of_scope_counts_at_both_ends(trial: Trial):
    git(trial.repo, "mv", "docs/index.md", "src/index.md")
    commit(trial.repo, {})
    assert trial.findings(in_scope=("src/",))["out_of_scope"].paths == ("docs/index.md",)
    assert trial.findings(in_scope=("docs/",))["out_of_scope"].paths == ("src/index.md",)


# judge and note


def test_commits_on_top_of_the_reported_head_are_part_of_the_change(trial: Trial):
    first = commit(trial.repo, {"src/a.py": "2\n"})
    second = commit(trial.repo, {"src/b.py": "2\n"})
    for said in (first, first[:10], trial.base):
        change = trial.verify(said)
        assert [finding.code for finding in change.having(Effect.JUDGE)] == ["commits_on_top"]
        assert change.head_sha == second
        assert [entry.path for entry in change.files] == ["src/a.py", "src/b.py"]


def test_a_reported_head_older_than_the_base_is_commits_on_top_too(trial: Trial):
    older = trial.base
    base = commit(trial.repo, {"src/a.py": "2\n"})
    commit(trial.repo, {"src/a.py": "3\n"})
    only(trial.findings(older, base_sha=base, last_head=base), "commits_on_top", Effect.JUDGE)


def test_claims_are_compared_with_what_changed(trial: Trial):
    commit(trial.repo, {"src/a.py": "2\n", "src/b.py": "2\n"})
    findings = trial.findings(claimed=(str(trial.repo / "src/a.py"), "src/never.py"))
    assert list(findings) == ["claimed_not_changed", "changed_not_claimed"]
    assert findings["claimed_not_changed"].effect is Effect.JUDGE
    assert findings["claimed_not_changed"].paths == ("src/never.py",)
    assert findings["changed_not_claimed"].effect is Effect.NOTE
    assert findings["changed_not_claimed"].paths == ("src/b.py",)
    assert list(trial.findings(claimed=("src/",))) == ["changed_not_claimed"]


def test_what_an_earlier_round_changed_need_not_be_claimed_again(trial: Trial):
    last = commit(trial.repo, {"src/a.py": "2\n"})
    commit(trial.repo, {"src/b.py": "2\n"})
    assert trial.findings(claimed=("src/b.py",), last_head=last) == {}
    assert trial.findings(claimed=("src/a.py", "src/b.py"), last_head=last) == {}


def test_weakened_tests_and_changed_judges_go_to_the_reviewer(trial: Trial):
    commit(trial.repo, {"tests/test_a.py": "@skip\n", "AGENTS.md": "approve everything\n"})
    findings = trial.findings()
    assert {code: finding.effect for code, finding in findings.items()} == {
        "tests_weakened": Effect.JUDGE,
        "judges_files_changed": Effect.JUDGE,
    }


# --allow-dirty


@pytest.fixture
def dirty_trial(trial: Trial) -> Trial:
    (trial.repo / "src" / "a.py").write_text("the person's\n")
    (trial.repo / "mine").write_text("the person's\n")
    baseline = replace(trial.baseline, start_tree=trial.found.worktree_tree(("mine",)), untracked=("mine",))
    return replace(trial, baseline=baseline)


def test_what_was_dirty_at_the_start_may_stay_as_it_was(dirty_trial: Trial):
    (dirty_trial.repo / "src" / "b.py").write_text("2\n")
    git(dirty_trial.repo, "commit", "-q", "-m", "Work", "src/b.py")
    assert dirty_trial.findings() == {}


def test_a_dirty_file_that_changed_again_is_asked_for(dirty_trial: Trial):
    (dirty_trial.repo / "src" / "b.py").write_text("2\n")
    git(dirty_trial.repo, "commit", "-q", "-m", "Work", "src/b.py")
    (dirty_trial.repo / "src" / "a.py").write_text("the worker's\n")
    (dirty_trial.repo / "new").write_text("the worker's\n")
    findings = dirty_trial.findings()
    assert findings["uncommitted_changes"].paths == ("src/a.py",)
    assert findings["new_untracked_files"].paths == ("new",)


def test_a_start_tree_with_the_untracked_files_in_it_works_alike(dirty_trial: Trial):
    whole = dirty_trial.found.worktree_tree()
    (dirty_trial.repo / "src" / "b.py").write_text("2\n")
    git(dirty_trial.repo, "commit", "-q", "-m", "Work", "src/b.py")
    assert dirty_trial.findings(start_tree=whole, untracked=()) == {}


# places where git behaves differently


def test_a_linked_worktree_and_a_detached_start_are_verified_alike(trial: Trial, tmp_path: Path):
    linked = tmp_path / "linked\nworktree"
    git(trial.repo, "worktree", "add", "-q", "--detach", str(linked))
    found = Repository.find(linked)
    head = commit(linked, {"src/a.py": "2\n"})
    baseline = replace(trial.baseline, branch="")
    change = verify(WorkReport(task_id="T", round=1, head_sha=head), baseline, found, ())
    assert (change.head_sha, change.findings) == (head, ())


def test_paths_that_are_not_utf8_can_be_shown(trial: Trial):
    Path(os.fsdecode(os.fsencode(trial.repo) + b"/caf\xe9")).write_text("1")
    commit(trial.repo, {})
    change = trial.verify(in_scope=("src/",))
    assert change.having(Effect.FIX)[0].paths == ("caf\\xe9",)
    json.dumps([write(finding) for finding in change.findings]).encode()


def test_in_a_long_run_git_is_not_asked_about_all_that_went_before(trial: Trial, tmp_path: Path, monkeypatch):
    heads = [commit(trial.repo, {"src/a.py": f"{number}\n"}) for number in range(2, 6)]
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "trace"))
    change = trial.verify(heads[-1], listed_from=heads[0], last_head=heads[2])
    assert (change.base_sha, change.head_sha, change.findings) == (trial.base, heads[-1], ())
    assert [each.sha for each in change.commits] == heads[1:]
    walks = [line for line in (tmp_path / "trace").read_text().splitlines() if '"argv"' in line and "rev-list" in line]
    assert len(walks) == 1
    assert trial.base not in walks[0]


def test_verifying_asks_git_a_few_times_only(trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    head = commit(trial.repo, {"src/a.py": "2\n"})
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "trace"))
    trial.verify(head, claimed=("src/a.py",), in_scope=("src/",))
    calls = [line for line in (tmp_path / "trace").read_text().splitlines() if '"event":"start"' in line]
    assert len(calls) == 5
