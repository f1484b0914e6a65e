"""Read a JUnit XML file that a test run wrote: counts only, streaming, without following anything it declares."""

import os
import shlex
import stat
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from xml.parsers import expat  # it streams; a document with a DOCTYPE is refused below

from loop_kit.model.evidence import Counts
from loop_kit.values import dataclass

LIMIT = 32 * 1024 * 1024  # bytes
_OPTIONS = ("--junitxml", "--junit-xml", "--junitfile", "--outputFile", "--outputFile.junit")


@dataclass(frozen=True, slots=True)
class JUnitFile:
    """A file that a command names on its command line; `before` tells what lay there when the command started."""

    path: Path
    before: tuple[int, ...] | None

    def counts(self) -> Counts | None:
        """Return what the command wrote; None when it wrote nothing, or nothing that can be read."""
        now = _identity(self.path)
        if now is None or now == self.before:
            return None
        try:
            return count_xml(_read(self.path))
        except OSError:
            return None


def find_junit(argv: Sequence[str], folder: Path) -> JUnitFile | None:
    """Return the JUnit file that a command line asks for; to be called before the command starts."""
    words = _words(argv)
    for word, following in pairwise((*words, "")):
        option, has_value, value = word.partition("=")
        if option in _OPTIONS and (name := value if has_value else following) and "\0" not in name:
            path = folder / name
            return JUnitFile(path, _identity(path))
    return None


def count_xml(data: bytes) -> Counts | None:
    """Return the sum over all outermost test suites; None for anything that is not plain JUnit XML."""
    suites = _Suites()
    parser = expat.ParserCreate()
    parser.StartElementHandler = suites.start
    parser.EndElementHandler = suites.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, _NotPlainError, ValueError, LookupError):  # LookupError: an unknown encoding
        return None
    return suites.counts if suites.seen else None


class _NotPlainError(Exception):
    pass


def _refuse(*_declaration: object) -> None:
    raise _NotPlainError


class _Suites:
    def __init__(self) -> None:
        self.counts = Counts(run=0, failed=0, skipped=0)
        self.seen = False
        self._depth = 0  # of test suites within test suites: the outer one sums up its own

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name != "testsuite":
            return
        self._depth += 1
        if self._depth == 1:
            total, failures, errors, skipped = (
                int(attributes.get(key) or 0) for key in ("tests", "failures", "errors", "skipped")
            )
            before = self.counts
            self.counts = Counts(
                run=before.run + max(0, total - skipped),
                failed=before.failed + max(0, failures + errors),
                skipped=before.skipped + max(0, skipped),
            )
            self.seen = True

    def end(self, name: str) -> None:
        self._depth -= name == "testsuite"


def _words(argv: Sequence[str]) -> list[str]:
    if len(argv) == 3 and argv[:2] == ("sh", "-c"):  # noqa: PLR2004  (sh -c LINE)
        try:
            return shlex.split(argv[2])
        except ValueError:
            return argv[2].split()
    return list(argv)


def _identity(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a regular file is written anew; None when there is no such file."""
    try:
        seen = path.lstat()
    except (OSError, ValueError):
        return None
    return (seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns) if stat.S_ISREG(seen.st_mode) else None


def _read(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        data = file.read(LIMIT + 1)
    return data if len(data) <= LIMIT else b""
