import argparse
import sys
from pathlib import Path

from tests.support.trip.counting import measure
from tests.support.trip.source import Source

SRC = Path(__file__).resolve().parents[3] / "src"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.trip", description="Follow a value through calls.")
    parser.add_argument("--src", type=Path, default=SRC, help="the folder that the package lies in")
    parser.add_argument("entry", metavar="MODULE:FUNCTION")
    parser.add_argument("values", metavar="VALUE", nargs="+", help="a parameter of the function, or a class")
    args = parser.parse_args()
    package = args.entry.partition(":")[0].partition(".")[0]
    sys.stdout.write(f"{measure(Source(args.src, package), args.entry, args.values).text}\n")


if __name__ == "__main__":
    main()
