"""Names that become paths and refs: task ids, run names, dispatch ids."""

import re

from loop_kit.errors import DocumentError
from loop_kit.model.kinds import NAME_RULE

_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RUN = re.compile(r"[2-9]|[1-9][0-9]{1,8}")
ROLES = ("worker", "reviewer")


def is_task_id(text: str) -> bool:
    """Return whether `text` is safe as a folder name and as a component of a ref."""
    return bool(_TASK_ID.fullmatch(text)) and ".." not in text and not text.endswith((".lock", "."))


def is_run_name(text: str) -> bool:
    """Return whether `text` is what `name_run` makes."""
    task_id, at, run = text.partition("@")
    return is_task_id(task_id) and (not at or bool(_RUN.fullmatch(run)))


def before_name(task_id: str) -> str:
    """Return the name under which the archive keeps what another tool left of a task; no run is called so."""
    return f"{task_id}@0"


def is_before(text: str) -> bool:
    """Return whether `text` is what `before_name` makes."""
    task_id, _, run = text.partition("@")
    return is_task_id(task_id) and run == "0"


def check_task_id(task_id: str) -> str:
    """Return `task_id` when it is safe as a folder name and as a component of a ref; raise `DocumentError` else."""
    if not is_task_id(task_id):
        raise DocumentError(f"task_card $.task_id: {task_id[:80]!r} cannot be used as a name", hint=f"use {NAME_RULE}")
    return task_id


def name_run(task_id: str, run: int) -> str:
    """Return the name shared by a run's archive folder, refs and logs: the id itself, then `id@2`, `id@3` and so on."""
    return task_id if run == 1 else f"{task_id}@{run}"
