"""Who hears a run: a person at a terminal, a log, a program, or nobody until its end."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from loop_kit.bus.bus import Bus
from loop_kit.cli.console import printable, put
from loop_kit.cli.edge import Edge
from loop_kit.cli.ending import Ending, ending_of, plain_lines
from loop_kit.cli.world import json_lines
from loop_kit.engine.world import utc_now
from loop_kit.errors import UsageError
from loop_kit.model.events import Event, RunEnded
from loop_kit.views.lines import line

_NO_SCREEN = ("", "dumb", "unknown")  # values of TERM: nothing can be drawn there


class Lines:
    """A listener that writes plain lines with the time since it was made."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._began = time.monotonic()

    def __call__(self, event: Event) -> None:
        text = line(event)
        if text and not isinstance(event, RunEnded):  # the command's own last lines say that, at greater length
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


class Quiet:
    """Shows nothing but the ending; inside `with`, so that whatever is shown is put away at any end."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def hear(self, event: Event) -> None:
        """Take an event in."""

    def tick(self) -> None:
        """Take in that time goes by."""

    def end(self, ending: Ending) -> bool:
        """Show how the run ended, on stdout; tell whether the person has thereby read why."""
        bus = self._bus
        put("\n".join(plain_lines(ending, fix_list=str(bus.path("fix_list")), story=str(bus.path("summary")))))
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        pass


class Plain(Quiet):
    """Lines with times, on stderr."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self._lines = Lines()

    def hear(self, event: Event) -> None:
        self._lines(event)


class Events(Quiet):
    """One event a line on stdout, as on the feed; the last line is the ending, also of a run that never came to be."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self._ended = False

    def hear(self, event: Event) -> None:
        json_lines(event, at=utc_now())

    def end(self, ending: Ending) -> bool:
        self._ended = True
        self.hear(ending.event)
        return False

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _where: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not self._ended:
            self.end(ending_of(error))


class OnTerminal(Quiet):
    """The live region where stderr is a terminal, the panel where stdout is one."""

    def __init__(self, bus: Bus, *, live: bool, panel: bool) -> None:
        from loop_kit.cli.live import Live  # noqa: PLC0415  (rich takes a while to import)
        from loop_kit.cli.panel import put_panel  # noqa: PLC0415  (same)

        super().__init__(bus)
        self._put_panel = put_panel if panel else None
        self._live = Live(sys.stderr) if live else None
        self._lines = Lines()

    def hear(self, event: Event) -> None:
        if self._live is not None:
            self._live.hear(event)
        else:
            self._lines(event)

    def tick(self) -> None:
        if self._live is not None:
            self._live.tick()

    def end(self, ending: Ending) -> bool:
        self._close()
        if self._put_panel is None:
            return super().end(ending)
        self._put_panel(ending, sys.stdout)
        return self._live is not None

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._live is not None:
            self._live.close()


def choose(bus: Bus, edge: Edge, *, as_json: bool, quiet: bool) -> Quiet:
    """Return who hears the run; what can be drawn on is asked of the streams and of TERM."""
    if as_json and quiet:
        raise UsageError(
            "--json and --quiet contradict each other", hint="say one of them; --json's last line is the ending"
        )
    if as_json:
        return Events(bus)
    if quiet:
        return Quiet(bus)
    able = edge.environment.get("TERM", "") not in _NO_SCREEN
    live, panel = able and sys.stderr.isatty(), able and sys.stdout.isatty()
    return OnTerminal(bus, live=live, panel=panel) if live or panel else Plain(bus)
