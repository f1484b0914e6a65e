"""Trees that loop keeps from round to round, and what an agent puts into them meanwhile: nothing of it is there any more."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.runs import Stage, Steps, approves, ended, objects, works

# Python that knows the folder of loop's tree for the checks (`checks`) or the reviews (`review`), and that of its index.
_BEFORE = """
import json, os, pathlib, subprocess, sys
def git(*args):
    return subprocess.check_output(["git", *args], text=True).strip()
def tree(name):
    listed = [line.partition(" ")[2] for line in git("worktree", "list", "--porcelain").splitlines()]
    return next(pathlib.Path(path) for path in listed if pathlib.Path(path).name.startswith(name + "-"))
"""
PREPARING = """
[prepare]
run = "mkdir -p deps && echo sound > deps/lib && echo x >> deps/runs"
files = ["README.md"]

[checks.works]
run = "test ! -e deps/planted && test ! -e conftest.py && grep -qx sound deps/lib && cat deps/runs && ! grep -q bad app.txt"
"""
PLANTED = {
    "a file beside what was prepared": "(checks / 'conftest.py').touch()",
    "a file in what was prepared": "(checks / 'deps/planted').touch()",
    "other content in what was prepared": "(checks / 'deps/lib').write_text('other\\n')",
    "a file that the memory names": """
(checks / 'conftest.py').touch()
memory = checks.with_name(checks.name + '.prepared.json')
document = json.loads(memory.read_text())
document['made'] = sorted({*document['made'], 'conftest.py'})
seen = (checks / 'conftest.py').lstat()
document.setdefault('files', {})['conftest.py'] = [seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns]
memory.write_text(json.dumps(document))
""",
    "a file that the index hides": """
git('-C', str(checks), 'update-index', '--skip-worktree', 'app.txt')
(checks / 'app.txt').write_text('bad\\n')
""",
    "a file that the index calls tracked": """
(checks / 'conftest.py').touch()
git('-C', str(checks), 'add', '--force', 'conftest.py')
git('-C', str(checks), 'update-index', '--assume-unchanged', 'conftest.py')
""",
    "another repository for the tree": """
entry = pathlib.Path(git('-C', str(checks), 'rev-parse', '--absolute-git-dir'))
other = checks.with_name('other')
git('clone', '--quiet', '--bare', '.', str(other))
(other / 'objects/info/alternates').write_text(os.path.abspath('.git/objects') + '\\n')
git('-C', str(other), 'config', 'filter.x.smudge', 'sed s/^/bad/')
(other / 'info').mkdir(exist_ok=True)
(other / 'info/attributes').write_text('app.txt filter=x\\n')
(entry / 'commondir').write_text(str(other) + '\\n')
(entry / 'index').unlink()
""",
}


def python(code: str) -> dict[str, Any]:
    return {"run": [sys.executable, "-c", _BEFORE + code]}


@pytest.mark.parametrize("code", PLANTED.values(), ids=PLANTED)
def test_what_a_worker_planted_in_a_kept_check_tree_is_not_there_in_the_next_round(tmp_path: Path, code: str):
    plants = python(f"checks = tree('checks')\n{code}")
    worker: list[Steps] = [works(), [plants, *works("three\n", path="other.txt")]]
    stage = Stage.set_up(tmp_path, worker=worker, reviewer=[objects(), approves()], config=PREPARING)
    ended(stage, stage.run("--max-rounds", "2"), 0, paid=(2, 2))


def test_what_was_prepared_is_kept_from_round_to_round_while_nobody_touches_it(tmp_path: Path):
    stage = Stage.set_up(
        tmp_path, worker=[works(), works("three\n")], reviewer=[objects(), approves()], config=PREPARING
    )
    ended(stage, stage.run(), 0, paid=(2, 2))
    evidence = json.loads((stage.bus / "archive/T-1/r2_checks.json").read_text(encoding="utf-8"))
    assert ("prepared" in evidence, evidence["checks"][0]["output"]) == (False, "x")


def test_what_a_worker_hid_in_a_kept_review_tree_is_not_what_is_reviewed(tmp_path: Path):
    hides = python("""
review = tree('review')
git('-C', str(review), 'update-index', '--skip-worktree', 'app.txt')
(review / 'app.txt').write_text('bad\\n')
""")
    looks = python("assert pathlib.Path('app.txt').read_text() == 'two\\n'")
    stage = Stage.set_up(
        tmp_path,
        worker=[works(), [hides, *works("three\n", path="other.txt")]],
        reviewer=[objects(), [looks, *approves()]],
    )
    ended(stage, stage.run(), 0, paid=(2, 2))
