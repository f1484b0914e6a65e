"""The paths of a bus, and how large its files may be. Nothing here touches the disk.

A bus is a folder with one run at a time. `.loop/` is the default one; `.loop/runs/{task_id}/` is that of one task, with the
same layout. It inherits what people write (`INHERITED`, and `STOP`) from the default bus; everything else is its own. Which
of the two a bus is, and from where it inherits, follows from its path alone: nothing an agent writes can change it, and the
path is all that a caller needs. With a field that names the default bus, every caller that makes a `Bus` would have to fill it
in, and the round process would need it beside the path.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from loop_kit.model.names import is_task_id
from loop_kit.values import dataclass
from loop_kit.values.wording import path_text

_MIB = 1 << 20
LIMITS: Mapping[str, int] = MappingProxyType(
    {
        "task_card": _MIB,
        "fix_list": 12 * _MIB,
        "work_report": 4 * _MIB,
        "checks": 8 * _MIB,
        "review_request": 8 * _MIB,
        "review_report": 4 * _MIB,
        "state": 4 * _MIB,
        "summary": 8 * _MIB,
    }
)
# Documents of one round, in the order in which they are made.
ROUND_KINDS = ("fix_list", "work_report", "checks", "review_request", "review_report")
RUNS = "runs"
# What people write for every run: a bus below `RUNS` has none of it.
INHERITED = ("config.toml", "templates", "context", "tasks")


def kind_of(name: str) -> str:
    """Return the kind of a document on the bus; each of several reviewers submits `review_report-NAME`."""
    return name.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a bus whose `root` is absolute."""

    root: Path

    def __post_init__(self) -> None:
        if not self.root.is_absolute():
            raise ValueError(f"the root of a bus is an absolute path, not {self.root}")

    def path(self, name: str) -> Path:
        """Return where a document lies; the kinds are the keys of `LIMITS`."""
        if kind_of(name) not in LIMITS:
            raise ValueError(f"no document on the bus is called {name}")
        return self.root / f"{name}.json"

    def name(self, path: Path) -> str:
        """Return what people call a file on the bus, e.g. `.loop/state.json` or `.loop/runs/T-001/state.json`."""
        return path_text(path.relative_to(self.default.root.parent))

    @property
    def task_id(self) -> str:
        """The only task whose runs this bus takes; "" for a default bus, which takes every task's."""
        return self.root.name if self.root.parent.name == RUNS and is_task_id(self.root.name) else ""

    @property
    def default(self) -> Self:
        """The bus that this one inherits from: itself, unless it is the bus of one task."""
        return type(self)(self.root.parent.parent) if self.task_id else self

    @property
    def runs_root(self) -> Path:
        """Where the buses of single tasks lie, each in the folder named after its task."""
        return self.default.root / RUNS

    def key(self, path: Path) -> str:
        """Return the name of a file in the documents of this bus: a path relative to the bus that the file belongs to."""
        return os.path.relpath(path, self.root if path.is_relative_to(self.root) else self.default.root)

    def keyed(self, key: str) -> Path:
        """Return the file of this bus that `key` names."""
        return (self.default if key.partition("/")[0] in INHERITED else self).root / key

    @property
    def card_path(self) -> Path:
        return self.path("task_card")

    @property
    def state_path(self) -> Path:
        return self.path("state")

    @property
    def config_path(self) -> Path:
        return self.default.root / "config.toml"

    @property
    def templates(self) -> Path:
        return self.default.root / "templates"

    @property
    def context(self) -> Path:
        return self.default.root / "context"

    @property
    def tasks(self) -> Path:
        """Where cards are that a run can name by their id."""
        return self.default.root / "tasks"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def feed_path(self) -> Path:
        return self.logs / "feed.jsonl"

    @property
    def runtime(self) -> Path:
        return self.root / "runtime"

    def heartbeat_path(self, role: str) -> Path:
        return self.runtime / f"{role}.heartbeat.json"

    def outbox(self, dispatch_id: str) -> Path:
        """Where one dispatch submits its document, as `report.json`."""
        return self.runtime / dispatch_id

    @property
    def archive_root(self) -> Path:
        return self.root / "archive"

    @property
    def unfiled(self) -> Path:
        """Where documents without a task go; no task can have this name."""
        return self.archive_root / "_unfiled"

    @property
    def before(self) -> Path:
        """Where files from before loop go, each under the path that it had; no task can have this name."""
        return self.archive_root / "_before"

    @property
    def lock_path(self) -> Path:
        return self.root / "lock"

    @property
    def stop_path(self) -> Path:
        return self.root / "STOP"

    @property
    def diff_path(self) -> Path:
        """Where a diff is that is too large for the review request."""
        return self.root / "review_diff.patch"
