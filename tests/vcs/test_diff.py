import os
import subprocess
import sys
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError
from loop_kit.model.change import FileChange
from loop_kit.vcs import diff
from loop_kit.vcs.git import Git
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, forge_index, git, make_repo


def change(path: str, status: str, added: int | None, removed: int | None) -> FileChange:
    return FileChange(path=path, status=status, added=added, removed=removed)


def test_the_lines_of_a_large_file_are_not_counted_and_all_in_the_patch(tmp_path: Path):
    repo = make_repo(tmp_path / "repo", {"a": "1\n"})
    base = git(repo, "rev-parse", "HEAD")
    line = "x" * 1023 + "\n"
    head = commit(repo, {"large": line * (diff.LARGEST_COUNTED // 1024 + 1), "as large as may be": line * 8192})
    found = Repository.find(repo)
    assert found.files(base, head) == (change("as large as may be", "A", 8192, 0), change("large", "A", None, None))
    assert found.write_diff(base, head, tmp_path / "patch") > 2 * diff.LARGEST_COUNTED


def test_files_are_what_differs_with_counts(tmp_path: Path):
    repo = make_repo(tmp_path, {"edited": "1\n2\n", "gone": "1\n", "mode": "1\n", "link": "1\n", "binary": b"\0\1"})
    base = git(repo, "rev-parse", "HEAD")
    (repo / "gone").unlink()
    (repo / "mode").chmod(0o755)
    (repo / "link").unlink()
    (repo / "link").symlink_to("edited")
    head = commit(repo, {"edited": "1\n3\n4\n", "new": "1\n", "binary": b"\0\2"})
    assert set(Repository.find(repo).files(base, head)) == {
        change("edited", "M", 2, 1),
        change("gone", "D", 0, 1),
        change("mode", "M", 0, 0),
        change("link", "T", 1, 1),
        change("new", "A", 1, 0),
        change("binary", "M", None, None),
    }


def test_a_rename_is_a_deletion_and_an_addition(tmp_path: Path):
    repo = make_repo(tmp_path, {"old": "same\n" * 20})
    base = git(repo, "rev-parse", "HEAD")
    git(repo, "config", "diff.renames", "copies")
    git(repo, "mv", "old", "new")
    head = commit(repo, {})
    assert Repository.find(repo).files(base, head) == (change("new", "A", 20, 0), change("old", "D", 0, 20))
    assert "rename from old\nrename to new\n" in (
        diff.patch_text(Git(repo), base, head, 10_000, tmp_path / "patch") or ""
    )


def test_unusual_names_survive(tmp_path: Path):
    names = [b"two\nlines", b":100644 x", b"caf\xe9", b"a\tb", b"1\t2\tc", b"$x", b"-x"]
    repo = make_repo(tmp_path)
    base = git(repo, "rev-parse", "HEAD")
    for name in names:
        Path(os.fsdecode(os.fsencode(repo) + b"/" + name)).write_text("x\n")
    head = commit(repo, {})
    found = Repository.find(repo).files(base, head)
    assert {entry.path for entry in found} == {name.decode("utf-8", "backslashreplace") for name in names}
    assert {(entry.added, entry.removed) for entry in found} == {(1, 0)}
    assert diff.added_paths(Git(repo), base, head) == {entry.path for entry in found}
    assert set(Repository.find(repo).changed_paths(base, head)) == {entry.path for entry in found}


def test_a_person_s_settings_do_not_change_the_patch(tmp_path: Path):
    repo = make_repo(tmp_path, {"a.txt": "1\n2\n\n3\n4\n5\n6\n", "b.txt": "1\n", ".gitattributes": "*.txt diff=mine\n"})
    base = git(repo, "rev-parse", "HEAD")
    head = commit(repo, {"a.txt": "1\n2\n\n3\nx\n5\n6\n", "b.txt": "2\n"})
    before = diff.patch_text(Git(repo), base, head, 10_000, tmp_path / "patch")
    (repo / ".git" / "order").write_text("b.txt\n")
    for setting in (
        "diff.external=touch ran-a-program; false",
        "diff.mine.textconv=touch ran-a-program; echo lies #",
        "diff.mine.command=touch ran-a-program; false",
        "diff.noprefix=true",
        "diff.mnemonicPrefix=true",
        "diff.algorithm=patience",
        "diff.context=0",
        "diff.interHunkContext=9",
        "diff.renames=false",
        "diff.orderFile=.git/order",
        "diff.suppressBlankEmpty=true",
        "diff.relative=true",
        "diff.colorMoved=zebra",
        "color.diff=always",
        "color.ui=always",
        "core.pager=touch ran-a-program",
        "core.abbrev=5",
        "log.showSignature=true",
        "alias.diff-tree=!false",
    ):
        git(repo, "config", *setting.split("=", 1))
    assert diff.patch_text(Git(repo), base, head, 10_000, tmp_path / "patch") == before
    assert "--- a/a.txt\n+++ b/a.txt\n" in (before or "")
    assert not list(repo.rglob("ran-a-program"))


def test_a_patch_is_text_up_to_its_limit_and_one_byte_more_is_a_file(tmp_path: Path):
    repo = make_repo(tmp_path / "repo", {"a": "x\n"})
    base = git(repo, "rev-parse", "HEAD")
    head = commit(repo, {"a": "é" * 500 + "\n" + "y" * 500 + "\n"})
    target = tmp_path / "patch"
    size = diff.write_patch(Git(repo), base, head, target)
    whole = target.read_text()
    assert diff.patch_text(Git(repo), base, head, size, target) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["repo"]  # the file is of another change, and is gone
    assert diff.patch_text(Git(repo), base, head, size - 1, target) is None
    assert target.read_text() == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["patch", "repo"]


def test_a_patch_that_cannot_be_written_is_a_sentence(tmp_path: Path):
    repo, target = make_repo(tmp_path / "repo"), tmp_path / "gone/patch"
    with pytest.raises(NeedsPersonError, match="gone/patch cannot be written: No such file or directory"):
        diff.write_patch(Git(repo), "HEAD", "HEAD", target)
    with pytest.raises(NeedsPersonError, match="gone/patch cannot be written: No such file or directory"):
        diff.patch_text(Git(repo), "HEAD", "HEAD", 100, target)


def test_a_patch_that_is_not_utf8_becomes_text_without_surrogates(tmp_path: Path):
    repo = make_repo(tmp_path, {"a": "x\n"})
    base = git(repo, "rev-parse", "HEAD")
    head = commit(repo, {"a": b"caf\xe9\n"})
    assert "+caf\\xe9\n" in (diff.patch_text(Git(repo), base, head, 1000, tmp_path / "patch") or "")


def test_write_patch_gives_a_patch_that_applies(tmp_path: Path):
    repo = make_repo(tmp_path / "repo", {"a": "x\n"})
    base = git(repo, "rev-parse", "HEAD")
    head = commit(repo, {"a": b"caf\xe9\n", "new file": "1\n"})
    target = tmp_path / "the patch"
    size = diff.write_patch(Git(repo), base, head, target)
    assert size == target.stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["the patch"]
    git(repo, "checkout", "-q", base)
    git(repo, "apply", "--index", str(target))
    assert git(repo, "write-tree") == git(repo, "rev-parse", f"{head}^{{tree}}")


def test_a_patch_that_fails_leaves_nothing_behind(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    (tmp_path / "patch").write_text("the one before")
    with pytest.raises(NeedsPersonError, match="git diff-tree failed"):
        diff.write_patch(Git(repo), "HEAD", "1" * 40, tmp_path / "patch")
    assert (tmp_path / "patch").read_text() == "the one before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["patch", "repo"]


def test_a_big_patch_costs_disk_and_not_memory(tmp_path: Path):
    repo = make_repo(tmp_path / "repo", {"README.md": ""})
    base = git(repo, "rev-parse", "HEAD")
    line = "x" * 99 + "\n"
    head = commit(repo, {f"big-{number}": f"{number}\n" + line * 80_000 for number in range(8)})
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from loop_kit.vcs.diff import write_patch, patch_text\n"
        "from loop_kit.vcs.git import Git\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "git = Git(Path(sys.argv[1])); git.ask('version'); before = peak()\n"
        "size = write_patch(git, sys.argv[2], sys.argv[3], Path(sys.argv[4]))\n"
        "text = patch_text(git, sys.argv[2], sys.argv[3], 100_000, Path(sys.argv[4]))\n"
        "print(size, peak() - before, text)\n"
    )
    argv = [sys.executable, "-c", script, str(repo), base, head, str(tmp_path / "patch")]
    size, grown, text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    assert int(size) > 64_000_000
    assert int(grown) * (1 if sys.platform == "darwin" else 1024) < 10_000_000
    assert (text, (tmp_path / "patch").stat().st_size) == ("None", int(size))


def test_paths_that_were_added_and_removed_again_are_still_found(tmp_path: Path):
    repo = make_repo(tmp_path)
    base = git(repo, "rev-parse", "HEAD")
    commit(repo, {"secret": "1", "README.md": "edited\n"})
    (repo / "secret").unlink()
    commit(repo, {})
    git(repo, "switch", "-q", "-c", "side", base)
    commit(repo, {"from the side": "1"})
    git(repo, "switch", "-q", "main")
    git(repo, "config", "log.diffMerges", "off")
    git(repo, "merge", "-q", "--no-commit", "side")
    commit(repo, {"from the merge": "1"})
    assert diff.added_paths(Git(repo), base, "HEAD") >= {"secret", "from the side", "from the merge"}
    assert "README.md" not in diff.added_paths(Git(repo), base, "HEAD")


def test_patch_lines_yield_the_beginning_of_long_lines_once(tmp_path: Path):
    repo = make_repo(tmp_path, {"a": "x\n", "b": "x\n"})
    base = git(repo, "rev-parse", "HEAD")
    head = commit(repo, {"a": "+" * 200_000 + "\nz\n", "b": "y\n"})
    lines = list(diff.patch_lines(Git(repo), base, head, ["a"], 10_000_000))
    assert [line[:2] for line in lines if line.startswith(b"+")] == [b"++", b"++", b"+z"]  # the first is the header
    assert not any(b"b/b" in line for line in lines)
    assert any(b"b/b" in line for line in diff.patch_lines(Git(repo), base, head, ["caf\\xe9"], 10_000_000))


def test_an_index_that_lies_about_a_file_changes_no_diff(tmp_path: Path):
    repo = make_repo(tmp_path / "repo", {"a": "0\n"})
    base, head = git(repo, "rev-parse", "HEAD"), commit(repo, {"a": "1\n"})
    committed = git(repo, "rev-parse", "HEAD:a")
    (repo / "a").write_text("2\n", encoding="utf-8")
    os.utime(repo / "a", (1, 1))  # long before the index: git has no doubt
    git(repo, "add", "a")
    forge_index(repo / ".git/index", git(repo, "rev-parse", ":a"), committed)
    assert git(repo, "status", "--porcelain") == ""
    found = Repository.find(repo)
    patch = found.diff_text(base, head, 1000, tmp_path / "patch")
    assert patch is not None
    assert patch.endswith("-0\n+1\n")
