"""How a dispatch ended, by the program's own account: its last word, its failure, the document it handed in.

None of it is believed here; and nothing is decided by a word that happened to stand in the output.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from loop_kit.backends.fields import one_line
from loop_kit.backends.jsontext import ANSWER_LIMIT, last_json, objects_in
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished
from loop_kit.model.decision import Decision

_STOPPED_BY = (1, 2, 15)  # SIGHUP, SIGINT, SIGTERM
# A program that survives a signal long enough to tidy up reports it as 128 + its number.
_STOPPED = frozenset((*(-number for number in _STOPPED_BY), *(128 + number for number in _STOPPED_BY)))


def settle(events: Iterable[AgentEvent]) -> Finished | Failed | None:
    """Return how a conversation ended by the program's own account: its last word, None if it gave none.

    A failure that says nothing of its kind does not hide the one before it that did.
    """
    end: Finished | Failed | None = None
    for event in events:
        match event:
            case Failed(kind=FailureKind.UNKNOWN) if isinstance(end, Failed):
                pass
            case Finished() | Failed():
                end = event
            case _:
                pass
    return end


def find_document(finished: Finished | None, said: str, *, wrote: Path | None = None) -> Any | None:
    """Return the document of a final message: formed to a schema, else in the file the program wrote, else in the text.

    The first of these that says anything decides alone: an earlier draft is never taken for a final word that cannot be
    read.
    """
    if finished is not None and finished.structured is not None:
        return finished.structured
    texts = (read_answer(wrote), finished.text if finished is not None else None, said)
    return next((last_json(text) for text in texts if text and text.strip()), None)


def decisions_in(text: str) -> frozenset[str]:
    """Return what the documents in a message decide: more than one when it says no and then yes."""
    said = (found.get("decision") for found in objects_in(text))
    return frozenset(word for word in said if word in list(Decision))


def read_answer(path: Path | None) -> str | None:
    """Return the text of a file an agent program wrote, None unless it is a regular file of a bounded size."""
    if path is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123  (a descriptor, so that no FIFO is waited for)
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            content = file.read(ANSWER_LIMIT + 1) if regular else b""
    except OSError:
        return None
    return content.decode("utf-8", "replace") if len(content) <= ANSWER_LIMIT else None


def explain_exit(exit_code: int | None, stderr: str) -> Failed | None:
    """Name a failure by the exit code alone; what stood on stderr is quoted, never searched for words."""
    if not exit_code:
        return None
    if exit_code in _STOPPED:
        return Failed(kind=FailureKind.INTERRUPTED, message="it was stopped by a signal")
    how = f"killed by signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
    last = last_line(stderr)
    return Failed(kind=FailureKind.UNKNOWN, message=f"{how}: {last}" if last else how)


def status_kind(status: int) -> FailureKind:
    """Return what an HTTP status of a model service means for trying again."""
    if status in _NOT_LET_IN:
        return FailureKind.AUTH
    passing = status in _BUSY or status >= _SERVER_ERRORS
    return FailureKind.TRANSIENT if passing else FailureKind.PERMANENT


_NOT_LET_IN = (401, 403)
_BUSY = (408, 409, 429)  # it took too long, somebody else was quicker, too many requests
_SERVER_ERRORS = 500


def last_line(text: str) -> str:
    lines = text[-4096:].strip().splitlines()
    return one_line(lines[-1]) if lines else ""
