"""Agents that do not keep to the conversation: the bridge says so in a sentence, ends them and itself."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from loop_kit.model.agent_events import Finished
from tests.acp.bridging import start, talk_to
from tests.support.runs import wait_until

OPENING = """\
import json, os, pathlib, signal, subprocess, sys, time
def answer(result):
    request = json.loads(sys.stdin.readline())
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
def say(text):
    update = {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}
    params = {"sessionId": "s-1", "update": update}
    print(json.dumps({"jsonrpc": "2.0", "method": "session/update", "params": params}), flush=True)
answer({"protocolVersion": 1})
answer({"sessionId": "s-1"})
"""
END = 'answer({"stopReason": "end_turn"})\n'


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (
            "import sys; sys.exit('log in first')",
            "it ended in the middle of the conversation (exit code 1): log in first",
        ),
        (
            "print('hello'); print('log in first')",
            "it ended in the middle of the conversation (exit code 0): log in first",
        ),
        (
            f"{OPENING}sys.stdin.readline(); os.kill(os.getpid(), 9)",
            "it ended in the middle of the conversation (signal 9)",
        ),
        (
            f"{OPENING}sys.stdin.readline(); sys.stderr.write('oh\\nno\\n'); os._exit(3)",
            "it ended in the middle of the conversation (exit code 3): no",
        ),
        ("import os, time; os.close(1); time.sleep(60)", "it closed its output"),
        ("import os, sys; os.close(0); print('x' * 10, file=sys.stderr)", "it ended in the middle of the conversation"),
    ],
    ids=["before", "prose", "killed", "during", "silent", "deaf"],
)
def test_an_agent_that_leaves_is_a_failure_with_its_last_word(tmp_path: Path, program: str, says: str):
    turn = talk_to(tmp_path, program).end()
    assert turn.code == 1
    assert turn.failure[0] == "unknown"
    assert turn.failure[1].startswith(says)


def test_a_program_that_cannot_be_started_is_a_matter_of_the_settings(tmp_path: Path):
    turn = start(tmp_path, ("/no/such/agent",)).end()
    assert turn.failure == ("config", "/no/such/agent cannot be started: No such file or directory")


def test_what_is_no_message_is_passed_over(tmp_path: Path):
    garbage = [
        "hello",
        "[]",
        "5",
        "null",
        "{",
        "{}",
        '{"method": 5}',
        '{"id": []}',
        '{"id": 77, "result": 1}',
        "\\xff\\x00",
    ]
    garbage += [
        '{"jsonrpc": "2.0", "method": "session/update"}',
        '{"method": "session/update", "params": [1]}',
        "[" * 9999,
    ]
    program = f"for line in {garbage!r}: print(line, flush=True)\n"
    turn = talk_to(tmp_path, f"{program}{OPENING}{program}say('Done.')\n{END}").end()
    assert (turn.said, turn.end) == (["Done."], Finished())
    assert "hello\n" in turn.err


def test_an_error_of_the_wrong_form_is_an_answer_too(tmp_path: Path):
    program = 'import sys; sys.stdin.readline(); print(\'{"id": 0, "error": "no"}\', flush=True); sys.stdin.readline()'
    assert talk_to(tmp_path, program).end().failure == ("unknown", "no")


def test_a_long_line_is_read_whole(tmp_path: Path):
    turn = talk_to(tmp_path, f"{OPENING}say('y' * 300_000)\n{END}").end()
    assert turn.said == ["y" * 300_000]


def test_an_update_of_absurd_length_is_passed_over(tmp_path: Path):
    turn = talk_to(tmp_path, f"{OPENING}say('y' * (17 << 20))\nsay('Done.')\n{END}").end()
    assert (turn.said, turn.end) == (["Done."], Finished())
    assert "an update of more than 16 MiB was passed over" in turn.err


def test_any_other_line_of_absurd_length_ends_the_conversation(tmp_path: Path):
    turn = talk_to(tmp_path, f"{OPENING}answer({{'stopReason': 'y' * (17 << 20)}})\n").end()
    assert turn.failure == ("unknown", "it sent a line of more than 16 MiB")


def test_a_flood_of_small_pieces_is_one_message_of_bearable_length(tmp_path: Path):
    turn = talk_to(tmp_path, f"{OPENING}for number in range(3000): say(str(number % 10) * 1000)\n{END}").end()
    assert [len(text) for text in turn.said] == [512 * 1024]
    assert turn.said[0].endswith("9" * 1000)


STUBBORN = """\
helper = subprocess.Popen(["sleep", "60"])
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("pids").write_text(f"{os.getpid()} {helper.pid}")
say("here"); say("")
print(json.dumps({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s-1", "update": {
    "sessionUpdate": "plan", "entries": []}}}), flush=True)
while True: time.sleep(1)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_agent_that_does_not_listen_is_ended_all_the_same(tmp_path: Path, number: signal.Signals):
    call = talk_to(tmp_path, OPENING + STUBBORN)
    pids: list[int] = []
    try:
        wait_until((tmp_path / "tree" / "pids").exists, "the agent")
        pids = [int(pid) for pid in (tmp_path / "tree" / "pids").read_text().split()]
        assert call.process.stdout is not None
        assert "session" in call.process.stdout.readline()
        assert "here" in call.process.stdout.readline()
        call.process.send_signal(number)
        assert call.end(seconds=10).code == 128 + number
        wait_until(lambda: not any(map(runs, pids)), "the end of the agent and its helper", seconds=5)
    finally:
        for pid in filter(runs, pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def runs(pid: int) -> bool:
    with suppress(OSError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


def test_an_agent_that_stays_after_its_turn_is_ended(tmp_path: Path):
    stays = "pathlib.Path('pids').write_text(str(os.getpid()))\nwhile True: time.sleep(1)\n"
    turn = talk_to(tmp_path, OPENING + END + stays).end()
    assert (turn.code, turn.end) == (0, Finished())
    assert not runs(int((tmp_path / "tree" / "pids").read_text()))
