"""What the events of one dispatch come to: its conversation, its last words, what it used and how it ended.

Backends hold no state; what has to be put together from several lines is put together here, for every program alike.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from loop_kit.backends.base import Backend, Concluding
from loop_kit.backends.ending import decisions_in, settle
from loop_kit.backends.words import Words
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said, SessionStarted, Usage, UsedTool
from loop_kit.values import dataclass, field, replace

N = TypeVar("N", int, float)
# What was said last may hold the document; a longer text is no report.
_MESSAGE_LIMIT = 1 << 20


def _told_to_nobody(_event: AgentEvent) -> None:
    """Stand for a listener where there is none."""


def _no_words() -> Words:
    return Words(_MESSAGE_LIMIT)


@dataclass(slots=True)
class Account:
    """What is known so far; `hopeless` says that the program goes on failing for ever.

    `backend` reads the lines; `on_event` is told each event that they come to.
    """

    backend: Backend
    on_event: Callable[[AgentEvent], None] = _told_to_nobody
    session_id: str | None = None
    usage: Usage | None = None
    end: Finished | Failed | None = None
    hopeless: bool = False
    _said: Words = field(default_factory=_no_words)
    _message: Words = field(default_factory=_no_words)  # what was said since the last use of a tool
    _forms: frozenset[str] = frozenset()  # what the forms decide that it has filled in
    _speaking: bool = False
    _consecutive: int = 0

    @property
    def said(self) -> str:
        """The end of all that the agent said, a megabyte of characters at most."""
        return self._said.text

    @property
    def decisions(self) -> frozenset[str]:
        """All that its last message and its forms decide; one thing, unless it says no and then yes."""
        texts = {self._message.text, self.finished.text if self.finished is not None else None}
        return self._forms.union(*(decisions_in(text) for text in texts if text))

    @property
    def finished(self) -> Finished | None:
        return self.end if isinstance(self.end, Finished) else None

    @property
    def failed(self) -> Failed | None:
        return self.end if isinstance(self.end, Failed) else None

    def take(self, line: str) -> None:
        """Read one line of the program's standard output."""
        for event in self.backend.read(line):
            self.add(event)
            self.on_event(event)

    def replay(self, log: Path) -> None:
        """Read the output of a dispatch that has ended from its raw log; a missing log is an empty one."""
        try:
            with log.open(encoding="utf-8", errors="replace", newline="\n") as lines:
                for line in lines:
                    self.take(line.rstrip("\n"))
        except FileNotFoundError:
            return

    def add(self, event: AgentEvent) -> None:
        match event:
            case SessionStarted():
                self.session_id = event.session_id
            case Said():
                text = event.text if event.more and self._speaking else f"\n{event.text}"
                self._said.add(text)
                self._message.add(text)
            case UsedTool():
                self._message.clear()
                self._consecutive = 0
            case Usage():
                self.usage = _added(self.usage, event) if event.step else event
            case Finished() | Failed():
                self._end(event)
        self._speaking = isinstance(event, Said)

    def _end(self, event: Finished | Failed) -> None:
        if isinstance(event, Finished):
            self._consecutive = 0
            if isinstance(event.structured, dict):
                self._forms |= decisions_in(json.dumps(event.structured))
            event = replace(event, text=self._message.text.strip("\n")) if event.said_last else event
        elif event.max_consecutive is not None:
            self._consecutive += 1
            self.hopeless = self._consecutive >= event.max_consecutive
        self.end = event if self.end is None else settle((self.end, event))


def failure_of(backend: Backend, end: Finished | Failed | None, exit_code: int | None, stderr: str) -> Failed | None:
    """Name how a dispatch failed, None if it did not.

    Its program's own word comes first; the exit code tells the kind when that word did not.
    """
    explained = backend.explain(exit_code, stderr)
    match end:
        case Failed(kind=FailureKind.UNKNOWN) if explained is not None:
            return replace(end, kind=explained.kind)
        case Failed():
            return end
        case None if concludes(backend) and (explained is None or exit_code is None or exit_code < 0):
            how = explained.message if explained is not None else "it ended without saying how"
            return Failed(kind=FailureKind.INTERRUPTED, message=how)
        case _:
            return explained


def concludes(backend: Backend) -> bool:
    """Return whether a program of this backend that did not say how it ended was cut off."""
    return isinstance(backend, Concluding) and backend.concludes


def _added(total: Usage | None, step: Usage) -> Usage:
    """Return the steps so far together; what one of them does not tell is not known of all."""
    if total is None or not total.step:
        return step
    return Usage(
        input_tokens=_sum(total.input_tokens, step.input_tokens),
        cached_tokens=_sum(total.cached_tokens, step.cached_tokens),
        output_tokens=_sum(total.output_tokens, step.output_tokens),
        reasoning_tokens=_sum(total.reasoning_tokens, step.reasoning_tokens),
        cost_usd=_sum(total.cost_usd, step.cost_usd),
        step=True,
    )


def _sum(one: N | None, other: N | None) -> N | None:
    return None if one is None or other is None else one + other
