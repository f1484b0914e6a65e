"""What real programs printed, shortened to the lines that matter and some that must not mislead."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loop_kit.checks.counts import count_tests
from loop_kit.model.evidence import Counts

OUTPUTS = {
    "pytest": ("========== 1 failed, 2 passed, 1 skipped, 1 xfailed, 1 error in 0.14s ==========", (4, 2, 2)),
    "pytest, quiet": ("....\n1 failed, 2 passed, 1 warning in 65.02s (0:01:05)", (3, 1, 0)),
    "pytest, in colour": ("\x1b[31m\x1b[1m1 failed\x1b[0m, \x1b[32m2 passed\x1b[0m\x1b[31m in 0.17s\x1b[0m", (3, 1, 0)),
    "pytest, nothing found": ("============ no tests ran in 0.00s ============", (0, 0, 0)),
    "pytest, nothing chosen": ("6 deselected in 0.02s", (0, 0, 0)),
    "pytest that tests pytest": ("2 passed in 0.01s\n=== 3 failed in 1.20s ===", (3, 3, 0)),
    "unittest": ("Ran 4 tests in 0.007s\n\nFAILED (failures=1, skipped=1, expected failures=1)", (2, 1, 2)),
    "unittest, all well": ("Ran 3 tests in 0.001s\n\nOK", (3, 0, 0)),
    "unittest, errors": ("Ran 1 test in 0.001s\n\nFAILED (errors=1)", (1, 1, 0)),
    "unittest, nothing found": ("Ran 0 tests in 0.000s\n\nNO TESTS RAN", (0, 0, 0)),
    "jest": (
        "Test Suites: 2 failed, 2 total\nTests:       1 failed, 1 skipped, 1 todo, 1 passed, 4 total\nSnapshots:   0 total",
        (2, 1, 2),
    ),
    "vitest": (
        " Test Files  1 failed (1)\n      Tests  1 failed | 1 passed | 1 skipped | 1 todo (4)\n   Start at  11:33:53",
        (2, 1, 2),
    ),
    "vitest, in colour": (
        (
            "\x1b[2m      Tests \x1b[22m \x1b[1m\x1b[31m1 failed\x1b[39m\x1b[22m\x1b[2m | \x1b[22m\x1b[1m\x1b[32m1 passed"
            "\x1b[39m\x1b[22m\x1b[90m (2)\x1b[39m"
        ),
        (2, 1, 0),
    ),
    "node:test": (
        "ℹ tests 4\nℹ suites 0\nℹ pass 1\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\nℹ todo 1\nℹ duration_ms 519.6",  # noqa: RUF001
        (2, 1, 2),
    ),
    "node:test as TAP": (
        (
            "TAP version 13\nok 1 - a\nnot ok 2 - b\n1..2\n# tests 2\n# suites 0\n# pass 1\n# fail 1\n# cancelled 0\n"
            "# skipped 0\n# todo 0"
        ),
        (2, 1, 0),
    ),
    "TAP": ("1..4\nok 1 - a\nnot ok 2 - b\nok 3 # SKIP no\nnot ok 4 # TODO later\n    ok 1 - inner", (2, 1, 2)),
    "cargo, one block a crate": (
        (
            "test a ... ok\ntest result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.33s\n"
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s"
        ),
        (4, 1, 1),
    ),
    "go, verbose": (
        (
            "=== RUN   TestA\n=== RUN   TestA/inner\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/inner (0.00s)\n"
            "=== RUN   TestB\n--- FAIL: TestB (0.01s)\n=== RUN   TestC\n--- SKIP: TestC (0.00s)\nFAIL\nok  \texample/b\t0.01s"
        ),
        (2, 1, 1),
    ),
    "go, as JSON": (
        (
            '{"Action":"run","Package":"p","Test":"TestA"}\n{"Action":"output","Package":"p","Test":"TestA","Output":"x"}\n'
            '{"Time":"t","Action":"pass","Package":"p","Test":"TestA","Elapsed":0}\n'
            '{"Time":"t","Action":"fail","Package":"p","Test":"TestA/x","Elapsed":0}\n'
            '{"Time":"t","Action":"fail","Package":"p","Test":"TestB","Elapsed":0}\n{"Action":"fail","Package":"p"}'
        ),
        (2, 1, 0),
    ),
    "go, which names failures only": ("--- FAIL: TestB (0.01s)\nFAIL\nok  \texample/b\t0.01s", None),
    "nothing known": ("everything is fine\nOK\nok then\n3 passed\n", None),
    "nothing": ("", None),
    "a number without end": (f"{'9' * 1900} passed in 0.01s\nRan {'9' * 1900} tests in 0.001s\nOK", None),
    "a line without end": ("1 passed, " * 100_000 + "1 passed in 0.01s", None),
}


@pytest.mark.parametrize("program", OUTPUTS)
def test_the_tests_of_each_program_are_counted(program):
    output, known = OUTPUTS[program]
    counts = count_tests(output.split("\n"))
    assert (counts and (counts.run, counts.failed, counts.skipped)) == known


@pytest.mark.parametrize(
    "line",
    ["1 a" * 600, "1 passed, " * 190, "=" * 1999, '{"Action":"pass"' * 120, "\x1b[" * 999, "--- PASS: " + "a (0" * 490],
)
def test_no_line_takes_long(line):
    assert count_tests([line] * 200) is None


def test_pytest_itself_is_counted(tmp_path: Path):
    (tmp_path / "test_a.py").write_text("def test_a(): pass\ndef test_b(): assert 0\n", encoding="utf-8")
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=yes", f"--rootdir={tmp_path}", "."]
    out = subprocess.run(argv, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False).stdout
    assert count_tests(out.splitlines()) == Counts(run=2, failed=1, skipped=0)


@pytest.mark.parametrize("reporter", ["spec", "tap"])
def test_node_itself_is_counted(tmp_path: Path, reporter: str):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here")
    code = "const t = require('node:test'); t('a', () => {}); t('b', {skip: true}, () => {})"
    (tmp_path / "a.test.js").write_text(code, encoding="utf-8")
    argv = [node, "--test", f"--test-reporter={reporter}", "a.test.js"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    if done.returncode == 9:
        pytest.skip("this node has no such reporter")
    assert count_tests(done.stdout.splitlines()) == Counts(run=1, failed=0, skipped=1)
