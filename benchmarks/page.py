"""docs/performance.md: the part of it that a run writes."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs/performance.md"
BEGIN, END = "<!-- begin: make bench -->\n", "<!-- end: make bench -->\n"


def with_results(page: str, results: str) -> str:
    """Return the page with other results between the marks, which have to be there once."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    changed, number = pattern.subn(lambda _: f"{BEGIN}\n{results}\n{END}", page)
    if number != 1:
        raise ValueError(f"{PAGE} has {number} places for results; it must have one, between {BEGIN!r} and {END!r}")
    return changed
