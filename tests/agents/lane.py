"""The lane `make agents`: install the pinned programs, then run the tests where nothing but loopback is to be reached.

    [PINS=newest] python -m tests.agents.lane [PYTEST ARGUMENT …]

What is missing is said, and the tests skip; where CI is set they fail.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

from tests.agents.installed import install
from tests.agents.pins import NEWEST, newest

_PYTEST = (sys.executable, "-m", "pytest", "--timeout", "300")  # a whole run of slow programs, on a busy machine
_INSIDE = "--inside"
_UNSHARE = ("unshare", "--user", "--map-root-user", "--net", "--")
_SET_FLAGS, _UP = 0x8914, 0x1  # SIOCSIFFLAGS, IFF_UP


def main(arguments: list[str]) -> None:
    """Come in from outside, or go on inside."""
    if arguments[:1] == [_INSIDE]:
        raise_loopback()
        _become(*_PYTEST, *arguments[1:])
    try:
        if os.environ.get("PINS") == NEWEST:
            os.environ["PINS"] = newest()  # inside, where there is no registry to ask, it means the same
            _say(f"the newest are {os.environ['PINS']}")
        _say(f"the programs are in {install(os.environ)}")
    except OSError as error:
        _say(f"the programs are not installed: {error}")
    if can_unshare():
        _become(*_UNSHARE, sys.executable, "-m", "tests.agents.lane", _INSIDE, *arguments)
    _say("no network namespace is to be had here (unshare --user --net)")
    _become(*_PYTEST, *arguments)


def can_unshare() -> bool:
    """Say whether this machine lets a person make a network namespace; some forbid it to all but root."""
    if shutil.which(_UNSHARE[0]) is None:
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def raise_loopback() -> None:
    """Switch on the only interface of a new network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        fcntl.ioctl(door, _SET_FLAGS, struct.pack("16sH14s", b"lo", _UP, b""))


def _say(sentence: str) -> None:
    sys.stderr.write(f"agents: {sentence}\n")


def _become(*argv: str) -> None:
    os.execvp(argv[0], argv)  # noqa: S606  (no shell is wanted: its signals and its exit code are the test run's own)


if __name__ == "__main__":
    main(sys.argv[1:])
