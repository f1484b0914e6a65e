"""Measurements in a small repository: rounds, gaps, commands that only look, waiting, prompts."""

import time
from collections.abc import Iterator

from benchmarks import proc
from benchmarks.bench import Bench
from benchmarks.figures import (
    Figure,
    Row,
    at_most,
    at_most_theirs,
    count,
    megabytes,
    milliseconds,
    size_in_bytes,
)
from benchmarks.playing import play
from benchmarks.stage import Stage
from benchmarks.waiting import SETTLING, held

FEW, MANY = 2, 6  # one more round is what the longer run takes longer, divided by the rounds that it has more
WATCHED = 5.0  # seconds
UNNOTICED = 0.080  # seconds: with the wall time around them, what a person still takes for at once
LOOKING = (("status",), ("health",), ("--help",), ("--version",))


def more_rounds(stage: Stage, few: int = FEW, many: int = MANY) -> tuple[float, float, float]:
    """Return wall, CPU and the agents' own time of one more round, in seconds."""
    short, long = stage.play(few), stage.play(many)
    more = many - few
    return (long.wall - short.wall) / more, (long.cpu - short.cpu) / more, (long.agents - short.agents) / more


def rounds(bench: Bench) -> Iterator[Row]:
    """One more round."""
    (wall, cpu, agents), (wall2, cpu2, agents2) = bench.in_turn(more_rounds, *bench.stages())
    yield Row(what="one more round, wall", show=milliseconds, ours=wall, theirs=wall2, floor=bench.floor.wall)
    yield Row(
        what="one more round, CPU of all processes",
        show=milliseconds,
        ours=cpu,
        theirs=cpu2,
        floor=bench.floor.cpu,
        target=at_most_theirs(1.5, cpu, cpu2),
    )
    yield Row(
        what="– of the wall, what the two stand-ins work themselves", show=milliseconds, ours=agents, theirs=agents2
    )


def bare_rounds(bench: Bench) -> Iterator[Row]:
    """One more round with agents that do next to nothing, so that it is the tools that are compared."""
    stages = bench.stages()
    if not all(stage.compile_standin() for stage in stages):
        bench.say("  left out: there is no C compiler (cc)")
        return
    (wall, cpu, agents), (wall2, cpu2, agents2) = bench.in_turn(more_rounds, *stages)
    yield Row(
        what="compiled agents: one more round, wall",
        show=milliseconds,
        ours=wall,
        theirs=wall2,
        floor=bench.floor.wall,
        target=at_most_theirs(0.6, wall, wall2),
    )
    yield Row(
        what="compiled agents: one more round, CPU of all processes",
        show=milliseconds,
        ours=cpu,
        theirs=cpu2,
        floor=bench.floor.cpu,
    )
    yield Row(what="– of the wall, what the two agents work themselves", show=milliseconds, ours=agents, theirs=agents2)


def gaps(bench: Bench) -> Iterator[Row]:
    """What passes between one agent's end and the next one's start, in the rounds from the second on."""

    def measure(stage: Stage) -> tuple[float, float]:
        played = stage.play(MANY)
        return Figure.of(played.gaps("worker")[1:]).median, Figure.of(played.gaps("reviewer")).median

    (work, review), (work2, review2) = bench.in_turn(measure, *bench.stages())
    yield Row(what="worker's exit → reviewer's start", show=milliseconds, ours=work, theirs=work2)
    yield Row(what="reviewer's exit → next worker's start", show=milliseconds, ours=review, theirs=review2)


def looking(bench: Bench) -> Iterator[Row]:
    """Commands that only look, at the bus of a run that has ended."""
    stages = bench.stages()
    for stage in stages:
        stage.play(2)
    for words in LOOKING:

        def measure(stage: Stage, words: tuple[str, ...] = words) -> tuple[float, float]:
            argv = (str(stage.tool.program), *words)
            played = play(argv, cwd=stage.root, env=stage.environment, output=stage.folder / "output")
            if played.code not in (0, 1, 10):  # a health that is not good is an answer too
                raise RuntimeError(f"{stage.tool.name} {words[0]}: exit {played.code}:\n{played.said[-2000:]}")
            return played.cpu, played.wall

        (cpu, wall), (cpu2, wall2) = bench.in_turn(measure, *stages)
        name = words[0]
        target = at_most(UNNOTICED, "80 ms", cpu.median)
        yield Row(what=f"`{name}`, CPU", show=milliseconds, ours=cpu, theirs=cpu2, target=target)
        yield Row(what=f"`{name}`, wall", show=milliseconds, ours=wall, theirs=wall2)


def waiting(bench: Bench) -> Iterator[Row]:
    """Memory, wake-ups and processor time while an agent works and says nothing."""
    ours, theirs = bench.in_turn(watch, *bench.stages())
    names = ("PM", "round process")
    limits = (28e6, 34e6)
    for place, (name, limit) in enumerate(zip(names, limits, strict=True)):
        mine = ours[place]
        target = at_most(limit, f"{limit / 1e6:g} MB", mine.median)
        yield Row(what=f"{name} waiting, resident", show=megabytes, ours=mine, theirs=theirs[place], target=target)
    for place, name in enumerate(names, start=2):
        target = at_most(2.0, "2 (the 1 s beat, and its file)", ours[place].median)
        yield Row(
            what=f"{name} waiting, wake-ups a second", show=count, ours=ours[place], theirs=theirs[place], target=target
        )
    yield Row(what="both waiting, CPU a second", show=milliseconds, ours=ours[4], theirs=theirs[4])


def watch(stage: Stage) -> tuple[float, ...]:
    """Return the resident bytes of both processes, their wake-ups a second, and their seconds of CPU a second."""
    with held(stage) as waiter:
        time.sleep(SETTLING)
        both = (waiter.pm, waiter.round)
        memory = tuple(float(proc.resident(pid)) for pid in both)
        before = [(proc.wake_ups(pid), proc.processor_time(pid)) for pid in both]
        time.sleep(WATCHED)
        after = [(proc.wake_ups(pid), proc.processor_time(pid)) for pid in both]
    woken = tuple((now[0] - then[0]) / WATCHED for now, then in zip(after, before, strict=True))
    spent = sum(now[1] - then[1] for now, then in zip(after, before, strict=True))
    return *memory, *woken, spent / WATCHED


def prompts(bench: Bench) -> Iterator[Row]:
    """What a worker and a reviewer are told in the first and in the second round, each in a new conversation."""
    ours, theirs = bench.stages()
    told = {stage.tool.name: prompts_of(stage) for stage in (ours, theirs)}
    for role in ("worker", "reviewer"):
        first, second = (told[ours.tool.name][role, number] for number in (1, 2))
        same = next(
            (at for at, (one, other) in enumerate(zip(first, second, strict=False)) if one != other), len(first)
        )
        for number, text in ((1, first), (2, second)):
            target = at_most(1.3, "1.3 × round 1", len(text) / len(first)) if number > 1 else None
            yield Row(
                what=f"{role}'s prompt, round {number}",
                show=size_in_bytes,
                ours=Figure.of([len(text)]),
                theirs=Figure.of([len(told[theirs.tool.name][role, number])]),
                target=target,
            )
        yield Row(what="– its beginning that is the same in both rounds", show=size_in_bytes, ours=Figure.of([same]))


def prompts_of(stage: Stage) -> dict[tuple[str, int], bytes]:
    """Return every prompt of a run of two rounds, whose agents begin a new conversation in each."""
    stage.plan, stage.flags = {"keep": "1"}, ("--max-session-rounds", "1")
    stage.play(2)
    return {
        (role, number): (stage.stand / f"{role}-{number}.prompt").read_bytes()
        for role in ("worker", "reviewer")
        for number in (1, 2)
    }
