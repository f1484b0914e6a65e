"""The real programs are there and can reach nobody; else the tests skip, and where CI is set they fail."""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from tests.agents.installed import bin_folder

# Looked up before the isolation of tests/conftest.py takes the person's home away.
_BIN = bin_folder(os.environ)


@pytest.fixture(scope="session")
def programs() -> Path:
    """Give the folder with the pinned programs."""
    if _leads_out():
        _cannot("real agent programs must not reach a network, and from here they would: make agents")
    if _BIN is None:
        _cannot("the pinned agent programs are not installed: make agents")
    return _BIN


def _leads_out() -> bool:
    """Say whether there is a way to anywhere else; nothing is sent, the kernel only looks for a route."""
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as door:
            door.connect((address, 9))
            return True
    return False


def _cannot(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
