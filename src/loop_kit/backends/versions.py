"""Which version of an agent program is there, held against those that its backend was measured with."""

import re
from typing import Protocol, runtime_checkable

from loop_kit.backends.base import Backend

_NUMBER = re.compile(r"(?<![\w.])v?(\d+)\.(\d+)\.(\d+)")


@runtime_checkable
class Measured(Protocol):
    """A backend that says which versions of its program it was held against, the oldest first, and what confines the agent."""

    @property
    def tested(self) -> tuple[str, ...]:
        """Versions, such as `0.169.0`."""

    @property
    def sandbox(self) -> str:
        """What keeps the agent from writing where it should not, in a few words."""


def judge_version(backend: Backend, said: str) -> str:
    """Return how the version that a program `said` stands to the tested ones, "" when nothing can be said."""
    found = _NUMBER.search(said)
    if found is None or not isinstance(backend, Measured):
        return ""
    number = tuple(int(part) for part in found.groups())
    tested = [tuple(int(part) for part in version.split(".")) for version in backend.tested]
    if number in tested:
        return "tested"
    if number > max(tested):
        return f"newer than {backend.tested[-1]}, the last that was tested"
    if number < min(tested):
        return f"older than {backend.tested[0]}, the first that was tested"
    return f"between the tested {' and '.join(backend.tested)}"


def sandbox_of(backend: Backend) -> str:
    return backend.sandbox if isinstance(backend, Measured) else ""
