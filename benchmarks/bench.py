"""What every measurement is given, and the order in which the tools take their turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.floor import Floor
from benchmarks.stage import Stage
from benchmarks.tools import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large the large things are."""

    files: int = 20_000
    commits: int = 2_000
    huge_files: int = 100_000
    diff_mb: int = 50
    output_mb: int = 200
    line_mb: int = 100
    history: int = 1_000
    runs: int = 50


@dataclass(frozen=True, kw_only=True)
class Bench:
    """`times` is how often each thing is measured; `say` is told what is being done."""

    ours: Tool
    theirs: Tool
    folder: Path
    times: int
    sizes: Sizes
    floor: Floor
    say: Callable[[str], None]
    _numbers: count = field(default_factory=count)  # type: ignore[type-arg]  # Python 3.11 has no count[int]

    def stage(self, tool: Tool, source: Path | None = None) -> Stage:
        return Stage.set_up(tool, self.folder / str(next(self._numbers)), source)

    def stages(self, source: Path | None = None) -> tuple[Stage, Stage]:
        return self.stage(self.ours, source), self.stage(self.theirs, source)

    def in_turn(self, measure: Callable[[Stage], Sequence[float]], *stages: Stage) -> list[list[Figure]]:
        """Measure the stages one after the other, over and over: A, B, A, B. Return each stage's figures.

        What the machine does besides falls on all alike. The first turn only warms the caches and does not count.
        """
        for stage in stages:
            measure(stage)
        taken: list[list[Sequence[float]]] = [[] for _ in stages]
        for _ in range(self.times):
            for stage, values in zip(stages, taken, strict=True):
                values.append(measure(stage))
        return [[Figure.of(column) for column in zip(*values, strict=True)] for values in taken]
