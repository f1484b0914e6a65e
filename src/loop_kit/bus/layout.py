"""The map of `.loop/`: what lies where, and how large it may be. Nothing here touches the disk."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from loop_kit.bus.files import shown
from loop_kit.values import dataclass

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
# Documents of one round, in the order in which they come to be.
ROUND_KINDS = ("fix_list", "work_report", "checks", "review_request", "review_report")


def kind_of(name: str) -> str:
    """Return the kind of a document on the bus; each of several reviewers hands in `review_report-NAME`."""
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
        """Return what people call a file on the bus, e.g. `.loop/state.json`."""
        return shown(path.relative_to(self.root.parent))

    @property
    def card_path(self) -> Path:
        return self.path("task_card")

    @property
    def state_path(self) -> Path:
        return self.path("state")

    @property
    def config_path(self) -> Path:
        return self.root / "config.toml"

    @property
    def templates(self) -> Path:
        return self.root / "templates"

    @property
    def context(self) -> Path:
        return self.root / "context"

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
        """Where one dispatch hands in its document, as `report.json`."""
        return self.runtime / dispatch_id

    @property
    def archive_root(self) -> Path:
        return self.root / "archive"

    @property
    def unfiled(self) -> Path:
        """Where documents go that name no task; no task can be called so."""
        return self.archive_root / "_unfiled"

    @property
    def before(self) -> Path:
        """Where files go that were here before loop, each under the path that it had; no task can be called so."""
        return self.archive_root / "_before"

    @property
    def lock_path(self) -> Path:
        return self.root / "lock"

    @property
    def stop_path(self) -> Path:
        return self.root / "STOP"

    @property
    def diff_path(self) -> Path:
        """Where a diff goes that is too large for the review request."""
        return self.root / "review_diff.patch"
