"""The pages of the documentation, taken apart for tests; and what of them is generated, all of it by `make pages`."""

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from loop_kit.bus.feedlines import fitting
from loop_kit.cli.cmd_init import MADE
from loop_kit.cli.cmd_validate import kind_of
from loop_kit.cli.main import COMMANDS
from loop_kit.model.documents import read, write
from loop_kit.model.feed_event import FeedEvent, data_of
from loop_kit.model.manifest import Manifest
from loop_kit.values import reading, replace
from tests.support.runs import LOOP
from tests.support.schemas import DOCUMENTS, schema_text
from tests.support.settings_page import with_run_settings, with_tables

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".loop.example"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ANEW = "write it anew with: make pages"
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
    parts = ["# The command line", "<!-- written by `make pages` from --help -->"]
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
    start = next(number for number, line in enumerate(lines) if "git: 0 commits" in line)
    end = next(number for number, line in enumerate(lines) if "worker retried" in line)
    return "\n".join(lines[start : end + 1])


def transcripts(readme: str) -> list[str]:
    """Return the demo's transcript and the excerpt of the one with `--lie`, without their commands."""
    return [block.partition("\n")[2].rstrip() for block in blocks(readme, "console") if "loop demo" in block[:20]]


def timeless(text: str) -> str:
    """Return a transcript without what differs from run to run: times and commit ids."""
    text = re.sub(r"^ +\d+:\d\d\.\d  ", "TIME ", text, flags=re.MULTILINE)
    text = re.sub(r" (started|finished|retried)(.*), \d+\.\d s$", r" \1\2, SECONDS", text, flags=re.MULTILINE)
    return re.sub(r"\b[0-9a-f]{7}\b", "COMMIT", text)


def with_block(readme: str, mark: str, shown: str) -> str:
    """Return the page with another text in the block that follows a comment."""
    before, comment, rest = readme.partition(f"<!-- {mark}")
    head, opened, block = rest.partition("```console\n")
    _, closed, after = block.partition("```\n")
    return f"{before}{comment}{head}{opened}{shown}\n{closed}{after}"


def shown_readme() -> str:
    """Return the README with what the demo prints; times and commit ids stay when nothing else has changed."""
    with tempfile.TemporaryDirectory() as true, tempfile.TemporaryDirectory() as false:
        told, lied = play_demo(Path(true))[0], first_lie(play_demo(Path(false), "--lie")[0])
    readme = text_of("README.md")
    fresh = with_block(readme, "demo:", f"$ loop demo\n{told}")
    fresh = with_block(fresh, "lie ", f"$ loop demo --lie\n…\n{lied}\n…")
    return readme if timeless(readme) == timeless(fresh) else fresh


def schemas() -> dict[str, str]:
    return {f"schemas/{each.kind}.schema.json": schema_text(each) for each in DOCUMENTS}


def example() -> dict[str, str]:
    """Return what is made of the example bus: what `loop init` puts there, what loop wrote, in full, digests and chain."""
    made = {name: text_of(f"defaults/{default}") for name, default in MADE.items()}
    made["config.toml"] = default_config()["defaults/config.toml"]
    own = {each.kind: each for each in DOCUMENTS if each.kind not in ("task_card", "work_report", "review_report")}
    found = {path.relative_to(EXAMPLE).as_posix(): own.get(kind_of(path)) for path in sorted(EXAMPLE.rglob("*.json"))}
    values = {name: read(kind, json.loads(text_of(f".loop.example/{name}"))) for name, kind in found.items() if kind}
    manifest = next(each for each in values.values() if isinstance(each, Manifest))
    documents = {name: write(each) for name, each in values.items()}
    documents["state.json"]["digests"] |= manifest.digests()
    made |= {name: as_written(each) for name, each in documents.items()}
    made["logs/feed.jsonl"] = chained(text_of(".loop.example/logs/feed.jsonl"))
    return {f".loop.example/{name}": text for name, text in made.items()}


def chained(feed: str) -> str:
    """Return the lines of a feed as loop writes them, each with the digest of the line before."""
    lines, before = [], ""
    for line in feed.splitlines():
        event = replace(reading.read(FeedEvent, json.loads(line)), prev=before)
        whole = fitting(replace(event, data=data_of(event.event)))[1]
        before = sha256(whole).hexdigest()
        lines.append(whole.decode())
    return "\n".join(lines) + "\n"


def as_written(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def default_config() -> dict[str, str]:
    return {"defaults/config.toml": with_run_settings(text_of("defaults/config.toml"))}


# Each page by what it is called, with what makes its files.
MADE_PAGES: Mapping[str, Callable[[], Mapping[str, str]]] = {
    "schemas/": schemas,
    "defaults/config.toml": default_config,
    "docs/cli.md": lambda: {"docs/cli.md": cli_page()},
    "docs/config.md": lambda: {"docs/config.md": with_tables(text_of("docs/config.md"))},
    "README.md": lambda: {"README.md": shown_readme()},
    ".loop.example/": example,
}


def write_anew(root: Path = ROOT, pages: Mapping[str, Callable[[], Mapping[str, str]]] = MADE_PAGES) -> int:
    """Make every page, then write them all; when one cannot be made, say which and write none."""
    files: dict[str, str] = {}
    failed = False
    for name, make in pages.items():
        try:
            files |= make()
        except Exception:  # noqa: BLE001  (whatever it is: which page it was is worth more than where it ended)
            sys.stderr.write(f"{name} cannot be made:\n{traceback.format_exc()}")
            failed = True
    if failed:
        sys.stderr.write("nothing was written\n")
        return 1
    for name, text in files.items():
        path = root / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(write_anew())
