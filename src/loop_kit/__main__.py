"""`loop` and `python -m loop_kit`: the only place that exits."""

import os
import sys

from loop_kit.cli.main import main


def run() -> None:
    """Run the command line and leave; a reader of our output that went away is no error to shout about."""
    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would flush again at exit and complain; there is nobody to complain to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


if __name__ == "__main__":
    run()
