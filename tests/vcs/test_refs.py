import subprocess
import sys
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError
from loop_kit.vcs.git import Git
from loop_kit.vcs.refs import blobs, claim, log_ref, move, pin, refs_under, write_blob
from tests.support.repos import commit, git, make_repo

CLAIM = (
    "import sys\n"
    "from pathlib import Path\n"
    "from loop_kit.vcs.git import Git\n"
    "from loop_kit.vcs.refs import claim\n"
    "git = Git(Path(sys.argv[1])); git.ask('version')\n"
    "print('ready', flush=True); sys.stdin.readline()\n"
    "won = [n for n in range(20) if claim(git, f'refs/loop/T/r0/run-{n}', sys.argv[2].encode())]\n"
    "print(*won)\n"
)


def test_a_pinned_commit_survives_a_rewritten_branch_and_a_gc(tmp_path: Path):
    repo = make_repo(tmp_path)
    lost = commit(repo, {"a": "1"})
    pin(Git(repo), "refs/loop/T/r1/head", lost)
    git(repo, "reset", "-q", "--hard", "HEAD~1")
    git(repo, "reflog", "expire", "--expire=now", "--all")
    git(repo, "gc", "-q", "--prune=now")
    assert git(repo, "cat-file", "-t", lost) == "commit"


def test_pinning_again_is_fine(tmp_path: Path):
    repo = make_repo(tmp_path)
    head = git(repo, "rev-parse", "HEAD")
    for _ in range(2):
        pin(Git(repo), "refs/loop/T/r1/head", head)
    assert refs_under(Git(repo), "refs/loop/T") == {"refs/loop/T/r1/head": head}


def test_a_pin_never_lets_go_of_what_it_held(tmp_path: Path):
    repo = make_repo(tmp_path)
    commits = [commit(repo, {"a": str(number)}) for number in range(3)]
    made = [pin(Git(repo), "refs/loop/T/r1/head", sha) for sha in commits]
    assert made[2] == {"refs/loop/T/r1/head": commits[2], "refs/loop/T/r1/older/head-2": commits[1]}
    assert refs_under(Git(repo), "refs/loop/T/") == {
        "refs/loop/T/r1/head": commits[2],
        "refs/loop/T/r1/older/head-1": commits[0],
        "refs/loop/T/r1/older/head-2": commits[1],
    }


def test_a_pin_of_a_commit_that_does_not_exist_is_refused(tmp_path: Path):
    repo = make_repo(tmp_path)
    with pytest.raises(NeedsPersonError, match="git cannot write refs/loop/T/r1/head"):
        pin(Git(repo), "refs/loop/T/r1/head", "1" * 40)


def test_a_claim_is_for_one_content(tmp_path: Path):
    repo = make_repo(tmp_path)
    assert claim(Git(repo), "refs/loop/T/r0/run", b"mine")
    assert claim(Git(repo), "refs/loop/T/r0/run", b"mine")
    assert not claim(Git(repo), "refs/loop/T/r0/run", b"yours")
    assert git(repo, "cat-file", "blob", "refs/loop/T/r0/run") == "mine"


def test_of_two_processes_exactly_one_wins_a_claim(tmp_path: Path):
    repo = make_repo(tmp_path)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(repo), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("first", "second")
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [set(racer.communicate(timeout=60)[0].split()) for racer in racers]
    assert won[0] | won[1] == {str(number) for number in range(20)}
    assert not won[0] & won[1]


def test_a_stale_lock_is_named(tmp_path: Path):
    repo = make_repo(tmp_path)
    folder = repo / ".git" / "refs" / "loop" / "T"
    folder.mkdir(parents=True)
    (folder / "head.lock").write_text("")
    with pytest.raises(NeedsPersonError, match=r"head\.lock") as caught:
        pin(Git(repo), "refs/loop/T/head", git(repo, "rev-parse", "HEAD"))
    assert ".lock" in caught.value.hint


def test_refs_of_another_place_do_not_mix(tmp_path: Path):
    repo = make_repo(tmp_path)
    head = git(repo, "rev-parse", "HEAD")
    for run_name in ("T", "T@2", "T-1"):
        pin(Git(repo), f"refs/loop/{run_name}/r0/base", head)
    assert list(refs_under(Git(repo), "refs/loop/T")) == ["refs/loop/T/r0/base"]
    assert list(refs_under(Git(repo), "refs/loop/T@2/")) == ["refs/loop/T@2/r0/base"]
    assert refs_under(Git(repo), "refs/loop/other") == {}


def test_refs_of_a_sha256_repository_work_alike(tmp_path: Path):
    git(tmp_path, "init", "-q", "--object-format=sha256")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Start")
    head = git(tmp_path, "rev-parse", "HEAD")
    pin(Git(tmp_path), "refs/loop/T/r0/base", head)
    assert claim(Git(tmp_path), "refs/loop/T/r0/run", b"mine")
    assert not claim(Git(tmp_path), "refs/loop/T/r0/run", b"yours")
    assert refs_under(Git(tmp_path), "refs/loop/T")["refs/loop/T/r0/base"] == head


def test_a_ref_to_a_blob_moves_only_from_where_it_is_known_to_be(tmp_path: Path):
    asked, ref = Git(make_repo(tmp_path)), log_ref("T-1")
    first, second = (write_blob(asked, content) for content in (b"one\n", b"two\n\nmore"))
    move(asked, ref, first, "")
    assert blobs(asked, ref) == {ref: (first, b"one\n")}
    for before in ("", second):
        with pytest.raises(NeedsPersonError, match=f"git cannot move {ref}"):
            move(asked, ref, second, before)
    move(asked, ref, second, first)
    commit_ref = "refs/loop/T-1/r1/head"
    pin(asked, commit_ref, git(tmp_path, "rev-parse", "HEAD"))
    found = blobs(asked, "refs/loop/none", commit_ref, ref, first)
    no_blob = (git(tmp_path, "rev-parse", "HEAD"), b"")
    assert found == {commit_ref: no_blob, ref: (second, b"two\n\nmore"), first: (first, b"one\n")}
