import os
from pathlib import Path

import pytest

from loop_kit.vcs.quoting import harmless, meant, unquoted
from tests.support.repos import commit, git
from tests.vcs.trials import Trial, begin

NAMES = {
    "quotation marks": b'say "no".txt',
    "a tab": b"a\tb.txt",
    "a newline": b"a\nb.txt",
    "a backslash": b"a\\nb.txt",
    "letters beyond ASCII": "été 日本.txt".encode(),
    "bytes that are no text": b"caf\xe9.txt",
    "a bell and an escape": b"\x07\x1b[31m.txt",
    "a space": b" a b .txt",
}


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return begin(tmp_path)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("quoting", ["true", "false"])
def test_a_name_as_git_quotes_it_is_read_back(trial: Trial, name: bytes, quoting: str):
    (trial.repo / os.fsdecode(name)).write_text("1\n")
    git(trial.repo, "add", "--all")
    shown = git(trial.repo, "-c", f"core.quotePath={quoting}", "diff", "--cached", "--name-only")
    assert unquoted(os.fsencode(shown)) == name


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_worker_may_report_a_path_as_it_is_or_as_git_shows_it(trial: Trial, name: bytes):
    commit(trial.repo, {os.fsdecode(name): "1\n"})
    shown = git(trial.repo, "diff", "--name-only", "HEAD~1")
    bare = shown.strip('"') if shown.startswith('"') else shown
    for claimed in (shown, bare, os.fsdecode(name), str(trial.repo / os.fsdecode(name))):
        assert trial.findings(claimed=(claimed,)) == {}, claimed


def test_a_path_that_was_not_changed_stays_an_untrue_claim(trial: Trial):
    commit(trial.repo, {'say "no".txt': "1\n"})
    assert set(trial.findings(claimed=(r'"say \"yes\".txt"', r"\163ay"))) == {
        "claimed_not_changed",
        "changed_not_claimed",
    }


def test_a_test_with_a_name_that_git_quotes_is_named_when_it_is_weakened(trial: Trial):
    base = commit(trial.repo, {'tests/test "a".py': "1\n2\n3\n"})
    commit(trial.repo, {'tests/test "a".py': "1\n"})
    found = trial.findings(base_sha=base, last_head=base, listed_from=base)
    assert found["tests_weakened"].paths == ('tests/test "a".py',)


def test_a_name_in_a_sentence_breaks_no_line_and_no_terminal():
    assert harmless("a\nT-1: approved\x1b[2K\u202e") == "a\\nT-1: approved\\x1b[2K\\u202e"
    assert harmless("été 日本.txt") == "été 日本.txt"
    assert meant("plain.py") == ("plain.py",)
