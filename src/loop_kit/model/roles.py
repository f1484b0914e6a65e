"""Roles as data: what one may do, how its program answers, and what a config says of it.

A run has one worker and one or more reviewers, each with a name. Only the settings know what follows from a name; all other code
asks them.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from loop_kit.model.kinds import Argument, Arguments, BackendNames, Seconds, Variables
from loop_kit.model.names import ROLES
from loop_kit.values import dataclass, field, replace
from loop_kit.values.annotations import Mark
from loop_kit.values.wording import FieldError, shown

WORKER, REVIEWER = "worker", "reviewer"
# The settings of [run] that name a program for the two roles that every run has by default.
NAMED_BY = {WORKER: frozenset({"worker_backend"}), REVIEWER: frozenset({"reviewer_backend", "reviewers"})}


class Access(StrEnum):
    """What an agent may do to its tree."""

    READ = "read"  # look, and run what only looks
    WRITE = "write"  # edit, run and commit


class Answer(StrEnum):
    """How an agent submits its document."""

    FILE = "file"  # in the file that LOOP_REPORT names
    FORM = "form"  # in the form that its program was started with
    TEXT = "text"  # in its last message: its program cannot write a file


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSettings:
    """What a role's program is given beyond its defaults."""

    backend: Annotated[
        BackendNames,
        Mark.OMITTED,
        "The agent program, or several, as worker_backend names them; without it that of [run], and for a further reviewer "
        "the one of the role's name.",
    ] = ""
    model: Annotated[Argument, "The model to ask for; empty for the program's own choice."] = ""
    effort: Annotated[
        Argument,
        "How hard the model shall think, in the program's own word, as high; empty for its own choice. A program that "
        "cannot be asked is refused.",
    ] = ""
    access: Annotated[
        Access | None,
        Mark.ABSENT,
        "What it may do to its tree: the worker writes, a reviewer reads. Anything else is refused.",
    ] = None
    args: Annotated[Arguments, "Arguments added to the program's command line."] = ()
    env: Annotated[Variables, "Variables to set for this role alone."] = field(default_factory=dict)
    dispatch_timeout: Annotated[Seconds | None, Mark.ABSENT, "For this role alone, instead of that of [run]."] = None
    idle_timeout: Annotated[Seconds | None, Mark.ABSENT, "For this role alone, instead of that of [run]."] = None

    def outweighed(self, name: str, run: Mapping[str, Any]) -> Self:
        """Return the settings of this role without those that a later source overrides in `run`."""
        backend = "" if f"{name}_backend" in run else self.backend
        wall = None if "dispatch_timeout" in run else self.dispatch_timeout
        idle = None if "idle_timeout" in run else self.idle_timeout
        return replace(self, backend=backend, dispatch_timeout=wall, idle_timeout=idle)


def takes_reviewers_back(run: Mapping[str, Any]) -> bool:
    """Whether a source with these `[run]` settings wants one reviewer, whatever list an earlier source had."""
    return "reviewer_backend" in run or run.get("auto_dispatch") is False


def refuse_said_twice(document: Mapping[str, Any]) -> None:
    """Raise `FieldError` when one source of settings names the backend of a role twice; the source has been read."""
    run, roles = document.get("run", {}), document.get("roles", {})
    for role in (WORKER, REVIEWER):
        if document.get(role) and role in roles:
            raise FieldError(f"$.{role}: it should be left out beside [roles.{role}]")
        if "backend" in {**document.get(role, {}), **roles.get(role, {})} and f"{role}_backend" in run:
            raise FieldError(f"$.run.{role}_backend: it should be left out beside the backend of [roles.{role}]")
    named = run.get("reviewers") or ()
    if named and "reviewer_backend" in run:
        raise FieldError("$.run.reviewer_backend: it should be left out beside reviewers")
    twice = next((name for name in named if list(named).count(name) > 1), None)
    if twice is not None:
        raise FieldError(f"$.run.reviewers: it names {shown(twice)} twice")


def people_after(people: Collection[str], run: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which roles people have after one more source of settings; `run` has its `[run]` settings.

    A source that names a backend for a role, or reviewers, wants a program there; a later `auto_dispatch` decides for all roles.
    """
    match run.get("auto_dispatch"):
        case True:
            return ()
        case False:
            people = ROLES
    return tuple(role for role in ROLES if role in people and not NAMED_BY[role] & run.keys())
