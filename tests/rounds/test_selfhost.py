"""loop at work on its own code, run from that very checkout: each round runs the code that it began with."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import loop_kit
from tests.support.runs import Stage, ended, works

PACKAGE = Path(loop_kit.__file__).parent
SUMMARY = "src/loop_kit/engine/summary.py"


@pytest.fixture
def own(tmp_path: Path) -> Stage:
    """Return a stage whose repository holds loop's code, with an interpreter that runs loop from there."""
    stage = Stage.set_up(tmp_path)
    shutil.copytree(PACKAGE.parent, stage.root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("schemas", "defaults"):
        shutil.copytree(PACKAGE.parents[1] / name, stage.root / name)
    (stage.root / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    stage.git("add", "--all")
    stage.git("commit", "--quiet", "--message", "loop's own code")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (folder,) = (tmp_path / "venv/lib").glob("python3*/site-packages")
    folders = (stage.root / "src", sysconfig.get_path("purelib"))
    (folder / "own.pth").write_text("".join(f"{folder}\n" for folder in folders), encoding="utf-8")
    stage.program = (str(tmp_path / "venv/bin/python"), "-P", "-E", "-m", "loop_kit")
    return stage


@pytest.mark.parametrize(
    "path",
    [SUMMARY, "src/loop_kit/processes/briefly.py", "src/loop_kit/cli/cmd_fsck.py", "src/loop_kit_acp/backend.py"],
)
def test_code_that_does_not_start_is_mended_by_its_worker(own: Stage, path: str):
    good = (own.root / path).read_text(encoding="utf-8")
    own.play([works("def broken(:\n", path=path), works(f"{good}# mended\n", path=path)])
    ended(own, own.run(), 0, paid=(2, 1))
    again = own.calls("worker")[1]["prompt"]
    assert "loop itself runs from this repository, and at this head it cannot be imported: SyntaxError" in again


def test_a_process_never_runs_older_and_newer_code_together(own: Stage):
    """The new code is sound in itself; but its modules do not fit those that a process has read before."""
    renamed = {
        path: (own.root / path).read_text(encoding="utf-8").replace("write_summary", "put_summary")
        for path in (SUMMARY, "src/loop_kit/runs/coordinator.py", "src/loop_kit/steps/round.py")
    }
    edits = [{"edit": {path: text}} for path, text in renamed.items()]
    own.play([[*edits, *works()]])
    ended(own, own.run(), 0, paid=(1, 1))
