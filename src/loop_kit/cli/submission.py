"""What `submit` and `review` have in common: they print what was handed in and what comes next."""

import json

from loop_kit.cli.console import print_
from loop_kit.commands.submit import HandedIn


def print_submission(handed_in: HandedIn, summary: str, *, as_json: bool) -> int:
    """Print what was handed in and return the exit code; warnings go to stderr."""
    for warning in handed_in.warnings:
        print_(f"loop: {warning}", err=True)
    if as_json:
        facts = {"path": handed_in.path, "warnings": handed_in.warnings, "next_step": handed_in.next_step}
        print_(json.dumps({**facts, "document": handed_in.document}, indent=2))
    else:
        print_(f"{handed_in.path}: {summary}")
        print_(f"  next: {handed_in.next_step}")
    return 0
