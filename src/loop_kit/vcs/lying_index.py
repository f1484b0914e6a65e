"""Whether a working tree equals a commit, when the index that git trusts may have been forged.

A file's ctime cannot be set, so only files that were written or moved since the run began are read.
"""

import os
import stat
from collections.abc import Collection
from datetime import datetime

from loop_kit.values.wording import path_text
from loop_kit.vcs.git import zero_separated
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.review_tree import ReviewTree

_LINK, _FILES = b"120000", (b"100644", b"100755")
_SLACK = 2 * 10**9  # nanoseconds by which the clock of a disk may differ


def unlike(repository: Repository, head_sha: str, *, since: str, known: Collection[str]) -> list[str]:
    """Return tracked files that were written since that time (ISO) and are not as at `head_sha`, whatever the index says.

    `known` are left out, and so are missing files: only in a sparse checkout does git not report those.
    """
    began = int(datetime.fromisoformat(since).timestamp() * 10**9) - _SLACK
    doubtful = {
        path: (mode, sha)
        for path, mode, sha in _tracked(repository, head_sha)
        if path_text(path) not in known and _written_since(repository, path, began)
    }
    other = [path for path, (mode, _) in doubtful.items() if not _is_of_kind(repository, path, mode)]
    plain = [path for path, (mode, _) in doubtful.items() if mode in _FILES and path not in other]
    other += [path for path, sha in zip(plain, _hashes(repository, plain), strict=True) if sha != doubtful[path][1]]
    other += [path for path, (mode, _) in doubtful.items() if mode == _LINK and path not in other]
    # Git calls some files changed that are as a checkout writes them: those prove nothing.
    return ReviewTree(repository.root, repository.git_dir).unlike_a_checkout(other, head_sha) if other else []


def _tracked(repository: Repository, head_sha: str) -> list[tuple[bytes, bytes, bytes]]:
    rows = zero_separated(repository.git.out("ls-tree", "-r", "-z", "--full-tree", head_sha))
    parts = ((facts.split(b" "), path) for facts, _, path in (row.partition(b"\t") for row in rows))
    return [(path, facts[0], facts[2]) for facts, path in parts]


def _written_since(repository: Repository, path: bytes, since: int) -> bool:
    try:
        return os.lstat(os.fsencode(repository.root) + b"/" + path).st_ctime_ns >= since
    except OSError:
        return False


def _is_of_kind(repository: Repository, path: bytes, mode: bytes) -> bool:
    found = os.lstat(os.fsencode(repository.root) + b"/" + path).st_mode
    kinds = {_LINK: stat.S_ISLNK, **dict.fromkeys(_FILES, stat.S_ISREG)}
    return mode not in kinds or kinds[mode](found)  # anything else is a submodule


def _hashes(repository: Repository, paths: list[bytes]) -> list[bytes]:
    """Return the object ids of files as git would commit them."""
    if not paths:
        return []
    lines = (b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"\n' for path in paths)
    return repository.git.out("hash-object", "--stdin-paths", stdin=b"".join(lines)).splitlines()
