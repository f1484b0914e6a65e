"""What a backend is: a value that builds a command, reads one line of output and names a failure.

A backend holds no state between calls: the same line always reads as the same events. What a whole conversation came to
is put together from those events in `ending`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from loop_kit import folders
from loop_kit.backends.ending import explain_exit, find_document
from loop_kit.errors import BackendError, ConfigError
from loop_kit.model.agent_events import AgentEvent, Failed, Finished
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access, Answer
from loop_kit.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One dispatch, as a backend needs it.

    `access` says what the agent may do to its tree, `answer` how it hands in its document; `role` is a name, and decides
    nothing. `model` and `effort` are "" for the program's own choice. All paths are absolute. `prompt` is the file that
    holds the prompt, `report` where the document should be written, `schema` the JSON Schema of that document, `writable`
    the git folders an agent that writes needs besides its tree, `session` the conversation to take up again, `program` the
    executable, `scratch` an existing folder of this dispatch alone. `environment` is what the agent gets besides the
    backend's own variables, for a backend that has to go on from a value of the person; `identity` says in git's variables
    who that person is, for a program that hides their git settings from what it runs. `base_settings` are those of
    `Isolating.tree_settings` that were there at the run's base: the path in the tree, and a file outside it that holds
    what stood there.
    """

    role: str
    access: Access
    answer: Answer
    task_id: str
    round: int
    prompt: Path
    cwd: Path
    report: Path
    schema: Path
    scratch: Path
    program: str
    settings: BackendSettings
    writable: tuple[Path, ...] = ()
    session: str | None = None
    model: str = ""
    effort: str = ""
    args: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    base_settings: Mapping[str, Path] = field(default_factory=dict)

    @property
    def to_write(self) -> tuple[Path, ...]:
        """Folders an agent that writes needs besides its tree: git's, and the report's when it lies elsewhere."""
        return self.writable if self.report.is_relative_to(self.cwd) else (*self.writable, self.report.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What to start.

    `env` holds variables the program needs besides the agent's environment; what the config sets outweighs them.
    `merged` holds those that were made from a value in `Order.environment`, which they replace. `apart` starts it in an
    empty folder beside the tree instead of in the tree, for a program that cannot be kept from what lies where it stands.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: Path | None = None
    merged: Mapping[str, str] = field(default_factory=dict)
    apart: bool = False


@runtime_checkable
class Backend(Protocol):
    """A way to run one agent program. Inheriting gives the defaults; a class of the same shape will do as well."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Names to look for, the best first; none when `settings.argv` says it or the backend brings its own."""

    @property
    def env(self) -> tuple[str, ...]:
        """Variables of the person that the program may see: `NAME` or `PREFIX_*`, its own keys and settings."""

    @property
    def supports_resume(self) -> bool:
        """Whether `Order.session` is honoured."""

    @property
    def supports_effort(self) -> bool:
        """Whether `Order.effort` is honoured."""
        return False

    def command(self, order: Order) -> Call:
        """Return what to start; raise `LoopError` when the order cannot be carried out.

        It may write into `order.scratch` and nowhere else.
        """

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        """Return what one line of standard output means, nothing for what is not known. Never raises."""

    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        """Name the failure of a program that ended without naming one, None if it did not fail.

        `exit_code` is negative for a signal and None when it is not known.
        """
        return explain_exit(exit_code, stderr)

    def document(self, order: Order, finished: Finished | None, said: str) -> Any | None:  # noqa: ARG002  (for others)
        """Return the document in the agent's final message, or None; it is not yet believed.

        `said` holds every `Said` text of the dispatch in order, one newline between, of which at least the end is kept.
        """
        return find_document(finished, said)


@runtime_checkable
class Configurable(Protocol):
    """A backend made for one `[backends.NAME]` table, so that a wrong table is refused before anything is paid."""

    def configured(self, name: str, settings: BackendSettings) -> Backend:
        """Return the backend for these settings; raise `ConfigError` naming the field."""


@runtime_checkable
class Concluding(Protocol):
    """A backend whose program always says how it ended: one that did not was cut off, whatever its exit code."""

    @property
    def concludes(self) -> bool:
        """Whether that is so."""


@runtime_checkable
class Concealing(Protocol):
    """A backend whose program hides the person's git settings from the agent, so that `Order.identity` is needed."""

    @property
    def hides_git_settings(self) -> bool:
        """Whether that is so; finding out who the person is costs two calls of git."""


@runtime_checkable
class Isolating(Protocol):
    """A backend whose program can be kept from what the tree says to it: settings, hooks, servers, plugins, instructions.

    Both answers are about every command that the backend builds, for whatever access: whoever is not one may not review unless
    a person says so, because the tree under review would speak for its reviewer.
    """

    @property
    def isolates(self) -> bool:
        """Whether that is so for the settings it was configured with."""

    @property
    def tree_settings(self) -> tuple[str, ...]:
        """Files of a tree that its program can be given from elsewhere: who writes gets them as they were at the base."""


@runtime_checkable
class Answering(Protocol):
    """A backend whose agent does not always answer in a file: elsewhere it is told of none, and one is somebody else's."""

    def answer(self, access: Access) -> Answer:
        """How an agent answers in every command that the backend builds for an access."""


def answer_of(backend: Backend, access: Access) -> Answer:
    return backend.answer(access) if isinstance(backend, Answering) else Answer.FILE


def check_effort(name: str, backend: Backend, effort: str) -> None:
    """Raise `ConfigError` when a program is to be asked for an effort and there is no way to say so to it."""
    if effort and not backend.supports_effort:
        raise ConfigError(
            f"'{name}' cannot be asked for an effort, and it is to have '{effort}'",
            hint="say it under [backends.NAME] of those that can, or in args, as the program itself wants it",
        )


def hides_git_settings(backend: Backend) -> bool:
    return isinstance(backend, Concealing) and backend.hides_git_settings


def isolates(backend: Backend) -> bool:
    return isinstance(backend, Isolating) and backend.isolates


def tree_settings_of(backend: Backend) -> tuple[str, ...]:
    return backend.tree_settings if isinstance(backend, Isolating) else ()


def write_scratch(path: Path, text: str) -> Path:
    """Write a file of `order.scratch` that the program is to read; raise `BackendError` when that is impossible."""
    try:
        with os.fdopen(folders.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise _no_scratch(path, error) from None
    return path


def clear_scratch(path: Path) -> None:
    """Make sure that what the program will have written to a file of `order.scratch` is not an earlier answer."""
    try:
        folders.remove(path)
    except OSError as error:
        raise _no_scratch(path, error) from None


def _no_scratch(path: Path, error: OSError) -> BackendError:
    return BackendError(
        f"{path} cannot be written: {error.strerror}", hint="free some space or check the folder's permissions"
    )
