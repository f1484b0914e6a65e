"""What happened: git is the witness."""

from loop_kit.vcs.git import path_text
from loop_kit.vcs.repository import Head, Repository
from loop_kit.vcs.snapshot import Snapshot
from loop_kit.vcs.status import Status
from loop_kit.vcs.verify import Ground, verify
from loop_kit.vcs.worktree import ReviewTree

__all__ = ["Ground", "Head", "Repository", "ReviewTree", "Snapshot", "Status", "path_text", "verify"]
