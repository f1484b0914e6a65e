from pathlib import Path

import pytest

from tests.support.commands import loop
from tests.support.repos import commit, git, make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = make_repo(tmp_path / "repo", {"a.txt": "one\n", "b.bin": b"\0\1"})
    commit(repo, {"a.txt": b"caf\xe9\r\n", "b.bin": b"\0\2"})
    return repo


@pytest.mark.parametrize(
    ("base", "head"), [("HEAD~1", "HEAD"), ("main~1", "main"), ("HEAD", "HEAD~1"), ("HEAD", "HEAD")]
)
def test_it_is_gits_own_diff_byte_for_byte(repo: Path, base: str, head: str):
    done = loop("extract-diff", base, head, cwd=repo)
    assert (done.code, done.err) == (0, "")
    expected = git(repo, "diff", "--full-index", base, head).encode(errors="surrogateescape")
    assert done.raw_out.removesuffix(b"\n") == expected


def test_no_setting_of_git_changes_a_byte(repo: Path):
    before = loop("extract-diff", "HEAD~1", "HEAD", cwd=repo).raw_out
    (repo / ".gitattributes").write_text("*.txt diff=odd\n", encoding="utf-8")
    for name, value in {
        "diff.external": "false",
        "diff.odd.textconv": "rev",
        "diff.mnemonicPrefix": "true",
        "color.diff": "always",
    }.items():
        git(repo, "config", name, value)
    assert loop("extract-diff", "HEAD~1", "HEAD", cwd=repo).raw_out == before


@pytest.mark.parametrize("name", ["nothing", "HEAD~99", "0" * 40, "HEAD:a.txt", "a b", "\x1b[2J", ""])
def test_what_names_no_commit_is_one_sentence(repo: Path, name: str):
    for args in ((name, "HEAD"), ("HEAD", name)):
        done = loop("extract-diff", *args, cwd=repo)
        assert (done.code, done.out, "names no commit" in done.err) == (3, "", True)
        assert "\x1b" not in done.err


def test_a_name_that_looks_like_a_flag_is_only_a_name(repo: Path):
    done = loop("extract-diff", "--", "--output=stolen", "HEAD", cwd=repo)
    assert (done.code, "names no commit" in done.err) == (3, True)
    assert not (repo / "stolen").exists()


def test_outside_a_repository_it_says_so(tmp_path: Path):
    done = loop("extract-diff", "HEAD", "HEAD", cwd=tmp_path)
    assert (done.code, "is in no git repository" in done.err) == (3, True)
