import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError
from loop_kit.vcs.fetching import fetch_into_home
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo
from tests.vcs.run_trees import REF, commit_of, loose, make


def refuse(home: Repository, tree: Repository, sha: str, reason: str) -> None:
    """See that a commit is not fetched, and that no ref and no file beside the tree has come to be."""
    before = home.refs("refs/")
    with pytest.raises(NeedsPersonError, match=reason) as raised:
        fetch_into_home(home, tree, sha, ref=REF, before="")
    assert raised.value.hint
    assert home.refs("refs/") == before
    assert [path.name for path in tree.root.parent.iterdir()] == [tree.root.name]


@pytest.mark.parametrize(
    "named",
    [
        lambda root: git(root, "rev-parse", "HEAD^{tree}"),
        lambda root: git(root, "rev-parse", "HEAD:a"),
        lambda root: git(root, "rev-parse", "v1"),
        lambda root: git(root, "rev-parse", "--short=39", "HEAD"),
        lambda root: "HEAD",
        lambda root: "--all",
        lambda root: "1" * 40,
        lambda root: f"{'1' * 40}\n--all",
        lambda root: "",
    ],
    ids=["tree", "file", "tag", "short", "ref", "option", "unknown", "two lines", "nothing"],
)
def test_what_is_no_commit_is_refused(found: Repository, tree: Repository, named: Callable[[Path], str]):
    commit(tree.root, {"a": "2\n"})
    git(tree.root, "tag", "-a", "-m", "v1", "v1")
    refuse(found, tree, named(tree.root), "is no commit of the run's tree")


def put_object(root: Path, kind: str, content: bytes) -> str:
    """Make an object as it is given, whatever git would say to it."""
    return git(root, "hash-object", "-w", "-t", kind, "--literally", "--stdin", input=content)


def without_a_file(root: Path) -> str:
    head = commit(root, {"a": "2\n", "b": "new\n"})
    loose(root, git(root, "rev-parse", "HEAD:b")).unlink()
    return head


def without_a_folder(root: Path) -> str:
    head = commit(root, {"b/c": "new\n"})
    loose(root, git(root, "rev-parse", "HEAD:b")).unlink()
    return head


def without_a_commit(root: Path) -> str:
    lost = commit(root, {"a": "2\n"})
    head = commit(root, {"a": "3\n"})
    loose(root, lost).unlink()
    return head


def with_an_object_under_the_name_of_another(root: Path) -> str:
    head = commit(root, {"b": "new\n"})
    place = loose(root, git(root, "rev-parse", "HEAD:b"))
    place.chmod(0o644)
    place.write_bytes(zlib.compress(b"blob 4\0bad\n"))
    return head


def with_half_an_object(root: Path) -> str:
    head = commit(root, {"b": "new\n" * 1000})
    place = loose(root, git(root, "rev-parse", "HEAD:b"))
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:-8])
    return head


@pytest.mark.parametrize(
    "deed",
    [
        *(without_a_file, without_a_folder, without_a_commit),
        *(with_an_object_under_the_name_of_another, with_half_an_object),
    ],
)
def test_what_is_not_whole_is_refused(found: Repository, tree: Repository, deed: Callable[[Path], str]):
    refuse(found, tree, deed(tree.root), "cannot be fetched from the run's tree")


def test_what_is_missing_is_not_taken_for_what_a_remote_has(found: Repository, tmp_path: Path, folder: Path):
    git(found.root, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{found.root}", "home")
    home = Repository.find(tmp_path / "home")
    tree = make(home, folder).repository
    head = without_a_file(folder)
    packed = f"{head}\n{git(folder, 'rev-parse', 'HEAD^{tree}')}\n".encode()
    name = git(folder, "pack-objects", "-q", ".git/objects/pack/pack", input=packed)
    (folder / f".git/objects/pack/pack-{name}.promisor").touch()
    assert git(folder, "fsck", "--connectivity-only", "--no-dangling") == "", "there it is taken for that"
    refuse(home, tree, head, "cannot be fetched from the run's tree")


def entry(mode: str, name: str, sha: str) -> bytes:
    return f"{mode} {name}\0".encode() + bytes.fromhex(sha)


def a_git_folder(root: Path) -> str:
    hook = put_object(root, "blob", b"#!/bin/sh\n")
    inner = put_object(root, "tree", entry("100755", "config", hook))
    return commit_of(root, put_object(root, "tree", entry("40000", ".GIT", inner)))


def a_way_out(root: Path) -> str:
    inner = put_object(root, "tree", entry("100644", "x", put_object(root, "blob", b"x")))
    return commit_of(root, put_object(root, "tree", entry("40000", "..", inner)))


def a_submodule_with_an_option_for_its_address(root: Path) -> str:
    text = b'[submodule "x"]\n\tpath = x\n\turl = -u./run\n'
    return commit_of(root, put_object(root, "tree", entry("100644", ".gitmodules", put_object(root, "blob", text))))


def a_submodule_whose_name_leads_out(root: Path) -> str:
    text = b'[submodule "../../x"]\n\tpath = x\n\turl = https://x.example/y\n'
    return commit_of(root, put_object(root, "tree", entry("100644", ".gitmodules", put_object(root, "blob", text))))


def submodules_behind_a_link(root: Path) -> str:
    target = put_object(root, "blob", b"elsewhere")
    return commit_of(root, put_object(root, "tree", entry("120000", ".gitmodules", target)))


def a_commit_without_an_author(root: Path) -> str:
    tree_sha = git(root, "rev-parse", "HEAD^{tree}")
    return put_object(root, "commit", f"tree {tree_sha}\ncommitter a <b> 1 +0000\n\nx\n".encode())


@pytest.mark.parametrize(
    "deed",
    [
        *(a_git_folder, a_way_out, a_submodule_with_an_option_for_its_address, a_submodule_whose_name_leads_out),
        *(submodules_behind_a_link, a_commit_without_an_author),
    ],
)
def test_what_git_calls_malformed_is_refused(found: Repository, tree: Repository, deed: Callable[[Path], str]):
    sha = deed(tree.root)
    refuse(found, tree, sha, "cannot be fetched from the run's tree .*: ")
    assert found.commit_id(sha) is None


def a_forged_git_file(found: Repository, tree: Repository) -> None:
    other = make_repo(tree.root.with_name("T-1") / "other")
    shutil.rmtree(tree.git_dir)
    (tree.root / ".git").write_text(f"gitdir: {other}/.git\n")


def alternates_that_lead_elsewhere(found: Repository, tree: Repository) -> None:
    other = make_repo(tree.root / "other")
    (tree.git_dir / "objects/info/alternates").write_text(f"{other}/.git/objects\n")


def a_link_among_the_objects(found: Repository, tree: Repository) -> None:
    (tree.git_dir / "objects/ff").symlink_to(found.common_dir / "objects")


def a_pipe_among_the_objects(found: Repository, tree: Repository) -> None:
    (tree.git_dir / "objects/ff").mkdir(exist_ok=True)
    os.mkfifo(tree.git_dir / "objects/ff" / ("f" * 38))


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        (a_forged_git_file, "is not the run's tree any more"),
        (alternates_that_lead_elsewhere, "is not the run's tree any more"),
        (a_link_among_the_objects, "is a link or no file"),
        (a_pipe_among_the_objects, "is a link or no file"),
    ],
)
def test_a_tree_that_leads_elsewhere_is_not_fetched_from(
    found: Repository, tree: Repository, deed: Callable[[Repository, Repository], None], reason: str
):
    head = commit(tree.root, {"a": "2\n"})
    deed(found, tree)
    refuse(found, tree, head, reason)


def test_an_lfs_store_that_is_a_link_is_a_sentence(found: Repository, tree: Repository, tmp_path: Path):
    head = commit(tree.root, {"a": "2\n"})
    (tree.git_dir / "lfs").symlink_to(tmp_path)
    refuse(found, tree, head, "cannot be fetched from: .*lfs: it is a symbolic link")


def test_a_home_that_cannot_be_written_is_a_sentence(found: Repository, tree: Repository):
    head = commit(tree.root, {"a": "2\n"})
    pack = found.common_dir / "objects/pack"
    shutil.rmtree(pack)
    pack.write_text("no folder")
    try:
        refuse(found, tree, head, "cannot be fetched from the run's tree")
    finally:
        pack.unlink()
