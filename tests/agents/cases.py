"""What goes wrong with a model, and how loop has to end each: planted for every program, told by `docs/conformance.md`."""

from dataclasses import dataclass
from typing import NamedTuple

from tests.agents.script import Fault


class Ending(NamedTuple):
    """What loop makes of it: the dispatch's failure and how it ended, as the feed tells them, and its own exit code."""

    failure: str
    how: str
    code: int

    def __str__(self) -> str:
        """Return the cell of the docs."""
        return f"`{self.failure}`, {self.how}, {self.code}"


@dataclass(frozen=True, kw_only=True)
class Case:
    says: str  # as in the docs
    fault: Fault
    ends: Ending


CASES = {
    "too-many": Case(
        says="429, again and again",
        fault=Fault(kind="status", status=429),
        ends=Ending("transient", "exited", 8),
    ),
    "quota": Case(
        says="429 `insufficient_quota`",
        fault=Fault(kind="status", status=429, code="insufficient_quota", message="You exceeded your current quota"),
        ends=Ending("quota", "exited", 8),
    ),
    "key": Case(says="401", fault=Fault(kind="status", status=401), ends=Ending("auth", "exited", 8)),
    "cut": Case(says="a stream that is cut off", fault=Fault(kind="cut"), ends=Ending("truncated", "exited", 8)),
    "silent": Case(
        says="a stream that falls silent",
        fault=Fault(kind="silent"),
        ends=Ending("interrupted", "idle_timeout", 9),
    ),
}
