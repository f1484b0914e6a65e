"""The one funnel through which loop asks git.

Whatever a person has configured for reading comfort, and whatever a worker has planted, must not change an answer:
every call disarms hooks, monitors, replacements, grafts, pagers, colours and locks. The surprising part: commit-graph
files are ignored too, because a forged one can lie about ancestry; objects cannot.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Self

from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.processes.captured import begin_captured, run_captured, run_side_by_side
from loop_kit.values import dataclass, field, replace
from loop_kit.values.wording import path_text

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.commitGraph=false",
    "core.splitIndex=false",
    "core.filesRefLockTimeout=2000",  # milliseconds to wait for another writer of the same ref
    "core.quotePath=false",
    "core.pager=cat",
    "core.fsync=committed",  # what loop relies on after a crash must be on the disk, loose objects and refs too
    "color.ui=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "log.showSignature=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "status.submoduleSummary=false",
    "diff.suppressBlankEmpty=false",
    "advice.graftFileDeprecated=false",
)
_OPTIONS = (
    *(part for setting in _SETTINGS for part in ("-c", setting)),
    "--no-pager",
    "--no-replace-objects",
    "--no-optional-locks",
    "--literal-pathspecs",
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "LANGUAGE": "C",
    "LC_ALL": "C",
}


_EMPTY = "LOOP_EMPTY"


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """The result of one git call: exit code, stdout as bytes, stderr as text."""

    code: int
    out: bytes
    err: str

    @classmethod
    def of(cls, said: tuple[int, bytes, bytes]) -> Self:
        code, out, err = said
        return cls(code, out, err.decode("utf-8", "backslashreplace").removesuffix("\n"))

    @property
    def line(self) -> bytes:
        """The output without the newline that ends it; a newline that belongs to a path stays."""
        return self.out.removesuffix(b"\n")


@dataclass(frozen=True, slots=True)
class Git:
    """Git, asked from one folder; `location` holds `--git-dir` and the like when git must not look for itself."""

    where: Path
    location: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def ask(self, *args: str, stdin: bytes | BinaryIO = b"", pass_fds: tuple[int, ...] = ()) -> GitAnswer:
        """Run git and return what it said, whatever its exit code; raise `StartError` when there is no git to run.

        `stdin` are some bytes, or an open file of as many as there may be.
        """
        with _startable(), _file_with(stdin) as source:
            return GitAnswer.of(run_captured(self.argv(args), env=self.environment, stdin=source, pass_fds=pass_fds))

    def out(self, *args: str, stdin: bytes = b"", pass_fds: tuple[int, ...] = ()) -> bytes:
        """Return git's output; raise `NeedsPersonError` with git's message when it fails."""
        return self.sound(args, self.ask(*args, stdin=stdin, pass_fds=pass_fds))

    def outs(self, *questions: Sequence[str]) -> list[bytes]:
        """Ask several questions at the same time and return git's output for each, as `out` does."""
        with _startable():
            answers = run_side_by_side(map(self.argv, questions), env=self.environment)
        return [self.sound(args, GitAnswer.of(said)) for args, said in zip(questions, answers, strict=True)]

    def begin(self, *args: str) -> Callable[[], GitAnswer]:
        """Start git and return a function that waits for the answer; it has to be called, and may be called again."""
        with _startable():
            answer = begin_captured(self.argv(args), env=self.environment)
        return lambda: GitAnswer.of(answer())

    def sound(self, args: Sequence[str], answer: GitAnswer) -> bytes:
        """Return the output that answers `args`; raise `NeedsPersonError` with git's message when it failed."""
        if answer.code != 0:
            raise NeedsPersonError(
                f"git {_subcommand(args)} failed in {path_text(self.where)}: {last_line(answer.err) or f'exit {answer.code}'}",
                hint="see what git status says there; then loop run --resume goes on",
            )
        return answer.out

    def line(self, *args: str, stdin: bytes = b"") -> str:
        """Return git's one-line answer as text."""
        return path_text(self.out(*args, stdin=stdin).removesuffix(b"\n"))

    def without(self, settings: Sequence[str]) -> Self:
        """Return the same git with these settings empty."""
        if not settings:
            return self
        # The value comes from a variable, because a name may contain any character, also `=`.
        empty = (f"--config-env={name}={_EMPTY}" for name in settings)
        return replace(self, location=(*empty, *self.location), variables={**self.variables, _EMPTY: ""})

    @property
    def config_home(self) -> Path:
        """Where git looks for files of the person's that no setting names."""
        variables = self.environment
        usual = Path(variables.get("HOME", "/"), ".config")
        return Path(variables.get("XDG_CONFIG_HOME") or usual)

    def argv(self, args: Sequence[str]) -> list[str]:
        """Return the disarmed command that asks git this."""
        # `-C` and not the working directory: then git reports a folder that is gone, and loop's own folder never replaces it.
        return ["git", "-C", os.fspath(self.where), *_OPTIONS, *self.location, *args]

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of that command."""
        return {**os.environ, **_ENVIRONMENT, **self.variables}


def _subcommand(args: Sequence[str]) -> str:
    return args[2] if args[0] == "-c" else args[0]


def zero_separated(raw: bytes) -> list[bytes]:
    """Split `-z` output; the last entry ends with a NUL as well."""
    return raw.split(b"\0")[:-1]


def last_line(err: str) -> str:
    """Return git's message: the fatal or error line of stderr, else the last line, without the prefix."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    grave = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    chosen = (grave or lines or [""])[-1]
    return chosen.removeprefix("fatal: ").removeprefix("error: ")[:300]


@contextlib.contextmanager
def _file_with(data: bytes | BinaryIO) -> Iterator[BinaryIO | None]:
    if not isinstance(data, bytes):
        yield data
        return
    if not data:
        yield None
        return

    with tempfile.TemporaryFile() as file:  # a file and not a pipe: a pipe could fill up and block
        file.write(data)
        file.seek(0)
        yield file


@contextlib.contextmanager
def _startable() -> Iterator[None]:
    """Say in a sentence that there is no git to run, or no room to run it in."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        raise StartError(
            "git cannot be started: no working git on PATH", hint="install git, or add its folder to PATH"
        ) from None
    except OSError as error:
        raise StartError(
            f"git cannot be started: {error.strerror}",
            hint="make room for another process (memory, processes, open files), then run the same command again",
        ) from None
