"""The end of a run on a terminal: a panel that fits it. Rules above and below but no sides, so that commands can be copied."""

from typing import TextIO

from loop_kit.cli.run_ending import RunEnding, Section, sections
from loop_kit.cli.terminal import WIDE, Row, Terminal
from loop_kit.errors import Outcome

_LABEL = 10
_NARROWEST = 20  # columns; a narrower terminal breaks the lines itself
_ROWS = 3  # that one line of a section may fill
_AROUND = 4  # lines: two rules, the prompt after the panel, one to spare
_WHOLE = ("why", "hint", "next")  # whose lines are not cut while there is room
_STYLES = {Outcome.APPROVED: "bold green", Outcome.BUG: "bold red", Outcome.BACKEND_FAILED: "bold red"}


def print_panel(ending: RunEnding, stream: TextIO) -> None:
    """Show how a run ended; the outcome stays visible on a small screen."""
    terminal = Terminal(stream)
    columns, lines = terminal.size()
    columns = max(columns, _NARROWEST)
    pad = _LABEL if columns >= WIDE else 2
    style = _STYLES.get(ending.outcome, "bold yellow")
    found = [(section.rank, _rows(terminal, section, columns, pad)) for section in sections(ending)]
    shares = share_out([(rank, len(rows)) for rank, rows in found], max(lines - _AROUND, 0))
    shown = [row for (_, rows), share in zip(found, shares, strict=True) for row in _fitted(rows, share, pad)]
    title = terminal.rule(f"{ending.title}  {ending.run_name}", style, columns)
    terminal.write(title + terminal.paint(shown) + terminal.rule("", style, columns))


def share_out(wanted: list[tuple[int, int]], room: int) -> list[int]:
    """Divide `room` lines among sections, each given as (rank, wanted lines): one line each, the rest by rank."""
    shares, left = [1] * len(wanted), room - len(wanted)
    for _rank, index in sorted((rank, index) for index, (rank, _) in enumerate(wanted)):
        more = max(0, min(wanted[index][1] - 1, left))
        shares[index] += more
        left -= more
    return shares


def _rows(terminal: Terminal, section: Section, columns: int, pad: int) -> list[Row]:
    """Return a section's rows; the first is the short form, because there may be room for no other."""
    wide = columns >= WIDE
    first, *more = (terminal.safe(" ".join(line.splitlines())) for line in section.lines)
    texts = [first if wide else f"{section.label}: {first}", *more]
    most = None if section.label in _WHOLE else _ROWS
    head, *rest = [row for text in texts for row in terminal.wrap(text, columns - 1 - pad, most)]
    label = f"{section.label:{_LABEL}}" if wide else ""
    return [((label, "bold"), (head, "")), *(((f"{'':{pad}}{row}", ""),) for row in rest)]


def _fitted(rows: list[Row], share: int, pad: int) -> list[Row]:
    """Return the rows that fit; the last line counts those left out."""
    if len(rows) <= share or share == 1:
        return rows[:share]
    return [*rows[: share - 1], ((f"{'':{pad}}and {len(rows) - share + 1} more", "dim"),)]
