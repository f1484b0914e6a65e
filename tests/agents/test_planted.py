"""A tree's own settings speak for nobody: what a worker plants in round one runs neither in a reviewer nor in round two.

Every kind of file that a program reads by itself is planted in one commit (`tests/agents/planted`). What runs tells its
name to a log outside the tree, and approves in a reviewer's place if it can; what is only read would be found in what
the model was sent.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.agents.model_server import ModelServer
from tests.agents.planted import claude, codex, gemini, opencode
from tests.agents.planted.kinds import Plot
from tests.agents.planted.telltale import Telltale
from tests.agents.programs import ACP_ALL, PROGRAMS, Program
from tests.agents.script import FORM, REPORT, Look, Play, Run
from tests.agents.staging import GREETING, RIGHT, THERE, WRONG, approves, mends, objects, playing, works

_PLOTS: dict[str, Callable[[Telltale], Plot]] = {
    "claude": claude.plot,
    "codex": codex.plot,
    "gemini": gemini.plot,
    "opencode": opencode.plot,
}
PLAYERS = {**PROGRAMS, **ACP_ALL}
_WORD = re.compile(r"PLANTED-[A-Za-z0-9/._-]+")


def plot_of(program: Program, tell: Telltale) -> Plot:
    return _PLOTS[program.backend.removeprefix("acp-")](tell)


def play(plants: str, files: Iterable[str]) -> Play:
    """Plant in the first round; look at a file in a folder that has instructions of its own, as worker and as reviewer."""
    looks = Look("<tree>/sub/look.txt")
    return Play(
        turns={
            ("worker", 1): works(WRONG, first=[Run(plants)], also=[*files]),
            ("reviewer", 1): [looks, *objects()],
            ("worker", 2): [looks, *mends(RIGHT)],
            ("reviewer", 2): [looks, *approves()],
        }
    )


def read(server: ModelServer, program: Program) -> dict[str, list[str]]:
    """Return what planted words the model was sent besides loop's own prompts, which show the change; by the dispatch.

    What is known to reach a worker is left out: the docs say so.
    """
    found: dict[str, set[str]] = {}
    for request in server.requests:
        who = f"{request.scene.role} {request.scene.round}" if request.scene else "aside"
        if who == "worker 1":
            continue  # it may read what it writes
        told = (text for text in texts(json.loads(request.body)) if not (REPORT.search(text) or FORM.search(text)))
        found.setdefault(who, set()).update(*map(_WORD.findall, told))
    known = {word for word in found.get("worker 2", ()) if word.endswith(program.reads_for_worker)}
    found["worker 2"] = found.get("worker 2", set()) - known
    return {who: sorted(words) for who, words in found.items() if words}


def texts(value: Any) -> Iterator[str]:
    """Give every text of a request, wherever it stands: a system's prompt, a tool's description, a message."""
    match value:
        case str():
            yield value
        case dict():
            yield from itertools.chain.from_iterable(map(texts, value.values()))
        case list():
            yield from itertools.chain.from_iterable(map(texts, value))


def saw_the_tree(server: ModelServer) -> bool:
    """Say whether a tool of the reviewer brought something from the tree: what git shows, or a file."""
    told = [
        entry.text for request in server.of("reviewer", 2) for entry in request.asked.entries if entry.who == "tool"
    ]
    return any(word in text for text in told for word in (RIGHT, "Nothing."))


@pytest.mark.parametrize("program", PLAYERS.values(), ids=PLAYERS)
def test_nothing_that_a_worker_plants_runs_or_is_read_by_a_reviewer_or_in_the_next_round(
    tmp_path: Path, programs: Path, program: Program
):
    tell = Telltale.put(tmp_path / "outside")
    plot = plot_of(program, tell)
    plot.write(tmp_path / "plants")
    plants = (
        f"{THERE} && cp -a {tmp_path}/plants/. . && git add -f -A . ':!.loop' && git commit -q -m 'Add what is useful'"
    )
    reviewer = replace(program, args=(*program.args, *program.daring))
    worker = replace(reviewer, args=(*reviewer.args, *program.unfenced))
    with playing(tmp_path, programs, play(plants, plot.files), worker=worker, reviewer=reviewer) as (stage, server):
        stage.trust(program)
        result = stage.run()
        assert (tell.said(), read(server, program)) == ([], {}), result.err
        assert result.code == 0, result.err
        assert [data["decision"] for data in result.events("decided")] == ["changes_required", "approve"]
        assert stage.git("show", f"HEAD:{GREETING}") == RIGHT
        assert saw_the_tree(server)
