"""Our side of the conversation: it hears what the agent tells, and answers what the agent asks."""

from typing import Any, NoReturn

from acp import RequestError
from acp.schema import (
    AgentMessageChunk,
    AllowedOutcome,
    DeniedOutcome,
    PermissionOption,
    RequestPermissionResponse,
    TextContentBlock,
    ToolCallProgress,
    ToolCallStart,
    ToolCallUpdate,
)

from loop_kit_acp.bridge.permissions import choose, may
from loop_kit_acp.bridge.speech import Speech


class Client:
    """What `acp.connect_to_agent` calls.

    It never waits inside, so that what the agent sends is told in the order in which it came. `listening` is off while
    an earlier conversation is told again: nothing of that is said or done now.
    """

    def __init__(self, access: str, speech: Speech) -> None:
        self._access, self._speech = access, speech
        self.listening = False

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:  # noqa: ARG002  (there is one)
        if not self.listening:
            return
        match update:
            case AgentMessageChunk(content=TextContentBlock(text=text), message_id=message):
                self._speech.say(text, message)
            case ToolCallStart() | ToolCallProgress():
                waits = isinstance(update, ToolCallStart) and update.status in (None, "pending")
                self._use(update, waits=waits)
            case _:
                self._speech.end_message()
        self._speech.hear()

    async def request_permission(
        self,
        session_id: str,  # noqa: ARG002  (there is one)
        tool_call: ToolCallUpdate,
        options: list[PermissionOption],
        **_: Any,
    ) -> RequestPermissionResponse:
        tool = self._use(tool_call, waits=False)
        allowed = may(self._access, tool.kind, tool.given)
        chosen = choose(((option.kind, option.option_id) for option in options), allowed=allowed)
        if chosen is None:
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        return RequestPermissionResponse(outcome=AllowedOutcome(outcome="selected", option_id=chosen))

    def _use(self, call: ToolCallStart | ToolCallUpdate, *, waits: bool) -> Any:
        return self._speech.use(call.tool_call_id, kind=call.kind, title=call.title, given=call.raw_input, waits=waits)

    async def not_offered(self, **_: Any) -> NoReturn:
        """Refuse files and terminals: an agent has its own, and was told that we have none."""
        raise RequestError.method_not_found("it was not offered")

    read_text_file = write_text_file = not_offered
    create_terminal = terminal_output = release_terminal = wait_for_terminal_exit = kill_terminal = not_offered
