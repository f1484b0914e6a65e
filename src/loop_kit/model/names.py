"""Names that become paths and refs: task ids, places, dispatch ids."""

import re

from loop_kit.errors import DocumentError

_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ROLES = ("worker", "reviewer")


def check_task_id(task_id: str) -> str:
    """Return `task_id` when it is safe as a folder name and as a component of a ref; raise `DocumentError` else."""
    if not _TASK_ID.fullmatch(task_id) or ".." in task_id or task_id.endswith((".lock", ".")):
        raise DocumentError(
            f"task_card $.task_id: {task_id[:80]!r} cannot be used as a name",
            hint="use up to 64 letters, digits, '.', '_', '-'; start with a letter or digit; no '..', no '.lock' at the end",
        )
    return task_id


def place_name(task_id: str, run: int) -> str:
    """Return the name shared by a run's archive folder, refs and logs: the id itself, then `id@2`, `id@3` and so on."""
    return task_id if run == 1 else f"{task_id}@{run}"
