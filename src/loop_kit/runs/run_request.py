"""What a person asks of `loop run`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loop_kit.model.config import Settings
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """`given` holds the `[run]` settings named on the command line, which a resume obeys too.

    `people` are the roles that people have, as all sources of settings together say. `base` names the commit that a new
    run counts from; "" is the one that is checked out. `worktree` gives a new run a tree of its own.
    """

    card_path: Path | None
    settings: Settings
    given: Mapping[str, Any]
    people: tuple[str, ...]
    base: str = ""
    worktree: bool = False
    resume: bool = False
    reset: bool = False
    single_round: bool = False
    round_number: int | None = None
