"""The pages of the documentation, taken apart for tests; and what of them is generated.

`python -m tests.support.pages` writes docs/cli.md, the tables of docs/config.md and the README's transcripts anew.
"""

import importlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from loop_kit.cli.main import COMMANDS
from tests.support.runs import LOOP
from tests.support.settings_page import with_tables

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CLI_PAGE = ROOT / "docs/cli.md"
CONFIG_PAGE = ROOT / "docs/config.md"
README = ROOT / "README.md"
ANEW = "write it anew with: python -m tests.support.pages"
PATIENCE = 60.0


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section_of(page: str, heading: str) -> str:
    """Return what stands under a heading of the second level."""
    return text_of(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of every table row; what stands between backquotes comes without them."""
    lines = [line.strip().strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines if not set(line[0]) <= set("- ")]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def help_of(*names: str) -> str:
    environment = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run(
        [*LOOP, *names, "--help"], env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return done.stdout.rstrip()


def all_commands() -> Iterator[tuple[str, ...]]:
    """Yield every command, each followed by those below it, such as `archive` and `archive list`."""
    for name, (module, _text) in COMMANDS.items():
        yield (name,)
        command = importlib.import_module(module).command
        yield from ((name, below) for below in getattr(command, "commands", ()))


def cli_page() -> str:
    parts = ["# The command line", "<!-- written by `python -m tests.support.pages` from --help -->"]
    for names in ((), *all_commands()):
        parts += [f"## {' '.join(('loop', *names))}", f"```text\n{help_of(*names)}\n```"]
    return "\n\n".join(parts) + "\n"


def play_demo(folder: Path, *flags: str) -> tuple[str, Path]:
    """Return what `loop demo` prints, with paths shortened, and where its repository is."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(
        [*LOOP, "demo", *flags],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout
    (repository,) = folder.glob("loop-demo-*")
    text = done.stdout.replace(str(repository), "/tmp/loop-demo").replace(shlex.quote(sys.executable), "python")
    return text.replace("python -m loop_kit status", "loop status").rstrip(), repository


def first_lie(text: str) -> str:
    """Return the part of a `--lie` transcript that shows the claim refused."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if "git shows 0 commit" in line)
    end = next(number for number, line in enumerate(lines) if "is asked once more" in line)
    return "\n".join(lines[start : end + 1])


def transcripts(readme: str) -> list[str]:
    """Return the demo's transcript and the excerpt of the one with `--lie`, without their commands."""
    return [block.partition("\n")[2].rstrip() for block in blocks(readme, "console") if "loop demo" in block[:20]]


def timeless(text: str) -> str:
    """Return a transcript without what differs from run to run: times and commit ids."""
    text = re.sub(r"^ +\d+:\d\d\.\d  ", "TIME ", text, flags=re.MULTILINE)
    text = re.sub(r"after \d+\.\d s", "after SECONDS", text)
    return re.sub(r"\b[0-9a-f]{12}\b", "COMMIT", text)


def write_anew() -> None:
    CLI_PAGE.write_text(cli_page(), encoding="utf-8")
    CONFIG_PAGE.write_text(with_tables(CONFIG_PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    with tempfile.TemporaryDirectory() as true, tempfile.TemporaryDirectory() as false:
        told, lied = play_demo(Path(true))[0], first_lie(play_demo(Path(false), "--lie")[0])
    readme = README.read_text(encoding="utf-8")
    readme = with_block(readme, "demo:", f"$ loop demo\n{told}")
    README.write_text(with_block(readme, "lie ", f"$ loop demo --lie\n…\n{lied}\n…"), encoding="utf-8")


def with_block(readme: str, mark: str, shown: str) -> str:
    """Return the page with another text in the block that follows a comment."""
    before, comment, rest = readme.partition(f"<!-- {mark}")
    head, opened, block = rest.partition("```console\n")
    _, closed, after = block.partition("```\n")
    return f"{before}{comment}{head}{opened}{shown}\n{closed}{after}"


if __name__ == "__main__":
    write_anew()
