"""An agent's session, kept so that a later dispatch can resume it."""

from typing import Annotated

from loop_kit.model.kinds import Count
from loop_kit.model.usage import UsageNumbers
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    backend: Annotated[str, "The backend that started it; no other can resume it."]
    session_id: Annotated[str, "What the agent program calls it."]
    round: Annotated[Count, "The last round it has served."]
    rounds: Annotated[Count, "How many rounds it has served."] = 1
    counted: Annotated[
        UsageNumbers | None,
        "Where the program's own count over the whole session stood last; null for a program that counts each run by itself.",
    ] = None
