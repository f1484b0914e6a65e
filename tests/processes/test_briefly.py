import time

import pytest

from loop_kit.errors import BackendError
from loop_kit.processes.briefly import BriefResult, run_briefly
from tests.processes import stubborn
from tests.processes.conftest import Stage


def test_what_a_small_program_says_is_returned_with_its_code(stage: Stage):
    code = "import sys; print('1.2.3'); print('beware', file=sys.stderr); sys.exit(4)"
    finished = run_briefly(stage.command(code), timeout=10)
    assert finished == BriefResult(code=4, stdout="1.2.3\n", stderr="beware\n")


def test_a_program_that_takes_too_long_has_no_code_and_leaves_nobody(stage: Stage):
    started = time.monotonic()
    finished = run_briefly(stage.command(stubborn.daemon(then="print('...', flush=True); time.sleep(60)")), timeout=0.5)
    assert (finished.code, finished.stdout) == (None, "...\n")
    assert time.monotonic() < started + 5
    assert stage.survivors() == []


def test_more_than_wanted_is_not_kept(stage: Stage):
    finished = run_briefly(stage.command("print('a' * 10_000_000)"), timeout=10, limit=5)
    assert (finished.code, finished.stdout) == (0, "aaaaa")


def test_a_missing_program_is_an_error(stage: Stage):
    with pytest.raises(BackendError, match="was not found"):
        run_briefly(stage.command("", argv=("no-such-program",)), timeout=1)
