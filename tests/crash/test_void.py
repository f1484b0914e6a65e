"""A reviewer that changed what it was to judge, and loop killed before it could look: the review is void all the same."""

from pathlib import Path

import pytest

from tests.cli.reporting import python
from tests.support.crashes import kill
from tests.support.runs import Stage, approves, clearing, ended, wait_until

# What else the reviewer does, in Python that knows the path of the request.
TAMPERED = {
    "nothing": "",
    "no request": "request.unlink()",
    "no sound request": "request.write_text('garbage')",
    "a request about a commit of its own": """
subprocess.check_call(['git', 'commit', '--quiet', '--all', '--message', 'Mine'])
head = subprocess.check_output(['git', 'rev-parse', 'HEAD'], text=True).strip()
request.write_text(json.dumps({**json.loads(request.read_text()), 'head_sha': head}))
""",
    "no link to git": "Path('.git').unlink()",
}


@pytest.mark.parametrize("code", TAMPERED.values(), ids=TAMPERED)
def test_a_void_review_is_refused_by_whoever_goes_on(tmp_path: Path, code: str):
    stage = Stage.set_up(tmp_path)
    flag = tmp_path / "handed-in"
    tampers = python(f"request = Path({str(stage.bus)!r}, 'review_request.json')\n{code}")
    held = [{"edit": {"app.txt": "mine\n"}}, tampers, *approves(), {"touch": str(flag)}, {"sleep": 60}]
    stage.play(None, [held, approves()])
    with clearing(stage):
        process = stage.start("run")
        wait_until(flag.exists, "the void review")
        kill(stage, process, "both")
        process.wait()
        ended(stage, stage.run("--resume"), 0, paid=(1, 2))
    assert "r1_review_report.refused-1.json" in stage.archived()
