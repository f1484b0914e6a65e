"""How a command was called."""

from collections.abc import Mapping
from pathlib import Path

from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The environment and the folder that a command was called in, and the bus that was named, None for the default."""

    environment: Mapping[str, str]
    cwd: Path
    loop_dir: str | None
