"""What the bridge was told to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One turn of one agent. `access` is `read` or `write`. Empty texts mean: a new conversation, the agent's own model.

    Of `modes` the first that the agent offers is taken; without any it stays in the one it starts in. `counts` tells
    whether the agent's figures are those of the whole turn; otherwise they are kept back, because a wrong figure is worse
    than none. `meta` goes along with the opening of a conversation, for agents that take more there than the protocol says.
    """

    access: str
    program: tuple[str, ...]
    cwd: str
    session: str = ""
    model: str = ""
    modes: tuple[str, ...] = ()
    counts: bool = True
    meta: Mapping[str, Any] = field(default_factory=dict)
