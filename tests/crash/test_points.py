"""No point is missed: what the system was asked to change is what the injector knows as deeds.

`tests/support/dying.py` wraps Python's calls; strace sees the system's. A deed that only strace sees would be a place
where nobody has ever killed loop.
"""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.support.crashes import set_up
from tests.support.dying import PROGRAM
from tests.support.runs import Stage, clearing

CALLS = {
    "rename": "rename", "renameat": "rename", "renameat2": "rename",
    "link": "link", "linkat": "link",
    "unlink": "unlink", "unlinkat": "unlink",
    "mkdir": "mkdir", "mkdirat": "mkdir",
    "rmdir": "unlink",
    "fsync": "fsync", "fdatasync": "fsync",
    "ftruncate": "ftruncate",
    "chmod": "chmod", "fchmodat": "chmod", "fchmod": "chmod",
    "openat": "open",
    "write": "write", "pwrite64": "write",
}  # fmt: skip
DEEDS = {"replace": "rename", "remove": "unlink", "rmdir": "unlink"}
# The journal is the injector's own; what agents print is written while they work, and no decision rests on it.
NO_POINTS = ("journal", ".out.log", ".err.log", "]")  # ] ends the name of a pipe
LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")


def test_every_change_that_the_system_was_asked_for_is_a_deed(tmp_path: Path):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("there is no strace here")
    with clearing(set_up(tmp_path)) as stage:
        trace, journal = tmp_path / "trace", tmp_path / "journal"
        wanted = ("-f", "-y", "-qq", "-s", "256", "-e", f"trace={','.join(CALLS)}", "-o", str(trace))
        result = stage.end(stage.start("run", "--single-round", program=(strace, *wanted, *PROGRAM, "0", str(journal))))
        if result.code == 1 and "ptrace" in result.err:
            pytest.skip("nobody may be traced here")
        assert result.code == 10, result.err
        asked, known = _asked(trace, stage), _known(journal)
    assert sum(asked.values()) > 150
    missed = {point for point in asked - known if not point[1].endswith(NO_POINTS)}
    assert not missed, f"the injector does not know: {missed}"


def _asked(trace: Path, stage: Stage) -> Counter[tuple[str, str]]:
    """Return what loop's own process asked for below the stage; the first line of the trace is its first."""
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    loop = lines[0].split()[0]
    found: Counter[tuple[str, str]] = Counter()
    for line in lines:
        match = LINE.match(line)
        if match is None or match[1] != loop or int(match[4]) < 0 or str(stage.root.parent) not in match[3]:
            continue
        if match[2] == "openat" and not re.search(r"O_CREAT|O_TRUNC", match[3]):
            continue
        found[CALLS[match[2]], _name(match[2], match[3])] += 1
    return found


def _name(call: str, arguments: str) -> str:
    """Return the last name in the arguments of a call: that of the file it changes."""
    names = re.findall(r'"([^"]*)"', arguments) if call not in {"write", "pwrite64"} else []
    names = names or re.findall(r"<([^>]*)>", arguments)
    return Path(names[-1] if call in {"rename", "renameat", "renameat2", "link", "linkat"} else names[0]).name


def _known(journal: Path) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for line in journal.read_text(encoding="utf-8").splitlines():
        deed, *words = line.split(" ")
        names = [word for word in words if not word.isdigit()] or words
        if deed not in {"start", "started"}:
            last = names[-1] if deed in {"rename", "replace", "link"} else names[0]
            found[DEEDS.get(deed, deed), Path(last).name] += 1
    return found
