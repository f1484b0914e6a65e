"""Make standard input, output and error such that nothing that happens to them is a crash."""

import os
import sys

_STANDARD = 3


def prepare() -> None:
    """Give closed streams a place to go to, and let any text be printed in any locale: what cannot be shown is escaped.

    The numbers of closed streams are taken too, or the next file that loop opens would become a child's output.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < _STANDARD:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    # A stream is None where Python found its descriptor closed.
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  (open until the process ends)
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  (same)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write out what is still held; where nobody reads it or the disk is full, let it go.

    Python would try once more at exit, complain, and leave with an exit code of its own.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
