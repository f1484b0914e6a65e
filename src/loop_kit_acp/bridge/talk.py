"""The conversation, step by step: hello, log in, a session, its settings, one prompt."""

import os
from collections.abc import Awaitable
from typing import TypeVar

import acp
from acp.client import ClientSideConnection
from acp.schema import (
    ClientCapabilities,
    EnvVarAuthMethod,
    FileSystemCapabilities,
    Implementation,
    InitializeResponse,
    LoadSessionResponse,
    NewSessionResponse,
    PromptResponse,
    SessionConfigOptionSelect,
    SessionConfigSelectOption,
)

from loop_kit_acp.bridge.client import Client
from loop_kit_acp.bridge.failures import Failure, name_error, name_stop
from loop_kit_acp.bridge.speech import Speech
from loop_kit_acp.bridge.task import Task

T = TypeVar("T")


class FailedError(Exception):
    """A step that did not succeed, with its name."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Talk:
    """One conversation; `session` is its id as soon as there is one."""

    def __init__(self, task: Task, agent: ClientSideConnection, client: Client, speech: Speech) -> None:
        self._task, self._agent, self._client, self._speech = task, agent, client, speech
        self.session = ""

    async def hold(self, prompt: str) -> Failure | None:
        """Let the agent take its turn; return how it failed, None when it came to its end."""
        try:
            hello = await self._greet()
            await self._log_in(hello)
            opened = await self._open(hello)
            await self._set_mode(opened)
            await self._set_model(opened)
            return await self._ask(prompt)
        except FailedError as error:
            return error.failure

    async def _greet(self) -> InitializeResponse:
        nothing = ClientCapabilities(fs=FileSystemCapabilities(read_text_file=False, write_text_file=False))
        hello = await _step(
            "initialize",
            self._agent.initialize(
                protocol_version=acp.PROTOCOL_VERSION,
                client_capabilities=nothing,
                client_info=Implementation(name="loop", version="1"),
            ),
        )
        if hello.protocol_version != acp.PROTOCOL_VERSION:
            raise _wrong(f"the agent speaks version {hello.protocol_version} of ACP, not {acp.PROTOCOL_VERSION}")
        return hello

    async def _log_in(self, hello: InitializeResponse) -> None:
        """Log in by a key that is there; whoever has logged in to the agent before needs nothing."""
        for method in hello.auth_methods or ():
            if isinstance(method, EnvVarAuthMethod) and _has_keys(method):
                await _step("authenticate", self._agent.authenticate(method_id=method.id), otherwise="auth")
                return

    async def _open(self, hello: InitializeResponse) -> NewSessionResponse | LoadSessionResponse:
        known, cwd = self._task.session, self._task.cwd
        opened: NewSessionResponse | LoadSessionResponse
        if not known:
            opened = await _step("session/new", self._agent.new_session(cwd=cwd, **self._task.meta))
            self.session = opened.session_id
        elif hello.agent_capabilities is None or not hello.agent_capabilities.load_session:
            raise FailedError(Failure(kind="session", message="the agent cannot take up a conversation again"))
        else:
            step = self._agent.load_session(cwd=cwd, session_id=known, **self._task.meta)
            opened = await _step("session/load", step, otherwise="session")
            self.session = known
        self._speech.tell({"event": "session", "id": self.session})
        return opened

    async def _set_mode(self, opened: NewSessionResponse | LoadSessionResponse) -> None:
        if not self._task.modes:
            return
        offered = [mode.id for mode in opened.modes.available_modes] if opened.modes else []
        wanted = next((mode for mode in self._task.modes if mode in offered), None)
        if wanted is None:
            raise _wrong(f"the agent has no mode '{self._task.modes[0]}', only: {', '.join(offered) or 'none'}")
        if opened.modes and opened.modes.current_mode_id != wanted:
            await _step("session/set_mode", self._agent.set_session_mode(mode_id=wanted, session_id=self.session))

    async def _set_model(self, opened: NewSessionResponse | LoadSessionResponse) -> None:
        wanted = self._task.model
        if not wanted:
            return
        choices = (each for each in opened.config_options or () if isinstance(each, SessionConfigOptionSelect))
        choice = next((each for each in choices if each.category == "model"), None)
        if choice is None:
            raise _wrong("the agent offers no choice of a model; take model out of the settings")
        offered = _values(choice)
        if wanted not in offered:
            raise _wrong(f"the agent has no model '{wanted}', only: {', '.join(offered)[:400]}")
        step = self._agent.set_config_option(config_id=choice.id, session_id=self.session, value=wanted)
        await _step("session/set_config_option", step)

    async def _ask(self, prompt: str) -> Failure | None:
        self._client.listening = True
        step = self._agent.prompt(session_id=self.session, prompt=[acp.text_block(prompt)])
        try:
            answer = await _step("session/prompt", step)
        finally:
            self._speech.end()
        usage = _usage(answer) if self._task.counts else {}
        if usage:
            self._speech.tell({"event": "usage", **usage})
        return name_stop(answer.stop_reason)


async def _step(name: str, step: Awaitable[T], *, otherwise: str = "unknown") -> T:
    """Wait for an answer; raise `FailedError` for an error, and for an answer that is none."""
    try:
        return await step
    except acp.RequestError as error:
        raise FailedError(name_error(error.code, str(error), error.data, otherwise=otherwise)) from None
    except ValueError as error:
        field = " ".join(str(error).split())[:200]
        message = f"its answer to {name} is not what the protocol says: {field}"
        raise FailedError(Failure(kind="unknown", message=message)) from None


def _wrong(message: str) -> FailedError:
    return FailedError(Failure(kind="config", message=message))


def _has_keys(method: EnvVarAuthMethod) -> bool:
    needed = [each.name for each in method.vars if not each.optional]
    return bool(needed) and all(os.environ.get(name) for name in needed)


def _values(choice: SessionConfigOptionSelect) -> list[str]:
    """Return what can be chosen, whether it is listed or listed in groups."""
    found: list[str] = []
    for each in choice.options:
        found += [each.value] if isinstance(each, SessionConfigSelectOption) else [one.value for one in each.options]
    return found


def _usage(answer: PromptResponse) -> dict[str, int]:
    """Return the tokens of the turn; input counts what was read from and written to the cache too."""
    used = answer.usage
    if used is not None:
        read, written = used.cached_read_tokens, used.cached_write_tokens
        counts = {
            "input_tokens": used.input_tokens + (read or 0) + (written or 0),
            "cached_tokens": read,
            "output_tokens": used.output_tokens,
            "reasoning_tokens": used.thought_tokens,
        }
    else:
        match answer.field_meta:
            case {"quota": {"token_count": {"input_tokens": int(given), "output_tokens": int(made)}}}:
                counts = {"input_tokens": given, "output_tokens": made}
            case _:
                counts = {}
    # A turn has read something: zeros mean that nobody counted, and unknown is not zero.
    known = {name: number for name, number in counts.items() if number is not None}
    return known if known.get("input_tokens") else {}
