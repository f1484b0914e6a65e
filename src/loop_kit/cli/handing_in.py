"""What `submit` and `review` have in common: they say what was handed in and what comes next."""

import json

from loop_kit.cli.console import put
from loop_kit.commands.submit import HandedIn


def report(handed_in: HandedIn, said: str, *, as_json: bool) -> int:
    """Print what was handed in; warnings go to stderr, the rest is the result."""
    for warning in handed_in.warnings:
        put(f"loop: {warning}", err=True)
    if as_json:
        facts = {"path": handed_in.path, "warnings": handed_in.warnings, "next_step": handed_in.next_step}
        put(json.dumps({**facts, "document": handed_in.document}, indent=2))
    else:
        put(f"{handed_in.path}: {said}")
        put(f"  next: {handed_in.next_step}")
    return 0
