"""What an agent may do when it asks: one that writes whatever it wants, one that reads look and nothing else.

The decision rests on the kind of the tool and on the command that is to be run, as the agent program gives them in
fields of their own. A title is prose and decides nothing.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

LOOKING = frozenset(("read", "search", "think"))
# Without quotes, wildcards and all that a shell reads as more than a word.
_WORD = re.compile(r"[A-Za-z0-9_./:@^~=,+%{}-]+")
_GIT = frozenset(("diff", "log", "show", "status"))
# These write a file or start a program that the repository may name; git takes any unambiguous beginning of them.
_ACTING_OPTION = re.compile(r"--(ou|ext|textc).*")
_SHELLS = frozenset(("sh", "bash", "zsh", "dash"))


def may(access: str, kind: str | None, given: Any) -> bool:
    """Say whether a tool may be used by an agent with that access; `given` is the tool's input."""
    if access == "write" or kind in LOOKING:
        return True
    command = command_of(given)
    return kind == "execute" and command is not None and only_looks(command)


def only_looks(command: str) -> bool:
    """Say whether a command line is one `git log`, `diff`, `show` or `status` that can do nothing but print."""
    words = command.split(" ")
    if len(words) < 2 or words[0] != "git" or words[1] not in _GIT:  # noqa: PLR2004  (git and what it shall do)
        return False
    return all(_WORD.fullmatch(word) and not _ACTING_OPTION.fullmatch(word) for word in words[2:])


def command_of(given: Any) -> str | None:
    """Return the command line of a tool's input, None when it has none."""
    match given:
        case {"command": str(line)} | {"cmd": str(line)}:
            return line
        case {"command": [str(shell), "-c" | "-lc", str(line)]} if shell.rpartition("/")[2] in _SHELLS:
            return line
        case {"command": [*words]} if words and all(isinstance(word, str) for word in words):
            return " ".join(words)
        case _:
            return None


def choose(options: Iterable[tuple[str, str]], *, allowed: bool) -> str | None:
    """Return the id of the option to select among pairs of kind and id, None when there is none that fits."""
    by_kind: Mapping[str, str] = dict(reversed(list(options)))
    wanted = ("allow_once", "allow_always") if allowed else ("reject_once", "reject_always")
    return next((by_kind[kind] for kind in wanted if kind in by_kind), None)
