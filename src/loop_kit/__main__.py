"""`loop` and `python -m loop_kit`: the only place that exits."""

import signal
import sys

from loop_kit.errors import EXIT_CODES, Outcome


def run() -> None:
    """Run the command line and leave."""
    try:
        code = _run()
    except KeyboardInterrupt:  # where no command listens: while its modules are still being read, or after its end
        code = EXIT_CODES[Outcome.INTERRUPTED]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is leaving is not interrupted: it would only be a traceback
    sys.exit(code)


def _run() -> int:
    from loop_kit.cli import streams  # noqa: PLC0415  (what takes a while to import stands inside the `try` above)
    from loop_kit.cli.entry import main  # noqa: PLC0415  (same)

    code = main(sys.argv[1:])
    streams.flush()
    return code


if __name__ == "__main__":
    run()
