"""Steps of a worker that the script of a stand-in has no word for."""

from typing import Any

_BEFORE = """\
import json, os, subprocess
from pathlib import Path
report = Path(os.environ["LOOP_REPORT"])
head = subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()
sound = {"task_id": os.environ["LOOP_TASK_ID"], "round": int(os.environ["LOOP_ROUND"]), "head_sha": head}
"""


def python(code: str) -> dict[str, Any]:
    """Run Python that knows `report`, the path to report to, `head`, the commit checked out, and a `sound` report."""
    return {"run": ["{python}", "-c", _BEFORE + code]}


def git_step(*args: str) -> dict[str, Any]:
    return {"run": ["git", *args]}
