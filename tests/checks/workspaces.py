"""A workspace for real checks: two small trees, a log folder, and commands in a line of Python or shell."""

import os
import sys
from pathlib import Path
from typing import Any

from loop_kit.checks.memory import Memory
from loop_kit.checks.run import CheckTree, CheckWorkspace
from loop_kit.model.check import CheckCommand, Where
from loop_kit.model.evidence import CheckEnding, CheckResult, Evidence, Verdict
from loop_kit.processes.signals import Interruption

TREE = "a" * 40


def make_workspace(folder: Path, **settings: Any) -> CheckWorkspace:
    """Make a workspace whose trees are `folder/tree` and `folder/project`; what is there stays."""
    for name in ("tree", "project", "logs"):
        (folder / name).mkdir(exist_ok=True)
    return CheckWorkspace(
        **{
            "worktree": CheckTree(folder / "tree", TREE),
            "inplace": CheckTree(folder / "project", "b" * 40),
            "environment": {"PATH": os.environ["PATH"]},
            "logs": folder / "logs",
            "stem": "r1_checks",
            "interruption": Interruption.none(),
            "memory": Memory(folder / "tree"),
            **settings,
        }
    )


def python(code: str, **settings: Any) -> CheckCommand:
    return CheckCommand(**{"name": "tests", "argv": (sys.executable, "-S", "-c", code), **settings})


def shell(line: str, **settings: Any) -> CheckCommand:
    return CheckCommand(**{"name": "tests", "argv": ("sh", "-c", line), **settings})


def result(verdict: Verdict = Verdict.PASS, **settings: Any) -> CheckResult:
    """Return the result of a check that nobody ran."""
    given = {
        "name": "tests",
        "argv": ("make", "test"),
        "where": Where.WORKTREE,
        "tree": TREE,
        "how": CheckEnding.EXITED,
    }
    return CheckResult(**{**given, "verdict": verdict, **settings})


def evidence(*results: CheckResult, **settings: Any) -> Evidence:
    given = {"task_id": "T-001", "round": 1, "head_sha": "c" * 40, "tree": TREE, "results": results}
    return Evidence(**{**given, **settings})
