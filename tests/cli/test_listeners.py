"""What `loop run` tells those who are no person at a terminal, and which of its programs never load rich."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loop_kit.cli.listeners import LineWriter, PlainListener, QuietListener
from loop_kit.cli.main import COMMANDS
from loop_kit.cli.run_ending import RunEnding
from loop_kit.errors import Outcome
from tests.support.happenings import told as event
from tests.support.runs import LOOP, Result, Stage, ended, objects, works
from tests.support.screens import bare
from tests.support.terminals import Terminal

# A bug of loop's own, planted by a module that every process of loop imports.
PLUGIN = """
from loop_kit.runs import preconditions

def odd(*_args):
    raise ZeroDivisionError("nobody planned for this")

preconditions.check_scratch = odd
"""
WITH_PLUGIN = "import sys; sys.path.append(sys.argv.pop(1)); from loop_kit.__main__ import run; run()"


def told(result: Result) -> list[dict[str, Any]]:
    """Return the objects on stdout, on which nothing else may be."""
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert all(list(line) == ["at", "event", "data"] for line in lines)
    return lines


def last(result: Result) -> dict[str, Any]:
    *before, ending = told(result)
    assert ending["event"] == "ending"
    assert "ending" not in [line["event"] for line in before]
    data = ending["data"]
    assert list(data) == ["outcome", "exit_code", "message", "hint", "next", "checks", "summary"]
    assert data["exit_code"] == result.code
    return dict(data)


def test_every_line_carries_the_time_or_stands_under_it():
    stream = io.StringIO()
    LineWriter(stream).write("one\ntwo")
    assert re.fullmatch(r"  0:00\.\d  one\n          two\n", stream.getvalue())


def test_when_nobody_reads_the_lines_the_run_goes_on_in_silence():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", closefd=False) as stream:
        lines = LineWriter(stream)
        lines.write("one")
        lines.write("two")
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)
    os.close(write)


@pytest.mark.parametrize("listener", [QuietListener, PlainListener])
def test_an_ending_is_all_that_a_listener_needs_to_print_it(listener, capsys):
    ending = RunEnding(outcome=Outcome.STALLED, run_name="T-1", summary=None, summary_path="the summary")
    with listener() as heard:
        assert heard.end(ending) is False
    assert capsys.readouterr().out.splitlines() == ["T-1: stalled", "  summary:     the summary"]


def test_an_event_that_is_not_worth_a_line_gets_none():
    stream = io.StringIO()
    LineWriter(stream)(event("agent_said", {"text": "hm"}))
    assert stream.getvalue() == ""


def test_json_is_one_event_a_line_as_on_the_feed_and_the_ending_last(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[[{"said": "Now\n\x1b[2J 日本"}, *works()]])
    result = stage.run("--json")
    ended(stage, result, 0, paid=(1, 1))
    assert result.err == ""
    heard = [(line["event"], line["data"]) for line in told(result)]
    on_feed = [(line["event"], line["data"]) for line in result.feed]
    assert [event for event in heard if event in on_feed] == on_feed
    assert ("agent_said", {"role": "worker", "text": "Now\n\x1b[2J 日本"}) in heard
    data = last(result)
    assert (data["outcome"], data["summary"]) == ("approved", result.summary)
    assert data["next"][0] == "loop diff"


def test_an_ending_of_which_no_summary_can_be_made_is_still_told(tmp_path):
    spoil = {"run": ["rm", "-rf", ".git"]}
    stage = Stage.set_up(tmp_path, worker=[works(), [spoil]], reviewer=[objects()])
    result = stage.run()
    assert result.code == 11
    assert result.out.splitlines()[0] == "T-1: needs_person"
    assert "  next:        loop run --resume" in result.out.splitlines()
    assert "not a git repository" in result.err


@pytest.fixture(scope="module")
def limited(tmp_path_factory) -> tuple[Stage, Result]:
    """Return a run and how its one round ended; going on with the limit of `AGAIN` meets it at once."""
    stage = Stage.set_up(tmp_path_factory.mktemp("limited"), reviewer=[objects()])
    return stage, stage.run("--json", "--single-round")


AGAIN = ("run", "--resume", "--max-rounds", "1")


def test_a_single_round_ends_with_its_code_and_what_is_open(limited):
    _, result = limited
    data = last(result)
    assert (data["outcome"], result.code) == ("changes_required", 10)
    assert data["next"] == ["loop run --resume", "loop show T-1"]
    assert len(data["summary"]["open_issues"]) == 1


def test_an_error_is_the_last_line_too_and_the_exit_code_is_as_always(limited):
    stage, _ = limited
    result = stage.loop(*AGAIN, "--json")
    data = last(result)
    assert (data["outcome"], result.code) == ("round_limit", 6)
    assert data["message"] == "1 round ended without approval"
    assert data["next"] == ["loop run --resume --max-rounds 3", "loop show T-1"]
    assert data["summary"]["open_issues"][0]["file"] == "app.txt"
    refused = stage.run("--json")  # there is no run that this could be the ending of
    assert (last(refused)["outcome"], last(refused)["summary"], refused.code) == ("invalid", None, 3)
    assert "is not finished" in last(refused)["message"]
    usage = stage.run("--json", "--resume", "--reset")
    assert (last(usage)["outcome"], usage.code) == ("usage", 2)


def test_a_bug_is_the_last_line_too(tmp_path):
    stage = Stage.set_up(tmp_path)
    stage.configure('plugins = ["odd"]\n')
    (tmp_path / "odd.py").write_text(PLUGIN, encoding="utf-8")
    program = (sys.executable, "-c", WITH_PLUGIN, str(tmp_path))
    data = last(stage.end(stage.start("run", "--json", env={"TMPDIR": str(tmp_path)}, program=program)))
    assert (data["outcome"], data["exit_code"]) == ("bug", 1)
    assert "nobody planned for this" in data["message"]


def test_when_nobody_reads_the_events_the_run_goes_on(limited):
    stage, _ = limited
    process = stage.start(*AGAIN, "--json")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    assert stage.end(process).code == 6


def test_quiet_is_nothing_but_the_ending(limited):
    stage, _ = limited
    result = stage.loop(*AGAIN, "--quiet")
    assert result.out.splitlines() == [
        "T-1: round_limit, after 1 round",
        f"  {result.standing['base_sha'][:7]}..{result.standing['head_sha'][:7]} on main",
        "  open:        high: app.txt: It says something else.",
        "  next:        loop run --resume --max-rounds 3",
        "  next:        loop show T-1",
        f"  summary:     {stage.bus}/summary.json",
    ]
    assert result.err.splitlines()[0] == "loop: 1 round ended without approval"
    assert len(result.err.splitlines()) == 2


def test_with_stderr_redirected_it_gets_plain_lines_and_the_sentence_and_the_terminal_the_panel(limited, tmp_path):
    stage, _ = limited
    words = f"{' '.join((*LOOP, *AGAIN))} 2> {tmp_path}/err"
    with Terminal(["sh", "-c", words], cwd=stage.root) as terminal:
        assert terminal.wait() == 6
    said = (tmp_path / "err").read_text(encoding="utf-8")
    assert "\x1b" not in said
    assert re.search(r"^  0:0\d\.\d  T-1: resumed in round 2$", said, re.MULTILINE)
    assert "loop: 1 round ended without approval\n" in said
    assert "why       1 round ended without approval\n" in bare(terminal.text)


def test_with_stdout_redirected_the_ending_is_plain_and_the_terminal_has_the_sentence(limited, tmp_path):
    stage, _ = limited
    words = f"{' '.join((*LOOP, *AGAIN))} > {tmp_path}/out"
    with Terminal(["sh", "-c", words], cwd=stage.root) as terminal:
        assert terminal.wait() == 6
    said = (tmp_path / "out").read_text(encoding="utf-8")
    assert "\x1b" not in said
    assert said.startswith("T-1: round_limit, after 1 round\n")
    assert "loop: 1 round ended without approval\n" in terminal.text


def test_a_card_that_is_made_is_told_except_to_those_who_want_quiet(tmp_path):
    stage = Stage.set_up(tmp_path)
    (stage.bus / "STOP").touch()
    told_of = [stage.run(*flags, "--goal", "Two.").err for flags in ((), ("--reset", "--quiet"))]
    assert ["made .loop/tasks/T-" in err for err in told_of] == [True, False], told_of


def test_json_and_quiet_contradict_each_other(tmp_path):
    result = Stage.set_up(tmp_path).run("--json", "--quiet")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("loop: --json and --quiet contradict each other\n")


def test_the_next_commands_name_the_bus_that_was_named_and_take_a_stop_away(tmp_path):
    stage = Stage.set_up(tmp_path)
    (stage.bus / "STOP").touch()
    stage.bus.rename(tmp_path / "other bus")
    done = stage.loop("run", "--json", "--loop-dir", "../other bus")
    away, on, look = last(done)["next"]
    assert shlex.split(away)[0] == "rm"
    assert Path(shlex.split(away)[1]).samefile(tmp_path / "other bus/STOP")
    assert [on, look] == [f"loop --loop-dir '../other bus' {rest}" for rest in ("run --resume", "show T-1")]
    done = stage.loop("run", "--json", "--resume", env={"LOOP_DIR": "../other bus"})
    assert last(done)["next"][1:] == ["loop run --resume", "loop show T-1"]


def test_a_terminal_that_cannot_draw_gets_plain_lines(limited):
    stage, _ = limited
    with Terminal([*LOOP, *AGAIN], cwd=stage.root, env={"TERM": "dumb"}) as terminal:
        assert terminal.wait() == 6
    assert "\x1b" not in terminal.text
    assert re.search(r"^  0:0\d\.\d  T-1: resumed in round 2$", terminal.text, re.MULTILINE)
    assert "T-1: round_limit, after 1 round\n" in terminal.text


def test_in_the_background_it_draws_nothing_over_what_the_person_types(limited):
    stage, _ = limited
    words = shlex.join([*LOOP, *AGAIN])
    moves = []
    for line in (words, f"set -m; {words} & wait $!"):
        with Terminal(["sh", "-c", line], cwd=stage.root) as terminal:
            assert terminal.wait() == 6
        assert "  0:00  T-1: resumed in round 2\n" in bare(terminal.text)
        moves.append(re.search(r"\x1b\[\d*[A-LN-Za-ln-z]", terminal.text) is not None)  # every command but colours
    assert moves == [True, False]


# rich takes longer to import than a reading command takes altogether.

WATCHED = """
import sys
from loop_kit.cli.entry import main
code = main(sys.argv[1:])
sys.stdout.flush()
assert not [name for name in sys.modules if name.partition(".")[0] == "rich"], "rich was imported"
sys.exit(code)
"""


def test_no_command_that_only_looks_imports_rich_on_a_terminal_or_off(limited):
    stage, _ = limited
    with Terminal([sys.executable, "-c", WATCHED, "status"], cwd=stage.root) as terminal:
        assert terminal.wait() == 0, terminal.text
    modules = sorted({module for module, _ in COMMANDS.values()})
    program = (
        f"import importlib, sys; [importlib.import_module(name) for name in {modules}]; print('rich' in sys.modules)"
    )
    seen = subprocess.run([sys.executable, "-c", program], env=os.environ, capture_output=True, text=True, check=True)
    assert seen.stdout == "False\n"


@pytest.mark.parametrize(("flag", "rich"), [("--json", False), ("--quiet", False), ("--verbose", True)])
def test_a_run_imports_rich_only_for_a_person_at_a_terminal(limited, flag: str, rich: bool):
    stage, _ = limited
    with Terminal([sys.executable, "-c", WATCHED, *AGAIN, flag], cwd=stage.root) as terminal:
        assert terminal.wait() == (1 if rich else 6), terminal.text
    assert ("rich was imported" in terminal.text) is rich
