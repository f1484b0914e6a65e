"""Which Python installations a command would use, found by reading `#!` lines, without starting anything."""

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from loop_kit.checks.origin import read_text
from loop_kit.values import dataclass

_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh"})
_PYTHON = re.compile(r"(python|pypy)[\d.]*")
# These run commands that are written elsewhere, so any Python of the PATH may be meant.
_INDIRECT = frozenset({"make", "gmake", "ninja", "just", "task", *_SHELLS})
# These make environments of their own, so neither their own Python nor that of the PATH is meant.
_OWN_ENVIRONMENT = frozenset({"tox", "nox", "hatch", "uv", "uvx", "pipx", "poetry", "pdm", "pre-commit"})
_USUAL = ("python3", "python", "pytest")
_WORDS = 100
_FOLLOWED = 4  # how many `#!` lines are followed from one script to the next


def prefixes(tree: Path, environment: Mapping[str, str], argvs: Sequence[tuple[str, ...]]) -> tuple[Path, ...]:
    """Return the roots of all Python installations that commands in `tree` may use: virtual environments, or the system's."""
    found = dict.fromkeys((tree / ".venv", tree / "venv"))
    if environment.get("VIRTUAL_ENV"):
        found[tree / environment["VIRTUAL_ENV"]] = None
    search = _Search(tree, environment)
    for argv in argvs:
        for interpreter in search.interpreters(argv):
            found |= dict.fromkeys(_roots(interpreter, environment))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Search:
    tree: Path
    environment: Mapping[str, str]

    def interpreters(self, argv: Sequence[str]) -> Iterator[Path]:
        """Return the interpreters of all programs that a command line names, wherever in it: `timeout 9 pytest`."""
        for words in simple_commands(argv):
            for word in words[:_WORDS]:
                if os.path.basename(word) in _OWN_ENVIRONMENT:  # noqa: PTH119  (a word, not a path)
                    break
                yield from self._of_word(word)

    def _of_word(self, word: str, followed: int = 0) -> Iterator[Path]:
        program = self._locate(word)
        if program is None or followed > _FOLLOWED:
            return
        chosen = self._behind_shim(program)
        if chosen:
            yield from chosen
        elif _PYTHON.fullmatch(program.name):
            yield program
        elif program.name in _INDIRECT:
            for usual in _USUAL:
                yield from self._of_word(usual, followed + 1)
        elif following := _first_line_program(program):
            yield from self._of_word(following, followed + 1)

    def _behind_shim(self, program: Path) -> list[Path]:
        """Return the Pythons that pyenv would choose for one of its shims, in the order in which it asks."""
        versions = program.parent.parent / "versions"
        if program.parent.name != "shims" or not versions.is_dir():
            return []
        asked = (read_text(folder / ".python-version") for folder in (self.tree, *self.tree.parents))
        named = (
            self.environment.get("PYENV_VERSION", "").replace(":", "\n"),
            *asked,
            read_text(versions.parent / "version"),
        )
        chosen = next((text.split() for text in named if text.strip()), [])
        return [versions / name / "bin/python" for name in chosen if (versions / name / "bin/python").exists()]

    def _locate(self, word: str) -> Path | None:
        if not word or word.startswith("-") or "\0" in word:
            return None
        folders = [""] if "/" in word else self.environment.get("PATH", os.defpath).split(":")
        candidates = (self.tree / folder / word for folder in folders)
        return next((path for path in candidates if _is_program(path)), None)


def simple_commands(argv: Sequence[str]) -> list[list[str]]:
    """Return the words of each command on a command line; a line for a shell may hold several."""
    lines = [following for word, following in pairwise(argv) if _is_dash_c(word)]
    if not argv or os.path.basename(argv[0]) not in _SHELLS or not lines:  # noqa: PTH119  (a word, not a path)
        return [list(argv)]
    lexer = shlex.shlex(lines[0], posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    try:
        for token in lexer:
            if token.strip("();<>|&\n"):
                commands[-1].append(token)
            else:
                commands.append([])
    except ValueError:  # an open quote: the shell will complain itself
        return [lines[0].split()]
    return [words for words in commands if words]


def _is_dash_c(word: str) -> bool:
    return re.fullmatch(r"-[a-z]*c", word) is not None


def _is_program(path: Path) -> bool:
    try:
        return path.is_file() and os.access(path, os.X_OK)
    except (OSError, ValueError):
        return False


def _first_line_program(path: Path) -> str:
    """Return the program that a script's first line names; "" for anything that is no script."""
    first, _, rest = read_text(path, 4096).partition("\n")
    if not first.startswith("#!"):
        return ""
    words = [word for word in first[2:].split() if not word.startswith("-") and "=" not in word]
    if words and words[0].endswith("/env"):
        words = words[1:]
    long_path = re.match(r"'''exec' (\"[^\"]+\"|\S+)", rest)  # how installers write a path too long for a first line
    if long_path is not None:
        return long_path[1].strip('"')
    return words[0] if words else ""


def _roots(interpreter: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Return the installations that an interpreter loads from: its virtual environment, or the system's and the user's."""
    for program in (interpreter, interpreter.resolve()):
        root = program.parent.parent
        yield root
        settings = read_text(root / "pyvenv.cfg")
        if settings:
            home = re.search(r"^home\s*=\s*(.+)$", settings, re.MULTILINE)
            if home and re.search(r"^include-system-site-packages\s*=\s*true", settings, re.MULTILINE | re.IGNORECASE):
                yield Path(home[1].strip()).parent
            return
        if root == Path("/usr"):
            yield Path("/usr/local")
    if environment.get("HOME"):
        yield Path(environment["HOME"]) / ".local"
