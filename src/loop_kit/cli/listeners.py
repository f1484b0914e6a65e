"""Who hears the events of a run: a person at a terminal, a log, a program, or nobody until the end."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from loop_kit.cli.console import print_, printable
from loop_kit.cli.host import print_event
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.run_ending import RunEnding, ending_of_error, plain_lines
from loop_kit.engine.world import utc_now
from loop_kit.errors import UsageError
from loop_kit.model.events import Event, RunEnded
from loop_kit.views.event_text import event_text

_NO_SCREEN = ("", "dumb", "unknown")  # values of TERM on which nothing can be drawn


class LineWriter:
    """Writes events as plain lines, with the time since it was made."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._began = time.monotonic()

    def __call__(self, event: Event) -> None:
        text = event_text(event)
        if text and not isinstance(event, RunEnded):  # the command prints its ending itself, at greater length
            self.write(text)

    def write(self, text: str) -> None:
        """Write lines; once nobody reads them any more, the run goes on without."""
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


class QuietListener:
    """Prints only the ending. Every listener is used in a `with`, so that what it draws is taken away at any end."""

    def hear(self, event: Event) -> None:
        """Take an event in."""

    def tick(self) -> None:
        """Note that time passes: called about every second while the run waits."""

    def end(self, ending: RunEnding) -> bool:
        """Print how the run ended on stdout; return whether that includes the reason."""
        print_("\n".join(plain_lines(ending)))
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        pass


class PlainListener(QuietListener):
    """Prints lines with times on stderr."""

    def __init__(self) -> None:
        self._lines = LineWriter()

    def hear(self, event: Event) -> None:
        self._lines(event)


class JsonListener(QuietListener):
    """Prints one event per line on stdout, as in the event log; the last is the ending, also of a run that never began."""

    def __init__(self) -> None:
        self._ended = False

    def hear(self, event: Event) -> None:
        print_event(event, at=utc_now())

    def end(self, ending: RunEnding) -> bool:
        self._print_ending(ending)
        return False

    def _print_ending(self, ending: RunEnding) -> None:
        self._ended = True
        self.hear(ending.event)

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _where: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not self._ended:
            self._print_ending(ending_of_error(error))


class TerminalListener(QuietListener):
    """Draws the live region where stderr is a terminal, and the panel where stdout is one."""

    def __init__(self, *, live: bool, panel: bool) -> None:
        from loop_kit.cli.live import Live  # noqa: PLC0415  (rich takes a while to import)
        from loop_kit.cli.panel import print_panel  # noqa: PLC0415  (same)

        self._print_panel = print_panel if panel else None
        self._live = Live(sys.stderr) if live else None
        self._lines = LineWriter()

    def hear(self, event: Event) -> None:
        if self._live is not None:
            self._live.hear(event)
        else:
            self._lines(event)

    def tick(self) -> None:
        if self._live is not None:
            self._live.tick()

    def end(self, ending: RunEnding) -> bool:
        self._close()
        if self._print_panel is None:
            return super().end(ending)
        self._print_panel(ending, sys.stdout)
        return self._live is not None

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._live is not None:
            self._live.close()


def choose_listener(invocation: Invocation, *, as_json: bool, quiet: bool) -> QuietListener:
    """Return the listener for the flags; the streams and TERM say what can be drawn."""
    if as_json and quiet:
        raise UsageError(
            "--json and --quiet contradict each other", hint="give one of them; the last line of --json is the ending"
        )
    if as_json:
        return JsonListener()
    if quiet:
        return QuietListener()
    able = invocation.environment.get("TERM", "") not in _NO_SCREEN
    live, panel = able and sys.stderr.isatty(), able and sys.stdout.isatty()
    return TerminalListener(live=live, panel=panel) if live or panel else PlainListener()
