"""Everything a check prints: digested whole while it comes, logged in bounded space, its end kept as safe text."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path

from loop_kit import folders
from loop_kit.processes.rawlog import RawLog

TAIL = 4 * 1024  # bytes
# Escape sequences: colours and cursors, titles and links, and the shorter ones.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])")


class Output:
    """A sink for both streams of a command, in the order in which they arrive."""

    def __init__(self, path: Path) -> None:
        for leftover in (path, path.with_name(f"{path.name}.1")):
            with suppress(OSError):  # a log that cannot be written says so in `failure`
                folders.remove(leftover)  # from an interrupted try: a log is of one run
        self._log = RawLog(path)
        self._digest = hashlib.sha256()
        self._end = b""

    def write(self, data: bytes, /) -> None:
        self._log.write(data)
        self._digest.update(data)
        self._end = (self._end + data)[-2 * TAIL :]

    def close(self) -> None:
        self._log.close()

    @property
    def failure(self) -> str:
        """Why the log is incomplete, "" when it is complete; the digest always covers everything."""
        return self._log.failure

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    @property
    def tail(self) -> str:
        return safe_text(self._end)[-TAIL:].strip("\n")


def safe_text(data: bytes) -> str:
    """Return what a program printed as text that is safe for a terminal: no colours, other control characters escaped."""
    text = without_colour(data.decode("utf-8", "replace")).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char if char.isprintable() or char in "\n\t" else _visible(char) for char in text)


def without_colour(text: str) -> str:
    return _SEQUENCE.sub("", text) if "\x1b" in text else text


def _visible(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
