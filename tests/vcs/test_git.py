import os
import subprocess
import sys
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.vcs.git import Git, last_line, zero_separated
from tests.support.repos import git, make_repo


def test_zero_separated_output_keeps_newlines_and_empty_entries():
    assert zero_separated(b"a\nb\0\0c\0") == [b"a\nb", b"", b"c"]
    assert zero_separated(b"") == []


def test_the_sentence_in_a_complaint_is_its_last_grave_line():
    assert last_line("warning: x\nfatal: not good\nhint: do y\n") == "not good"
    assert last_line("only this\n") == "only this"
    assert last_line("") == ""


def test_a_failing_call_says_what_git_said(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    with pytest.raises(NeedsPersonError, match=r"git cat-file failed in .*repo: .*") as caught:
        Git(repo).out("cat-file", "blob", "no-such-thing")
    assert "\n" not in caught.value.message


def test_a_folder_that_is_gone_is_never_replaced_by_our_own(tmp_path: Path):
    assert Git(tmp_path / "gone").ask("rev-parse", "HEAD").code == 128


def test_standard_input_arrives_whole(tmp_path: Path):
    repo = make_repo(tmp_path)
    data = b"\0\n\xff" * 1_000_000
    sha = Git(repo).line("hash-object", "-w", "--stdin", stdin=data)
    assert Git(repo).out("cat-file", "blob", sha) == data


def test_git_runs_in_a_process_group_of_its_own(tmp_path: Path):
    repo = make_repo(tmp_path)
    git(repo, "config", "alias.group", "!ps -o pgid= -p $$")
    assert Git(repo).line("group").strip() not in {"", str(os.getpgid(0))}


def test_git_can_be_begun_and_waited_for_later(tmp_path: Path):
    repo = make_repo(tmp_path)
    head, nothing = Git(repo).begin("rev-parse", "HEAD"), Git(repo).begin("rev-parse", "--verify", "nothing")
    assert head().line.decode() == Git(repo).line("rev-parse", "HEAD")
    assert (nothing().code, nothing().err) == (128, "fatal: Needed a single revision")
    with pytest.raises(StartError, match="no working git on PATH"):
        Git(repo, variables={"PATH": str(tmp_path / "empty")}).begin("status")


def test_hooks_replacements_and_grafts_change_no_answer(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    git(repo, "commit", "--allow-empty", "-m", "Second")
    first, second = git(repo, "rev-parse", "HEAD~1", "HEAD").split()
    git(repo, "replace", second, first)
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "grafts").write_text(f"{second}\n")
    assert Git(repo).line("rev-list", "--count", second) == "2"
    assert Git(repo).line("log", "-1", "--format=%s", second) == "Second"
    hook = repo / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    Git(repo).out("update-ref", "refs/loop/T/x", first)


def test_a_forged_commit_graph_is_not_believed(tmp_path: Path):
    repo = make_repo(tmp_path)
    git(repo, "commit", "--allow-empty", "-m", "Second")
    git(repo, "commit-graph", "write", "--reachable")
    graph = repo / ".git" / "objects" / "info" / "commit-graph"
    graph.chmod(0o644)
    graph.write_bytes(b"CGPH garbage")
    answer = Git(repo).ask("rev-list", "--count", "HEAD")
    assert (answer.out, answer.err) == (b"2\n", "")


def test_a_machine_without_git_gets_a_sentence(tmp_path: Path):
    script = (
        "from pathlib import Path\n"
        "from loop_kit.errors import StartError\n"
        "from loop_kit.vcs.repository import Repository\n"
        "try:\n    Repository.find(Path('.'))\n"
        "except StartError as error:\n    print(error.message, '/', error.hint)\n"
    )
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("git cannot be started: no working git on PATH / install git"), done.stderr
