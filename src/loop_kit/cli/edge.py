"""What every command is handed of the world it was called in."""

from collections.abc import Mapping
from pathlib import Path

from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What every command is handed: the environment as it was, the folder it was called in, and the bus that was named."""

    environment: Mapping[str, str]
    cwd: Path
    loop_dir: str | None
