"""The end of a run on a terminal: a panel that fits it, with rules above and below so that commands can be copied."""

from typing import TextIO

from loop_kit.cli.ending import Ending, Section, sections
from loop_kit.cli.paper import WIDE, Paper, Row
from loop_kit.errors import Outcome

_LABEL = 10
_NARROWEST = 20  # on a narrower terminal the terminal itself breaks the lines
_ROWS = 3  # of one line of a section
_AROUND = 4  # lines: two rules, the prompt after it, and one to spare
_WHOLE = ("why", "hint", "next")  # of these no line is cut, as long as there is room
_STYLES = {Outcome.APPROVED: "bold green", Outcome.BUG: "bold red", Outcome.BACKEND_FAILED: "bold red"}


def put_panel(ending: Ending, stream: TextIO) -> None:
    """Show how a run ended; the outcome stays on the screen also when that is small."""
    paper = Paper(stream)
    columns, lines = paper.size()
    columns = max(columns, _NARROWEST)
    pad = _LABEL if columns >= WIDE else 2
    style = _STYLES.get(ending.outcome, "bold yellow")
    found = [(section.rank, _rows(paper, section, columns, pad)) for section in sections(ending)]
    shares = share_out([(rank, len(rows)) for rank, rows in found], max(lines - _AROUND, 0))
    shown = [row for (_, rows), share in zip(found, shares, strict=True) for row in _fitted(rows, share, pad)]
    title = paper.rule(f"{ending.title}  {ending.run_name}", style, columns)
    paper.write(title + paper.paint(shown) + paper.rule("", style, columns))


def share_out(wanted: list[tuple[int, int]], room: int) -> list[int]:
    """Divide `room` lines among sections, each given as its rank and how many it wants: one for each, then by rank."""
    shares, left = [1] * len(wanted), room - len(wanted)
    for _rank, index in sorted((rank, index) for index, (rank, _) in enumerate(wanted)):
        more = max(0, min(wanted[index][1] - 1, left))
        shares[index] += more
        left -= more
    return shares


def _rows(paper: Paper, section: Section, columns: int, pad: int) -> list[Row]:
    """Return a section's rows, of which the first says it in short: there may be room for no other."""
    wide = columns >= WIDE
    first, *more = (paper.safe(" ".join(line.splitlines())) for line in section.lines)
    texts = [first if wide else f"{section.label}: {first}", *more]
    most = None if section.label in _WHOLE else _ROWS
    head, *rest = [row for text in texts for row in paper.wrap(text, columns - 1 - pad, most)]
    label = f"{section.label:{_LABEL}}" if wide else ""
    return [((label, "bold"), (head, "")), *(((f"{'':{pad}}{row}", ""),) for row in rest)]


def _fitted(rows: list[Row], share: int, pad: int) -> list[Row]:
    """Return the first rows, and in the last line how many more there are."""
    if len(rows) <= share or share == 1:
        return rows[:share]
    return [*rows[: share - 1], ((f"{'':{pad}}and {len(rows) - share + 1} more", "dim"),)]
