"""Isolation that fails loudly: no test sees a person's HOME, git configuration, keys or loop settings."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.isolation import isolated


@pytest.fixture(scope="session", autouse=True)
def isolation() -> Iterator[Path]:
    """Give the whole test session an empty home, an environment made from nothing, and signals that nobody ignores."""
    for number, usual in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(number) is signal.SIG_IGN:  # as under nohup: loop would inherit that
            signal.signal(number, usual)
    with isolated() as folder:
        yield folder


@pytest.fixture(autouse=True)
def _still_isolated(isolation: Path) -> None:
    if not os.environ.get("HOME", "").startswith(str(isolation)):
        pytest.fail("HOME points at a real home: a test must not undo the isolation")
    if not os.environ.get("GIT_CONFIG_GLOBAL", "").startswith(str(isolation)):
        pytest.fail("GIT_CONFIG_GLOBAL points at a real configuration")
