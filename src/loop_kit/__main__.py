"""`loop` and `python -m loop_kit`: the only place that exits."""

import sys

from loop_kit.cli import streams
from loop_kit.cli.main import main


def run() -> None:
    """Run the command line and leave."""
    code = main(sys.argv[1:])
    streams.flush()
    sys.exit(code)


if __name__ == "__main__":
    run()
