"""The agent's process, from its start to its end, and what is said when it does not keep to the conversation."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import Any, cast

import acp
from acp.client import ClientSideConnection

from loop_kit_acp.bridge.client import Client
from loop_kit_acp.bridge.failures import Failure
from loop_kit_acp.bridge.lines import JsonLines
from loop_kit_acp.bridge.speech import Speech
from loop_kit_acp.bridge.talk import Talk
from loop_kit_acp.bridge.task import Task

FAILED = 1
_TAIL = 4096
_CHUNK = 64 * 1024
# Seconds. loop waits 1 s at least between asking us to end and killing us.
_CANCEL = 0.4
_LEAVE = 2.0  # after a turn that came to its end: the agent may write down its conversation
_LEAVE_NOW = 0.1
_TERMINATE = 0.3
_LAST_WORDS = 0.2


class Stopped(Exception):  # noqa: N818  (it is no error: we were told to end)
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class AgentProcess:
    """The agent's process, with the end of what it said on standard error."""

    def __init__(self, process: asyncio.subprocess.Process, transport: asyncio.SubprocessTransport) -> None:
        self.process, self._transport = process, transport
        self._tail = b""
        self._reading = asyncio.create_task(self._pass_on())

    def aside(self, data: bytes) -> None:
        """Pass on to our own standard error what is no part of the conversation."""
        self._tail = (self._tail + data)[-_TAIL:]
        with suppress(OSError, ValueError):
            sys.stderr.buffer.write(data)
            sys.stderr.buffer.flush()

    async def _pass_on(self) -> None:
        while self.process.stderr is not None and (data := await self.process.stderr.read(_CHUNK)):
            self.aside(data)

    async def last_line(self) -> str:
        """Return the last line it said aside, without waiting for a helper of its that holds the pipe."""
        await asyncio.wait({self._reading}, timeout=_LAST_WORDS)
        lines = self._tail.decode("utf-8", "replace").strip().splitlines()
        return " ".join(lines[-1].split()) if lines else ""

    async def lost(self, problem: str) -> Failure:
        """Name it that the conversation broke off."""
        ended = await self._wait(_LAST_WORDS)
        code = self.process.returncode
        how = problem or (
            f"it ended in the middle of the conversation ({_status(code)})" if ended else "it closed its output"
        )
        last = await self.last_line()
        return Failure(kind="unknown", message=f"{how}: {last}" if last else how)

    async def end(self, patience: float) -> None:
        """Ask it to leave by closing its input, then by a signal, then leave it no choice."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        if not await self._wait(patience):
            self._signal(signal.SIGTERM)
            await self._wait(_TERMINATE)
        self._reading.cancel()
        # This kills what still runs, and closes the pipes that a helper of its may hold beyond its end.
        self._transport.close()

    def _signal(self, number: int) -> None:
        """Tell the agent, and its helpers with it where the group is ours alone; we ourselves do not listen any more."""
        with suppress(ProcessLookupError):
            if os.getpgrp() == os.getpid():
                os.killpg(os.getpgrp(), number)
            else:
                self.process.send_signal(number)

    async def _wait(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), seconds)
        return self.process.returncode is not None


async def run(task: Task, prompt: str) -> int:
    """Start the agent, hold the conversation, end the agent; return our exit code."""
    stop = _listen()
    speech = Speech(write=_write_line)
    try:
        agent = await _start(task)
    except OSError as error:
        message = f"{task.program[0]} cannot be started: {error.strerror or error}"
        speech.tell(Failure(kind="config", message=message).to_event())
        return FAILED
    try:
        failure = await _converse(task, prompt, agent, speech, stop)
    except Stopped as stopped:
        await agent.end(_LEAVE_NOW)
        return 128 + stopped.number
    speech.tell({"event": "finished"} if failure is None else failure.to_event())
    await agent.end(_LEAVE_NOW if failure else _LEAVE)
    return FAILED if failure else 0


async def _converse(
    task: Task, prompt: str, agent: AgentProcess, speech: Speech, stop: "asyncio.Future[int]"
) -> Failure | None:
    reader, writer = agent.process.stdout, agent.process.stdin
    if reader is None or writer is None:  # both were asked for
        raise RuntimeError("the agent has no pipes")
    lines = JsonLines(reader, writer, agent.aside)
    client = Client(task.access, speech)
    connection = acp.connect_to_agent(cast("acp.Client", client), lines)
    talk = Talk(task, connection, client, speech)
    held = asyncio.create_task(talk.hold(prompt))
    try:
        either: set[asyncio.Future[Any]] = {held, stop}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not held.done():
            await _cancel(connection, talk, held)
            raise Stopped(stop.result())
        return held.result()
    except ConnectionError:
        return await agent.lost(lines.problem)
    finally:
        speech.end()
        with suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(connection.close(), _CANCEL)


async def _cancel(connection: ClientSideConnection, talk: Talk, held: "asyncio.Task[Failure | None]") -> None:
    """Ask the agent to break off its turn and give it a moment."""
    if talk.session:
        with suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(connection.cancel(session_id=talk.session), _CANCEL)
        await asyncio.wait({held}, timeout=_CANCEL)
    held.cancel()
    await asyncio.wait({held}, timeout=_CANCEL)


async def _start(task: Task) -> AgentProcess:
    """Start the agent's program, as `create_subprocess_exec` does, which does not give out what has to be closed."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: asyncio.subprocess.SubprocessStreamProtocol(limit=_CHUNK, loop=loop), *task.program, cwd=task.cwd
    )
    return AgentProcess(asyncio.subprocess.Process(transport, protocol, loop), transport)


def _listen() -> "asyncio.Future[int]":
    """Return what will hold the first signal that tells us to end; the ones after it change nothing."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[int] = loop.create_future()

    def on_signal(number: int) -> None:
        if not stop.done():
            stop.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, int(number))
    return stop


def _write_line(line: str) -> None:
    sys.stdout.buffer.write(line.encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


def _status(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
