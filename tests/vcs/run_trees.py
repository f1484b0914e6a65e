"""A person's repository and the tree of a run, as the tests of both need them."""

import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from loop_kit.vcs.repository import Repository
from loop_kit.vcs.run_tree import RunTree, make_run_tree
from tests.support.repos import git

BRANCH = "loop/T-1"
REF = f"refs/heads/{BRANCH}"

# A filter that keeps contents as git-lfs does: under their digest, in a store beside git's objects; it looks into those of
# repositories whose objects are shared, and downloads what is in none, unless it was told an address where nothing is.
LFS = """\
import hashlib, os, pathlib, subprocess, sys
def asked(*args): return subprocess.run(["git", "rev-parse", *args], capture_output=True, text=True, check=True).stdout.strip()
common = pathlib.Path(asked("--path-format=absolute", "--git-common-dir"))
stores = [common / "lfs/objects"]
named = common / "objects/info/alternates"
if named.exists(): stores += [pathlib.Path(line).parent / "lfs/objects" for line in named.read_text().splitlines()]
data, head = sys.stdin.buffer.read(), b"version https://git-lfs.github.com/spec/v1\\n"
place = lambda store, oid: store / oid[:2] / oid[2:4] / oid
if sys.argv[1] == "clean" and not data.startswith(head):
    oid = hashlib.sha256(data).hexdigest()
    target = place(stores[0], oid)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    data = head + f"oid sha256:{oid}\\nsize {len(data)}\\n".encode()
elif sys.argv[1] == "smudge" and data.startswith(head):
    oid = data.split(b"sha256:")[1].split()[0].decode()
    found = [place(store, oid) for store in stores if place(store, oid).exists()]
    settings = subprocess.run(["git", "config", "--get-regexp", "^lfs\\."], capture_output=True, text=True).stdout.split()
    if not found and not {"file:///dev/null", "lfs.skipdownloaderrors"} <= {*settings}: sys.exit("a download of " + oid)
    if found: data = found[0].read_bytes()
sys.stdout.buffer.write(data)
"""


def make(home: Repository, folder: Path, *, sha: str = "", copy: Iterable[str] = ()) -> RunTree:
    """Make a tree of what is checked out in home, on a branch of its own."""
    return make_run_tree(home, folder, sha=sha or home.head().sha, branch=BRANCH, copy=tuple(copy))


def keep_lfs(repo: Path, folder: Path, *, paths: str = "*.bin") -> None:
    """Let `repo` keep some files in the store of a filter that lies in `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / "lfs.py").write_text(LFS)
    for deed in ("clean", "smudge"):
        git(repo, "config", f"filter.lfs.{deed}", f"python3 '{folder}/lfs.py' {deed} %f")
    git(repo, "config", "filter.lfs.required", "true")
    (repo / ".gitattributes").write_text(f"{paths} filter=lfs\n")


def seen(folder: Path) -> Mapping[str, tuple[object, ...]]:
    """Return all that is below a folder, with content, mode and time of each file.

    The time of an object is that at which some git last saw that it is wanted, so it is nobody's.
    """
    found = {}
    for path in (folder, *folder.rglob("*")):
        state = path.lstat()
        what = path.readlink() if path.is_symlink() else "" if path.is_dir() else path.read_bytes()
        time = 0 if "objects" in path.parts else state.st_mtime_ns
        found[str(path.relative_to(folder))] = (stat.S_IMODE(state.st_mode), what, time)
    return found


def own_objects(root: Path) -> list[str]:
    """Return the files of the objects that a repository has itself."""
    return [str(path) for path in (root / ".git/objects").rglob("*") if path.is_file() and path.parent.name != "info"]


def loose(root: Path, sha: str) -> Path:
    """Return the file of an object that is in no pack."""
    return root / ".git/objects" / sha[:2] / sha[2:]


def commit_of(root: Path, tree_sha: str) -> str:
    """Make a commit of a tree as it is given, on top of what is checked out."""
    return git(root, "commit-tree", "-p", "HEAD", "-m", "Made by hand", tree_sha)
