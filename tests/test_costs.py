"""What loop may cost, in things that can be counted: no clock decides, so a busy machine changes nothing.

Exceeding a number fails; whoever lowers a cost lowers the number in the same commit, and it cannot come back unseen. The
times themselves are measured by `make bench`.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import proc
from benchmarks.small import prompts_of
from benchmarks.stage import Stage
from benchmarks.tools import OURS, Tool
from benchmarks.waiting import SETTLING, held
from tests.support import counting

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is counted stands in /proc")
WATCHED = 3.0  # seconds

# What a command that only looks must not import.
HEAVY = {
    "git",
    "gitdb",
    "jsonschema",
    "pathspec",
    "pygments",
    "referencing",
    "rich",
    "rpds",
    "asyncio",
    "multiprocessing",
}
# The command -> how many modules it imports, of loop's own and of all that a bare Python has not already, and what is
# heavy among them.
# The standard library's smaller modules (hashlib, shutil, subprocess, tempfile, ctypes, difflib) are read where a file begins,
# like any other: together they are a quarter of what `status` takes.
MODULES: dict[tuple[str, ...], tuple[int, int, set[str]]] = {
    ("status",): (61, 144, set()),
    ("health",): (59, 142, set()),
    ("--help",): (11, 107, set()),
    ("--version",): (7, 61, set()),
    ("list",): (63, 174, set()),
    ("log",): (59, 170, set()),
    ("show",): (70, 181, set()),
    ("archive", "list"): (80, 192, set()),
}
ROUND_MODULES = (177, 264)  # the same of a round process before its round begins: it gets ready while others work
OTHER_VERSIONS = 3  # modules in all by which a Python 3.12 or another click may differ from the 3.11 that was counted
# What a round from the second on costs, with a worker and a reviewer, without checks. One call of git is for the person's own
# tree after the review: what a reviewer did there would be laid to the next worker's charge; one is for the submodules of a
# kept review tree, which git does not clean. Two are for the log's anchor, and one sync is for the log.
ONE_MORE_ROUND = {
    "programs started by the PM": 1,
    "programs started by the round": 20,
    "calls of git": 18,
    "syncs of the PM": 0,
    "syncs of the round": 32,
    "looks through the archive": 0,
}
# What a whole run of two rounds costs, its start and its end included. Three calls of git are at the end: for the refs that a
# run need not touch, which at the start are told with loop's own, and two for whether what was approved is what lies there.
# Three more anchor the end of the log: the PM asks where the ref is, for it was the round that moved it. Two, and four syncs,
# anchor its beginning: else the first round's agents could write it anew unseen.
TWO_ROUNDS = {
    "programs started by the PM": 22,
    "programs started by the round": 45,
    "calls of git": 59,
    "syncs of the PM": 16,
    "syncs of the round": 64,
    "looks through the archive": 0,
}
# The bytes of a prompt of a small task in a new conversation, without the path of the folder that the test made.
PROMPTS = {("worker", 1): 4332, ("worker", 2): 4755, ("reviewer", 1): 4659, ("reviewer", 2): 5030}
# How often a process that waits for an agent wakes up in WATCHED seconds: at each beat, and when a file has been written;
# one more each when a beat falls on the edge.
WAKE_UPS = {"PM": 4, "round": 7}


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What runs of two and of three rounds were seen to cost, and the prompts of the first of them."""

    two: Mapping[str, int]
    three: Mapping[str, int]
    prompts: Mapping[tuple[str, int], bytes]

    @property
    def one_more(self) -> dict[str, int]:
        return {name: self.three[name] - number for name, number in self.two.items()}


def exceeded(found: Mapping[str, int], allowed: Mapping[str, int], what: str) -> list[str]:
    """Return a sentence for each number that is larger than it may be."""
    assert set(found) == set(allowed)
    return [
        f"{what}: {number} {name}, {allowed[name]} are allowed (tests/test_costs.py)"
        for name, number in found.items()
        if number > allowed[name]
    ]


def keep_within(found: Mapping[str, int], allowed: Mapping[str, int], what: str) -> None:
    problems = exceeded(found, allowed, what)
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Stage:
    """Return a stage whose bus has a run of two rounds that has ended."""
    tool = Tool(name=OURS, venv=Path(sys.prefix))
    made = Stage.set_up(tool, tmp_path_factory.mktemp("costs"))
    made.play(2)
    return made


@pytest.fixture(scope="module")
def costs(tmp_path_factory) -> Costs:
    tool = Tool(name=OURS, venv=Path(sys.prefix))
    stage = Stage.set_up(tool, tmp_path_factory.mktemp("counted"))
    prompts = {key: text.replace(bytes(stage.folder), b"") for key, text in prompts_of(stage).items()}
    stage.plan, stage.flags = {}, ()
    stage.count_git()
    return Costs(two=counted(stage, 2), three=counted(stage, 3), prompts=prompts)


def counted(stage: Stage, rounds: int) -> dict[str, int]:
    """Play a run and return what it cost."""
    journal = stage.folder / f"journal-{rounds}"
    argv = [*counting.PROGRAM, str(journal), *stage.prepare(rounds)[1:]]
    played = stage.start_and_end(argv)
    assert played.code == 0, played.said
    assert len(played.stamps) == 2 * rounds, played.said
    lines = counting.read(journal)
    started = {
        who: sum(number for line, number in lines.items() if line.startswith(f"{who} start "))
        for who in ("pm", "round")
    }
    assert started["round"] >= 2 * rounds, "the round processes were not counted"
    return {
        "programs started by the PM": started["pm"],
        "programs started by the round": started["round"],
        "calls of git": len(stage.git_calls()),
        "syncs of the PM": lines["pm sync"],
        "syncs of the round": lines["round sync"],
        "looks through the archive": lines["pm list"] + lines["round list"],
    }


def test_one_more_round_costs_no_more_than_it_may(costs):
    keep_within(costs.one_more, ONE_MORE_ROUND, "one more round")


def test_a_run_of_two_rounds_costs_no_more_than_it_may(costs):
    keep_within(costs.two, TWO_ROUNDS, "a run of two rounds")


def test_every_program_that_is_started_is_an_agent_a_round_or_git(costs):
    """Hold two ways of counting against each other: Python's own word, and a git that notes its calls."""
    started = costs.two["programs started by the PM"] + costs.two["programs started by the round"]
    assert (
        started - costs.two["calls of git"] == 2 * 2 + 3 + 1
    )  # the agents, the rounds with one that was not needed, and who asks for a version


def test_a_prompt_is_no_longer_than_it_may_be(costs):
    found = {
        f"bytes in the {role}'s prompt of round {number}": len(text) for (role, number), text in costs.prompts.items()
    }
    allowed = {f"bytes in the {role}'s prompt of round {number}": limit for (role, number), limit in PROMPTS.items()}
    keep_within(found, allowed, "a small task")


@pytest.mark.parametrize("role", ["worker", "reviewer"])
def test_the_second_prompt_begins_as_the_first_and_is_little_longer(costs, role):
    first, second = costs.prompts[role, 1], costs.prompts[role, 2]
    stable = first.partition(b"Round 1")[0]
    assert len(stable) > len(first) / 3
    assert second.startswith(stable)
    assert len(second) <= 1.3 * len(first)


def test_nobody_wakes_up_without_a_reason_while_an_agent_works(stage):
    with held(stage) as waiter:
        time.sleep(SETTLING)
        pids = {"PM": waiter.pm, "round": waiter.round}
        before = {name: proc.wake_ups(pid) for name, pid in pids.items()}
        time.sleep(WATCHED)
        found = {name: proc.wake_ups(pid) - before[name] for name, pid in pids.items()}
    keep_within(found, WAKE_UPS, f"wake-ups in {WATCHED:g} s")


def imported(stage: Stage, *command: str) -> set[str]:
    """Return the modules that a command imports and a bare Python has not."""
    probe = (
        "import sys; bare = set(sys.modules); from loop_kit.cli.entry import main; code = main(sys.argv[1:]);"
        "import json; print(json.dumps([code, sorted(set(sys.modules) - bare)]), file=sys.stderr)"
    )
    argv = [sys.executable, "-P", "-E", "-c", probe, *command]
    done = subprocess.run(
        argv, cwd=stage.root, env=stage.environment, capture_output=True, encoding="utf-8", check=True
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code in (0, 1), done.stderr
    return set(modules)


@pytest.mark.parametrize("command", MODULES, ids=" ".join)
def test_a_command_that_only_looks_imports_no_more_than_it_may(stage, command):
    modules = imported(stage, *command)
    most_own, most, heavy = MODULES[command]
    assert {name.partition(".")[0] for name in modules} & HEAVY <= heavy
    own = sum(name.partition(".")[0] == "loop_kit" for name in modules)
    found = {"modules of loop": own, "modules in all": len(modules)}
    allowed = {"modules of loop": most_own, "modules in all": most + OTHER_VERSIONS}
    keep_within(found, allowed, f"loop {' '.join(command)}")


def test_a_round_process_imports_no_more_than_it_may(stage):
    probe = (
        "import sys; bare = set(sys.modules); import loop_kit.__main__, loop_kit.cli.entry, loop_kit.runs.stand_by as it;"
        "it._read_code(); import json; print(json.dumps(sorted(set(sys.modules) - bare)))"
    )
    done = subprocess.run([sys.executable, "-P", "-E", "-c", probe], cwd=stage.root, capture_output=True, check=True)
    modules = json.loads(done.stdout)
    assert "loop_kit.steps.round" in modules
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()
    found = {
        "modules of loop": sum(name.partition(".")[0] == "loop_kit" for name in modules),
        "modules in all": len(modules),
    }
    allowed = {"modules of loop": ROUND_MODULES[0], "modules in all": ROUND_MODULES[1] + OTHER_VERSIONS}
    keep_within(found, allowed, "a round process")


def test_a_number_that_is_exceeded_is_named():
    assert exceeded({"calls of git": 3, "syncs": 1}, {"calls of git": 2, "syncs": 1}, "one more round") == [
        "one more round: 3 calls of git, 2 are allowed (tests/test_costs.py)"
    ]
