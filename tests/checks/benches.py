"""A bench for real checks: two small trees, a log folder, and commands in a line of Python or shell."""

import os
import sys
from pathlib import Path
from typing import Any

from loop_kit.checks.memory import Memory
from loop_kit.checks.run import Bench, Place
from loop_kit.model.check import CheckCommand, Where
from loop_kit.model.evidence import CheckResult, Ending, Evidence, Verdict
from loop_kit.processes.signals import Interruption

TREE = "a" * 40


def make_bench(folder: Path, **settings: Any) -> Bench:
    """Make a bench whose trees are `folder/tree` and `folder/project`; what is there stays."""
    for name in ("tree", "project", "logs"):
        (folder / name).mkdir(exist_ok=True)
    return Bench(
        **{
            "worktree": Place(folder / "tree", TREE),
            "inplace": Place(folder / "project", "b" * 40),
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
    given = {"name": "tests", "argv": ("make", "test"), "where": Where.WORKTREE, "tree": TREE, "how": Ending.EXITED}
    return CheckResult(**{**given, "verdict": verdict, **settings})


def evidence(*results: CheckResult, **settings: Any) -> Evidence:
    given = {"task_id": "T-001", "round": 1, "head_sha": "c" * 40, "tree": TREE, "results": results}
    return Evidence(**{**given, **settings})
