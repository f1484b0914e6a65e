"""Measurements that are about size: repositories, diffs, what agents print."""

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import (
    Figure,
    Row,
    Target,
    at_most,
    at_most_theirs,
    count,
    megabytes,
    milliseconds,
    size_in_bytes,
    throughput,
)
from benchmarks.playing import Played, play
from benchmarks.small import prompts_of
from benchmarks.stage import Stage

MANY = 5  # rounds
MB = 1_000_000
SAID = "I looked at the parser, and this is what I found there. " * 4
COMMAND = "bash -lc 'python -m pytest -q tests/test_parser.py'"
PRINTED = "tests/test_parser.py::test_it_reads_one_line PASSED\n" * 40
SCOPES = ((), ("src/**/*.py", "app.txt"))


def repository(bench: Bench) -> Iterator[Row]:
    """A round among many files and commits, with two scopes, against a round of our own in a small repository."""
    files, commits = bench.sizes.files, bench.sizes.commits
    source = make_repository(bench.folder / "many-files", files, commits)
    small, (ours, theirs) = bench.stage(bench.ours), bench.stages(source)
    name = f"{files:,} files, {commits:,} commits"

    def measure(stage: Stage) -> tuple[float, float]:
        # The first round makes the review tree and the end deletes it: among many files that takes seconds, and never the
        # same. So a round is measured within a run.
        played = stage.play(MANY)
        return Figure.of(played.rounds[1:]).median, played.agents / MANY

    for scope in SCOPES:
        ours.scope = theirs.scope = scope
        (little, _), (wall, agents), (wall2, agents2) = bench.in_turn(measure, small, ours, theirs)
        words = f"{name}, in_scope {'empty' if not scope else '`' + scope[0] + '`'}: one more round"
        target = at_most(1.3, "1.3 × our small repository's", wall.median / little.median)
        yield Row(what=f"{words}, wall", show=milliseconds, ours=wall, theirs=wall2, target=target)
        yield Row(
            what="– of the wall, what the two stand-ins work themselves", show=milliseconds, ours=agents, theirs=agents2
        )
    small.scope = ours.scope = theirs.scope = SCOPES[-1]
    told = [len(prompts_of(stage)["worker", 1]) for stage in (small, ours, theirs)]
    yield Row(
        what=f"{name}, in_scope `{SCOPES[-1][0]}`: worker's prompt",
        show=size_in_bytes,
        ours=Figure.of([told[1]]),
        theirs=Figure.of([told[2]]),
        target=at_most(1.02, "the small repository's (paths apart)", told[1] / told[0]),
    )


def huge(bench: Bench) -> Iterator[Row]:
    """Git's own processor time in one more round of ours, against one look of git at the same tree."""
    files = bench.sizes.huge_files
    stage = bench.stage(bench.ours, make_repository(bench.folder / "huge", files, 1))

    def look(stage: Stage) -> tuple[float, float]:
        argv = (str(stage.stand / "real/git"), "diff-index", "--quiet", "HEAD")
        return (play(argv, cwd=stage.root, env=stage.environment, output=stage.folder / "output").cpu, 0.0)

    def spend(stage: Stage) -> tuple[float, float]:
        stage.play(3)
        calls = stage.git_calls()
        # From one pin of a verified head to the next: a whole round, without what the start and the end of a run take.
        pins = [
            place for place, call in enumerate(calls) if "update-ref" in call.arguments and "/head " in call.arguments
        ]
        round_of_calls = calls[pins[1] : pins[2]]
        return sum(call.seconds for call in round_of_calls), float(len(round_of_calls))

    stage.git("status")  # so that the index knows every file's times, as in a repository that somebody works in
    looks = bench.in_turn(look, stage)[0][0]
    stage.count_git()
    spent, calls = bench.in_turn(spend, stage)[0]
    name = f"{files:,} files: one more round"
    target = at_most(5, "5 × one `git diff-index --quiet HEAD`", spent.median / looks.median)
    yield Row(what=f"{name}, CPU of git", show=milliseconds, ours=spent, floor=looks.median, target=target)
    yield Row(what=f"{name}, calls of git", show=count, ours=calls)


def diff(bench: Bench) -> Iterator[Row]:
    """A run of one round whose change is large, without the agents' own time."""
    size = bench.sizes.diff_mb * MB
    bulk = bench.folder / "bulk.txt"
    _write_lines(bulk, size, lambda number: f"{number:08} {'content ' * 8}\n")
    stages = bench.stages()
    for stage in stages:
        stage.plan = {"bulk": str(bulk)}
        stage.git("hash-object", "-w", str(bulk))  # so that the agent's commit need not compress it each time

    def measure(stage: Stage) -> tuple[float, ...]:
        played = stage.play(1, peaks=True)
        request = (stage.bus / "review_request.json").stat().st_size
        return played.wall - played.agents, float(max(played.pm_peak, played.round_peak)), float(request)

    (wall, peak, request), (wall2, peak2, request2) = bench.in_turn(measure, *stages)
    name = f"{bench.sizes.diff_mb} MB diff"
    yield Row(
        what=f"{name}: a run of one round, wall without the agents'",
        show=milliseconds,
        ours=wall,
        theirs=wall2,
        target=at_most_theirs(0.5, wall, wall2),
    )
    target = at_most(60 * MB, "60 MB", peak.median)
    yield Row(
        what=f"{name}: most in memory, of PM and round process", show=megabytes, ours=peak, theirs=peak2, target=target
    )
    target = at_most(MB, "1 MB, the diff beside it", request.median)
    yield Row(what=f"{name}: `review_request.json`", show=megabytes, ours=request, theirs=request2, target=target)


def output(bench: Bench) -> Iterator[Row]:
    """An agent that prints very much, in lines as agents print them, and in a single one."""
    size = bench.sizes.output_mb * MB
    lines = bench.folder / "lines"
    _write_lines(lines, size, lambda number: json.dumps(_item(number)) + "\n")
    yield from _flooded(bench, f"{bench.sizes.output_mb} MB of agent output", lines)
    single = bench.folder / "line"
    with single.open("wb") as file:
        for _ in range(bench.sizes.line_mb):
            file.write(b"x" * MB)
        file.write(b"\n")
    yield from _flooded(bench, f"one line of {bench.sizes.line_mb} MB", single)


def _flooded(bench: Bench, name: str, flood: Path) -> Iterator[Row]:
    stages = bench.stages()
    size = flood.stat().st_size
    for stage in stages:
        stage.plan = {"flood": str(flood)}

    def measure(stage: Stage) -> tuple[float, ...]:
        played = stage.play(1, peaks=True)
        logs = sum(path.stat().st_size for path in stage.bus.glob("logs/**/*") if path.is_file())
        return size / _from_worker_to_reviewer(played), float(played.pm_peak), float(played.round_peak), float(logs)

    (rate, pm, process, logs), (rate2, pm2, process2, logs2) = bench.in_turn(measure, *stages)
    target = Target(text="≥ 4 × theirs", judged=rate.median / rate2.median, limit=4, at_least=True)
    yield Row(what=f"{name}, until the reviewer starts", show=throughput, ours=rate, theirs=rate2, target=target)
    for who, mine, other in (("PM", pm, pm2), ("round process", process, process2)):
        target = at_most(45 * MB, "45 MB", mine.median)
        yield Row(what=f"{name}: most in memory, {who}", show=megabytes, ours=mine, theirs=other, target=target)
    target = at_most(size / 2, "half of it (rotated)", logs.median)
    yield Row(what=f"{name}: logs on the bus", show=megabytes, ours=logs, theirs=logs2, target=target)


def _from_worker_to_reviewer(played: Played) -> float:
    worker, reviewer = played.stamps
    return reviewer.began - worker.began


def _item(number: int) -> dict[str, object]:
    """Return one line as the agent prints it: it says something, starts a command, and shows what the command printed."""
    match number % 3:
        case 0:
            return {"type": "item.completed", "item": {"id": f"item_{number}", "type": "agent_message", "text": SAID}}
        case 1:
            item = {"id": f"item_{number}", "type": "command_execution", "command": COMMAND, "status": "in_progress"}
            return {"type": "item.started", "item": item}
        case _:
            item = {"id": f"item_{number}", "type": "command_execution", "command": COMMAND, "status": "completed"}
            return {"type": "item.completed", "item": {**item, "aggregated_output": PRINTED, "exit_code": 0}}


def _write_lines(path: Path, size: int, line: Callable[[int], str]) -> None:
    """Write numbered lines until the file has that many bytes."""
    with path.open("w", encoding="ascii") as file:
        written = number = 0
        while written < size:
            written += file.write(line(number))
            number += 1


def make_repository(folder: Path, files: int, commits: int) -> Path:
    """Make a repository of small files in folders of a hundred, most of them Python, and a history of small changes."""
    folder.mkdir()
    settings = ("-c", "init.defaultBranch=main", "-c", "core.hooksPath=/dev/null")
    subprocess.run(["git", *settings, "init", "--quiet"], cwd=folder, check=True)
    with subprocess.Popen(["git", *settings, "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE) as importing:
        if importing.stdin is None:
            raise RuntimeError("git fast-import has no standard input")
        for number in range(commits):
            importing.stdin.write(_commit(number, range(files) if number == 0 else (number % files,)))
    if importing.returncode:
        raise RuntimeError(f"git fast-import failed in {folder}")
    subprocess.run(["git", *settings, "reset", "--quiet", "--hard", "main"], cwd=folder, check=True)
    return folder


def _commit(number: int, files: Iterable[int]) -> bytes:
    """Return one commit as git fast-import reads it."""
    lines = [
        "commit refs/heads/main",
        f"committer Bench <bench@example.invalid> {1_700_000_000 + number} +0000",
        "data 7\nChange\n",
    ]
    for file in files:
        content = f"# file {file}, change {number}\nVALUE = {file * 31 + number}\n" * 8
        lines.append(f"M 100644 inline src/part{file // 100:04}/module{file}.{'py' if file % 4 else 'txt'}")
        lines.append(f"data {len(content)}\n{content}")
    return ("\n".join(lines) + "\n").encode("ascii")
