"""A worker on trial: what the tests of verify share."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loop_kit.model.change import Change, Finding
from loop_kit.model.work import WorkReport
from loop_kit.vcs import watch
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.verify import Baseline, verify
from tests.support.repos import git, make_repo

FILES = {"src/a.py": "1\n", "src/b.py": "1\n", "docs/index.md": "1\n", ".gitignore": "*.log\n"}


@dataclass(frozen=True)
class Trial:
    """A repository with a base, in which a test plays the worker."""

    repo: Path
    found: Repository
    base: str
    baseline: Baseline
    before: dict[str, str]

    def verify(self, head: str = "", claimed: tuple[str, ...] = (), **baseline: Any) -> Change:
        report = WorkReport(
            task_id="T", round=1, head_sha=head or git(self.repo, "rev-parse", "HEAD"), files_changed=claimed
        )
        touched = watch.compare(self.before, watch.take(self.found, "T", 1))
        return verify(report, replace(self.baseline, **baseline), self.found, touched)

    def findings(self, head: str = "", claimed: tuple[str, ...] = (), **baseline: Any) -> dict[str, Finding]:
        change = self.verify(head, claimed, **baseline)
        return {finding.code: finding for finding in change.findings}


def begin(folder: Path) -> Trial:
    """Make the repository and let the trial begin at its only commit."""
    repo = make_repo(folder / "repo", FILES)
    found = Repository.find(repo)
    base = found.head().sha
    found.pin("refs/loop/T/r0/base", base)
    baseline = Baseline(base_sha=base, last_head=base, listed_from=base, branch="main")
    return Trial(repo, found, base, baseline, watch.take(found, "T", 1))
