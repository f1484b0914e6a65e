"""The entry point: `loop_kit.cli.adopters.Adopter` for agent-task-runner.

Every command asks for facts, and few buses are ever adopted, so the rest is imported on first use.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from loop_kit.adopt import traces
from loop_kit.bus.bus import Bus


class AgentTaskRunner:
    tool = traces.TOOL

    def facts(self, bus: Bus) -> Iterator[str]:
        return traces.facts(bus)

    def adopt(self, bus: Bus, proposals: bytes) -> Iterable[str]:
        from loop_kit.adopt.adopting import adopt_bus  # noqa: PLC0415  (as said above)

        return adopt_bus(bus, proposals)

    def next_lines(self, bus: Bus, *, cwd: Path, loop: str, reviewer: str) -> Iterable[str]:
        from loop_kit.adopt.adopting import next_lines  # noqa: PLC0415  (as said above)

        return next_lines(bus, cwd=cwd, loop=loop, reviewer=reviewer)


ADOPTER = AgentTaskRunner()
