"""The bridge's command line, and an interpreter that lacks the client library."""

import subprocess
import sys
import venv
from pathlib import Path

import loop_kit
from loop_kit.model.agent_events import Failed, FailureKind
from loop_kit_acp.backend import ACP
from loop_kit_acp.bridge.__main__ import read_task
from loop_kit_acp.bridge.task import Task


def test_a_task_is_read_from_the_command_line():
    options = ["--session=-1", "--no-usage", "--mode=a", "--mode=b", '--meta={"x": {"y": [1]}}']
    task = read_task(["--access", "write", *options, "--", "agent", "--acp", "--model"])
    assert task == Task(
        access="write",
        program=("agent", "--acp", "--model"),
        cwd=str(Path.cwd()),
        session="-1",
        modes=("a", "b"),
        counts=False,
        meta={"x": {"y": [1]}},
    )


def test_a_missing_library_is_one_sentence_and_no_traceback(tmp_path: Path):
    # An environment of its own that has loop and nothing that loop needs.
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    site = next((tmp_path / "venv/lib").glob("python*/site-packages"))
    (site / "loop.pth").write_text(f"{Path(loop_kit.__file__).parents[1]}\n", encoding="utf-8")
    argv = [
        str(tmp_path / "venv/bin/python"),
        "-P",
        "-E",
        "-m",
        "loop_kit_acp.bridge",
        "--access=write",
        "--",
        "x",
    ]
    done = subprocess.run(argv, input="", capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (95, "")
    assert done.stderr == (
        "the client library for ACP cannot be imported (No module named 'acp'): "
        "pip install 'loop-kit[acp]' into the environment that runs loop\n"
    )
    assert ACP.explain(95, done.stderr) == Failed(kind=FailureKind.CONFIG, message=done.stderr.strip())


def test_a_wrong_call_of_the_bridge_is_a_matter_of_the_settings():
    argv = [sys.executable, "-P", "-E", "-m", "loop_kit_acp.bridge", "--access=write"]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False)
    failed = ACP.explain(done.returncode, done.stderr)
    assert failed is not None
    assert (failed.kind, "program" in failed.message) == (FailureKind.CONFIG, True)
