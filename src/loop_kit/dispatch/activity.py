"""What an agent says and does, told to whoever watches: of much that comes at once, only the newest.

A display has room for one action, and an agent that prints thousands of lines a second would keep every listener busy.
With `--verbose` nothing is left out.
"""

from collections import deque

from loop_kit.engine.run import Run
from loop_kit.model.agent_events import AgentEvent, Said, UsedTool
from loop_kit.model.shown_events import AgentAction, AgentSaid

NEWEST = 8  # of one reading; an agent that works and does not pour out old text says less at once
_LONGEST = 300  # characters


class ActivityFilter:
    """Hears one dispatch; `pause` is to be called when all that came at once was heard."""

    def __init__(self, run: Run, role: str) -> None:
        self._run = run
        self._role = role
        self._verbose = run.settings.run.verbose
        self._newest = deque[Said | UsedTool](maxlen=NEWEST)

    def hear(self, event: AgentEvent) -> None:
        if isinstance(event, Said | UsedTool):
            self._newest.append(event)
            if self._verbose:
                self.pause()

    def pause(self) -> None:
        while self._newest:
            self._show(self._newest.popleft())

    def _show(self, event: Said | UsedTool) -> None:
        if isinstance(event, UsedTool):
            self._run.emit(AgentAction(role=self._role, tool=event.name, detail=event.detail[:_LONGEST]))
        else:
            self._run.emit(AgentSaid(role=self._role, text=event.text[:_LONGEST]))
