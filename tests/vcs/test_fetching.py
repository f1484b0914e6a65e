import os
import shutil
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError
from loop_kit.vcs.fetching import fetch_commits, fetch_into_home
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.run_tree import remove_run_tree
from tests.support.repos import commit, git
from tests.vcs.run_trees import BRANCH, REF, commit_of, loose, make, seen


def test_commits_are_home_and_whole_when_the_tree_is_gone(found: Repository, tree: Repository):
    before = seen(found.root / ".git/refs"), (found.git_dir / "index").read_bytes(), seen(found.root / "sub")
    first = commit(tree.root, {"a": "2\n", "b/c": "new\n"})
    second = commit(tree.root, {"a": "3\n"})
    fetch_commits(found, tree, first, second)
    assert (seen(found.root / ".git/refs"), (found.git_dir / "index").read_bytes(), seen(found.root / "sub")) == before
    fetch_into_home(found, tree, second, ref=REF, before="")
    assert [path.name for path in tree.root.parent.iterdir()] == ["T-1"]
    remove_run_tree(found, tree.root)
    assert git(found.root, "log", "--format=%H", f"main..{BRANCH}").split() == [second, first]
    assert git(found.root, "show", f"{BRANCH}:b/c") == "new"
    git(found.root, "fsck", "--strict", "--no-dangling")


def test_the_ref_moves_only_from_what_it_named_before(found: Repository, tree: Repository):
    base = found.head().sha
    first, second = commit(tree.root, {"a": "2\n"}), commit(tree.root, {"a": "3\n"})
    fetch_into_home(found, tree, first, ref=REF, before="")
    for before in ("", base, second):
        with pytest.raises(NeedsPersonError, match=f"git cannot move {REF}"):
            fetch_into_home(found, tree, second, ref=REF, before=before)
        assert found.commit_id(BRANCH) == first
    fetch_into_home(found, tree, second, ref=REF, before=first)
    assert found.commit_id(BRANCH) == second


def test_fetching_again_does_nothing(found: Repository, tree: Repository):
    head = commit(tree.root, {"a": "2\n"})
    for _ in range(2):
        fetch_commits(found, tree, head)
    found.pin("refs/loop/T-1/r1/head", head)
    before = seen(found.common_dir)
    fetch_commits(found, tree, head, found.head().sha)
    fetch_commits(found, tree)
    assert seen(found.common_dir) == before


def test_in_a_tree_that_is_home_there_is_nothing_to_fetch(found: Repository):
    before = seen(found.common_dir)
    fetch_commits(found, found, found.head().sha, "not looked at")
    assert seen(found.common_dir) == before


def test_rewritten_merged_and_unrelated_commits_and_snapshots(found: Repository, tree: Repository):
    root = tree.root
    commit(root, {"a": "2\n"})
    git(root, "commit", "--quiet", "--amend", "-m", "Amended")
    git(root, "switch", "--quiet", "--orphan", "other")
    commit(root, {"z": "1\n"})
    git(root, "switch", "--quiet", BRANCH)
    git(root, "merge", "--quiet", "--allow-unrelated-histories", "-m", "Both", "other")
    git(root, "gc", "--quiet")
    (root / "half").write_text("not committed\n")
    snapshot = tree.snapshot("what was not committed")
    assert snapshot is not None
    fetch_commits(found, tree, snapshot.sha)
    found.pin("refs/loop/T-1/r1/unfinished", snapshot.sha)
    shutil.rmtree(root)
    assert git(found.root, "show", f"{snapshot.sha}:half") == "not committed"
    assert git(found.root, "rev-list", "--count", f"main..{snapshot.sha}") == "4"
    git(found.root, "fsck", "--strict", "--no-dangling")


def test_nothing_that_a_worker_planted_in_the_tree_runs(found: Repository, tree: Repository, tmp_path: Path):
    head = commit(tree.root, {"a": "2\n"})
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho \"$0 $*\" >>'{tmp_path}/ran'\nexit 1\n")
    program.chmod(0o755)
    for name in (
        *("uploadpack.packObjectsHook", "core.fsmonitor", "core.sshCommand", "core.alternateRefsCommand"),
        *("core.gitProxy", "filter.x.smudge", "filter.x.clean", "filter.x.process", "remote.o.uploadpack"),
        *("credential.helper", "core.askPass", "core.pager", "gpg.program", "diff.external"),
    ):
        git(tree.root, "config", name, str(program))
    for name, value in (("promisor", "true"), ("url", f"ext::{program}"), ("partialclonefilter", "blob:none")):
        git(tree.root, "config", f"remote.o.{name}", value)
    git(tree.root, "config", "extensions.partialClone", "o")
    git(tree.root, "config", "protocol.ext.allow", "always")
    git(tree.root, "config", "core.hooksPath", str(tmp_path / "hooks"))
    (tmp_path / "hooks").mkdir()
    for name in ("reference-transaction", "post-index-change", "pre-auto-gc", "post-checkout", "update"):
        shutil.copy(program, tmp_path / "hooks" / name)
    (tree.git_dir / "info/attributes").write_text("* filter=x\n")
    fetch_into_home(found, tree, head, ref=REF, before="")
    assert not (tmp_path / "ran").exists()
    loose(tree.root, git(found.root, "rev-parse", f"{head}:a")).unlink()
    found.git.out("update-ref", "-d", REF)
    fetch_commits(found, tree, head)
    assert not (tmp_path / "ran").exists()
    git(tree.root, "status", ok=(0, 1, 128))
    assert (tmp_path / "ran").exists(), "in the tree itself they would"


def test_what_the_tree_replaces_or_grafts_is_not_believed(found: Repository, tree: Repository):
    base = found.head().sha
    lost = commit(tree.root, {"a": "2\n"})
    head = commit(tree.root, {"b": "3\n"})
    (tree.git_dir / "info/grafts").write_text(f"{head} {base}\n")
    (tree.git_dir / "shallow").write_text(f"{head}\n")
    git(tree.root, "replace", head, base)
    fetch_into_home(found, tree, head, ref=REF, before="")
    assert git(found.root, "rev-list", f"{base}..{head}").split() == [head, lost]


def test_into_a_shallow_repository(found: Repository, tmp_path: Path, folder: Path):
    commit(found.root, {"a": "2\n"})
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{found.root}", "home")
    home = Repository.find(tmp_path / "home")
    tree = make(home, folder).repository
    head = commit(folder, {"a": "3\n"})
    fetch_into_home(home, tree, head, ref=REF, before="")
    assert git(home.root, "rev-list", "--count", BRANCH) == "2"
    git(home.root, "fsck", "--no-dangling")


@pytest.mark.parametrize("what", ["blob:none", "tree:0"])
def test_into_a_partial_clone_whose_remote_is_out_of_reach(found: Repository, tmp_path: Path, folder: Path, what: str):
    commit(found.root, {"a": "older\n"})
    commit(found.root, {"a": "2\n", "sub/c": "2\n"})
    git(found.root, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", f"--filter={what}", "--sparse", f"file://{found.root}", "home")
    home = Repository.find(tmp_path / "home")
    tree = make(home, folder).repository
    older = git(home.root, "rev-parse", "HEAD~^{tree}")
    found.root.rename(tmp_path / "gone")
    changed = commit(folder, {"a": "3\n"})
    fetch_commits(home, tree, changed)
    home.pin("refs/loop/T-1/r1/head", changed)
    back = commit_of(folder, older)  # a tree whose files are not here
    fetch_commits(home, tree, back)
    assert home.commit_id(back) == back


def test_into_a_repository_with_sha256_at_a_path_of_any_signs(tmp_path: Path):
    repo = tmp_path / 'new\nline "and: more' / "home"
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "-b", "main", str(repo))
    commit(repo, {"a": "1\n"})
    home = Repository.find(repo)
    tree = make(home, tmp_path / 'state\n "a:b' / "T-1").repository
    head = commit(tree.root, {"a": "2\n"})
    fetch_into_home(home, tree, head, ref=REF, before="")
    shutil.rmtree(tree.root)
    assert git(repo, "show", f"{head}:a") == "2"


def test_a_large_change_comes_as_one_pack(found: Repository, tree: Repository):
    git(found.root, "config", "pack.packSizeLimit", "1m")
    head = commit(tree.root, {f"f{number}": os.urandom(1 << 20) for number in range(3)})
    packs = set((found.common_dir / "objects/pack").glob("*.pack"))
    fetch_into_home(found, tree, head, ref=REF, before="")
    assert len(set((found.common_dir / "objects/pack").glob("*.pack")) - packs) == 1
    git(found.root, "fsck", "--strict", "--no-dangling")
