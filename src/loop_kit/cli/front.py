"""The front page of the command line: what `loop --help` says, word for word, without the parser.

The parser prints this text too. It is set as the parser would set it; a test compares the two in every width.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

ABOUT = "Run a review loop for coding agents: one works, one reviews, git is the witness."
BUS_OPTION = ("--loop-dir PATH", "The bus; else the nearest .loop above this folder.")
_OPTIONS = (("--version", "Show the version and exit."), BUS_OPTION, ("-h, --help", "Show this message and exit."))
MOST_COLUMNS = 100  # longer lines are harder to read
_LEAST_COLUMNS = 52
_UNKNOWN_COLUMNS = 80

# name -> (module, one line of help). A command's module is imported when it is called: looking costs nothing.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("loop_kit.cli.init", "Make .loop/ with its templates and a commented config.toml."),
    "new": ("loop_kit.cli.new", "Write a task card, from a few words or from a failing command."),
    "run": ("loop_kit.cli.run", "Run the review loop until approval or a named limit."),
    "submit": ("loop_kit.cli.submit", "Hand in your own work as the work of this round."),
    "review": ("loop_kit.cli.review", "Hand in your own judgement of this round's change."),
    "heartbeat": ("loop_kit.cli.heartbeat", "Beat for a person, so that a run knows they are there."),
    "status": ("loop_kit.cli.status", "Say where the run stands and what to do next."),
    "health": ("loop_kit.cli.health", "Tell whether the PM and the agents live."),
    "log": ("loop_kit.cli.log", "Print what happened: the events of the feed."),
    "show": ("loop_kit.cli.show", "Tell a run round by round: asked, done, found, decided."),
    "diff": ("loop_kit.cli.diff", "Print what a run changed."),
    "list": ("loop_kit.cli.list_", "List every run with its outcome."),
    "archive": ("loop_kit.cli.archive", "List, show and restore the documents of every round."),
    "accept": ("loop_kit.cli.accept", "Take an approved change over onto a branch."),
    "undo": ("loop_kit.cli.undo", "Take the branch back to where the last run began."),
    "check": ("loop_kit.cli.check", "Run the checks at a commit, without a loop."),
    "fsck": ("loop_kit.cli.fsck", "Compare bus, archive and refs; clear away what dead runs left."),
    "validate": ("loop_kit.cli.validate", "Judge documents of the bus by their schemas."),
    "extract-diff": ("loop_kit.cli.extract_diff", "Print the diff of two commits, whatever git is set to."),
    "config": ("loop_kit.cli.config", "Show every setting and where it came from."),
    "doctor": ("loop_kit.cli.doctor", "Look whether a run would find what it needs here."),
    "completion": ("loop_kit.cli.completion", "Print a shell's completion script."),
    "demo": ("loop_kit.cli.demo", "Play a whole loop in a throwaway repository, without agents or keys."),
}


def help_text(terminal: int) -> str:
    """Return the help for a terminal with so many columns, without a newline at its end."""
    width = min(max(terminal, _LEAST_COLUMNS), MOST_COLUMNS) - 2
    commands = [(name, text) for name, (_module, text) in COMMANDS.items()]
    lines = ["Usage: loop [OPTIONS] [COMMAND] [ARGS]...", ""]
    lines += [f"  {line}" for line in _wrapped(ABOUT, width - 2)]
    lines += ["", "Options:", *_rows(_OPTIONS, width), "", "Commands:", *_rows(commands, width)]
    return "\n".join(lines)


def columns(environment: Mapping[str, str]) -> int:
    """Return how wide the terminal is, as `shutil.get_terminal_size` tells; its import takes longer than the answer."""
    with suppress(ValueError):
        if (named := int(environment.get("COLUMNS", ""))) > 0:
            return named
    try:
        found = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else -1)
    except (ValueError, OSError):  # a closed stream, none, no terminal
        return _UNKNOWN_COLUMNS
    return found.columns or _UNKNOWN_COLUMNS


def _rows(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield the lines of two columns, the second of which is wrapped."""
    rows = list(rows)
    indent = max(len(first) for first, _ in rows) + 4
    for first, second in rows:
        heads = f"  {first}"
        for line in _wrapped(second, width - indent):
            yield f"{heads:{indent}}{line}"
            heads = ""


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = ""
        line += f" {word}" if line else word
    yield line
