"""Measurements that are about many: a long history, many runs at once."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks import proc
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Row, at_most, megabytes, milliseconds, percent
from benchmarks.playing import play
from benchmarks.stage import Stage
from benchmarks.waiting import SETTLING, held

EDGE = 50  # rounds at each end of the history that are compared
WATCHED = 10.0  # seconds


def history(bench: Bench) -> Iterator[Row]:
    """One run of very many rounds: its last against its first, and `status` at its end."""
    rounds = bench.sizes.history
    long, short = bench.stage(bench.ours), bench.stage(bench.ours)
    bench.say(f"playing {rounds} rounds")
    played = long.play(rounds)
    short.play(1)
    edge = min(EDGE, rounds // 4)
    starts = played.gaps("reviewer")
    periods = [
        after.began - before.began for before, after in zip(played.stamps[::2], played.stamps[2::2], strict=False)
    ]
    for what, values in (("reviewer's exit → next worker's start", starts), ("a round, wall", periods)):
        early, late = Figure.of(values[1 : edge + 1]), Figure.of(values[-edge:])
        yield Row(what=f"first {edge} of {rounds:,} rounds: {what}", show=milliseconds, ours=early)
        target = at_most(1.1, "1.1 × the first", late.median / early.median)
        yield Row(what=f"last {edge} of {rounds:,} rounds: {what}", show=milliseconds, ours=late, target=target)

    def measure(stage: Stage) -> tuple[float, ...]:
        argv = (str(stage.tool.program), "status")
        return (play(argv, cwd=stage.root, env=stage.environment, output=stage.folder / "output").cpu,)

    (one,), (many,) = bench.in_turn(measure, short, long)
    yield Row(what="`status` after 1 round, CPU", show=milliseconds, ours=one)
    target = at_most(1.1, "1.1 × after 1 round", many.median / one.median)
    yield Row(what=f"`status` after {rounds:,} rounds, CPU", show=milliseconds, ours=many, target=target)


def many(bench: Bench) -> Iterator[Row]:
    """Many runs at once, all waiting for their agents."""
    number = bench.sizes.runs
    taken = {}
    for tool in (bench.ours, bench.theirs):
        bench.say(f"starting {number} runs of {tool.name}")
        stages = [bench.stage(tool) for _ in range(number)]
        taken[tool.name] = _waiting_together(stages)
    (memory, load), (memory2, load2) = (taken[tool.name] for tool in (bench.ours, bench.theirs))
    limit = 2.5e9 * number / 50
    yield Row(
        what=f"{number} runs waiting, memory together",
        show=megabytes,
        ours=memory,
        theirs=memory2,
        target=at_most(limit, f"{limit / 1e9:g} GB", memory.median),
    )
    limit = 0.05 * number / 50
    yield Row(
        what=f"{number} runs waiting, of one core",
        show=percent,
        ours=load,
        theirs=load2,
        target=at_most(limit, percent(limit), load.median),
    )


def _waiting_together(stages: list[Stage]) -> tuple[Figure, Figure]:
    """Return the memory of all together, pages that several share counted once, and their part of one core."""
    with ExitStack() as runs:
        waiters = [runs.enter_context(held(stage)) for stage in stages]
        time.sleep(SETTLING)
        pids = [pid for waiter in waiters for pid in (waiter.pm, waiter.round)]
        memory = sum(proc.share(pid) for pid in pids)
        before, since = sum(proc.processor_time(pid) for pid in pids), time.perf_counter()
        time.sleep(WATCHED)
        spent = sum(proc.processor_time(pid) for pid in pids) - before
        return Figure.of([memory]), Figure.of([spent / (time.perf_counter() - since)])
