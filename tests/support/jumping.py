"""loop, whose wall clock can be set: it is off by the seconds that a file names, which an agent may rewrite at any time.

    python -P -E jumping.py FILE ARGS…      runs `loop ARGS`, and its rounds, with that clock

Only the standard library's `datetime.now` is wrapped. The kernel's clocks, and so the times of files, stay as they are:
a clock that is set while loop runs leaves old times on the files as well.
"""

import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

PROGRAM = (sys.executable, "-P", "-E", str(Path(__file__)))
REAL = dt.datetime


def lay(offset: Path) -> None:
    class Jumping(REAL):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Self:
            seconds = float(offset.read_text(encoding="utf-8")) if offset.exists() else 0.0
            return super().now(tz) + dt.timedelta(seconds=seconds)

    real_start = subprocess.Popen.__init__

    def start(self: Any, args: Any, *more: Any, **kwargs: Any) -> None:
        words = [str(arg) for arg in args]
        if "--single-round" in words:
            args = [*PROGRAM, str(offset), *words[words.index("loop_kit") + 1 :]]
        real_start(self, args, *more, **kwargs)

    dt.datetime = Jumping  # type: ignore[misc]  # the same class, but for what it takes for now
    subprocess.Popen.__init__ = start  # type: ignore[method-assign]  # the same call, but for the rounds


if __name__ == "__main__":
    lay(Path(sys.argv[1]))
    sys.argv = ["loop", *sys.argv[2:]]
    from loop_kit.__main__ import run

    run()
