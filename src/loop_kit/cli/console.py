"""What a person sees while a run goes on: one line for each thing that happened, on stderr."""

import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO


def printable(text: str) -> str:
    """Return `text` with every control character shown and not sent: agents' text is never terminal markup."""
    return "".join(char if char == "\n" or char.isprintable() else _shown(char) for char in text)


def _shown(char: str) -> str:
    return " " if char == "\t" else repr(char)[1:-1]


def put(text: str, *, err: bool = False) -> None:
    """Print lines; that nobody reads them any more changes nothing about what was done."""
    stream = sys.stderr if err else sys.stdout
    with suppress(BrokenPipeError):
        stream.write(f"{printable(text)}\n")
        stream.flush()


class Lines:
    """A listener that writes plain lines with the time since it was made."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._began = time.monotonic()

    def __call__(self, event: str, data: Mapping[str, Any]) -> None:
        text = tell(event, data)
        if text and event != "run_ended":  # the command's own last lines say that, at greater length
            self.say(text)

    def say(self, text: str) -> None:
        """Write lines; when nobody reads them any more the run goes on in silence."""
        seconds = time.monotonic() - self._began
        stamp = f"{int(seconds) // 60:3d}:{seconds % 60:04.1f}  "
        pad = " " * len(stamp)
        lines = printable(text).split("\n")
        try:
            self._stream.write(stamp + f"\n{pad}".join(lines) + "\n")
            self._stream.flush()
        except OSError:  # a closed pipe, a full disk
            self._stream = _Nowhere()


class _Nowhere:
    def write(self, _text: str) -> int:
        return 0

    def flush(self) -> None:
        pass


def json_lines(event: str, data: Mapping[str, Any], **more: str) -> None:
    """Tell a program that reads stdout what happens, such as the PM of a round process: one object a line."""
    try:
        sys.stdout.write(json.dumps({**more, "event": event, "data": dict(data)}) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        return


def tell(event: str, data: Mapping[str, Any]) -> str:
    """Return the line for an event, "" for what is not worth one."""
    line = _TOLD.get(event)
    try:
        return line(data) if line is not None else ""
    except (KeyError, TypeError, ValueError, AttributeError):
        return event  # another version of loop wrote it: its name is all that can be said


def _decided(data: Mapping[str, Any]) -> str:
    if data["decision"] == "approve":
        return f"round {data['round']}: approved"
    by = " by loop itself, no reviewer was asked" if data["judged_by"] == "loop" else ""
    issues = [f"  {issue['severity']}: {issue['file'] or '-'}: {issue['reason']}" for issue in data["issues"]]
    return "\n".join([f"round {data['round']}: changes required{by}", *issues])


def _verified(data: Mapping[str, Any]) -> str:
    seen = f"git shows {data['commits']} commit(s), {data['files']} file(s) changed, head {data['head_sha'][:12]}"
    found = [f"  found ({item['effect']}): {item['text']}" for item in data["findings"] if item["effect"] != "note"]
    return "\n".join([seen, *found])


def _with_settings(line: str, data: Mapping[str, Any]) -> str:
    return "\n".join([line, *(f"  {told}" for told in data.get("tree_settings", ()))])  # an older loop told nothing


def _dispatch_ended(data: Mapping[str, Any]) -> str:
    how = (
        "handed in its document" if data["document"] else f"ended without a document ({data['failure'] or data['how']})"
    )
    swept = f"; {data['swept']} processes it left behind were ended" if data["swept"] else ""
    return f"the {data['role']} {how} after {data['seconds']:.1f} s{swept}"


def _waiting(data: Mapping[str, Any]) -> str:
    goal = data["goal"].strip().partition("\n")[0][:200]
    return "\n".join(
        [
            f"round {data['round']}: waiting for the {data['role']}, a person",
            f"  {data['task_id']}: {goal}",
            f"  on the bus: {', '.join(data['material'])}",
            f"  answer:     {data['answers'][0]}",
            *(f"          or  {answer}" for answer in data["answers"][1:]),
            f"          or  write {data['path']}",
        ]
    )


_TOLD: Mapping[str, Any] = {
    "card_made": lambda data: f"made {data['path']}",
    "run_started": lambda data: _with_settings(
        f"{data['place']}: started at {data['base_sha'][:12]} on {data['branch'] or 'a detached HEAD'}", data
    ),
    "run_resumed": lambda data: _with_settings(f"{data['place']}: going on in round {data['round']}", data),
    "round_started": lambda data: f"round {data['round']}",
    "dispatch_started": lambda data: (
        f"the {data['role']} ({data['backend']}) is asked"
        + (" once more: " + "; ".join(data["problems"]) if data["problems"] else "")
    ),
    "dispatch_ended": _dispatch_ended,
    "dispatch_retry": lambda data: (
        f"the {data['role']} failed ({data['failure']}): {data['message']}; next try in {data['wait_seconds']:g} s"
    ),
    "backend_switched": lambda data: (
        f"the {data['role']} is {data['to']} from now on: {data['backend']} failed ({data['failure']}): {data['message']}"
    ),
    "parked": lambda data: (
        f"the {data['role']} ({data['backend']}) has no quota left: waiting until {data['until']}: {data['message']}"
    ),
    "document_refused": lambda data: f"{data['document']} was refused: {data['reason']}",
    "document_problem": lambda data: f"{data['path']}: {data['problem']}",
    "unfinished_pinned": lambda data: f"unfinished work is kept as {data['ref']}",
    "verified": _verified,
    "checks_started": lambda data: (
        f"{len(data['checks'])} check(s) at {data['head_sha'][:12]}"
        + (", where the run begins" if data["round"] == 0 else "")
    ),
    "checks_ended": lambda data: "\n".join(
        [f"  {line}" for line in data["results"]] + ([f"  no evidence: {data['refused']}"] if data["refused"] else [])
    ).strip(),
    "decided": _decided,
    "run_ended": lambda data: f"ended: {data['outcome']}" + (f": {data['error']}" if data["error"] else ""),
    "noticed": lambda data: "\n".join(f"noticed: {sentence}" for sentence in data["what"]),
    "left_behind": lambda data: f"left behind: {data['what']}; {data['hint']}",
    "accepted": lambda data: f"accepted into {data['into']} as {data['sha'][:12]}",
    "undone": lambda data: f"undone: {data['sha'][:12]} is kept as {data['ref']}",
    "waiting_for_person": _waiting,
    "heartbeat_missed": lambda data: (
        f"no heartbeat of the {data['role']}: the run ends in {data['ttl']:g} s if none comes"
    ),
    "heartbeat_back": lambda data: f"the {data['role']}'s heart beats again",
    "agent_output": lambda data: f"{data['role']} | {data['line']}",
}
