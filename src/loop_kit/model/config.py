"""How a run is set up: the tables of config.toml, and what follows from them for each role.

The settings of `[run]` are in `run_settings`, those of a role in `roles`. A field's annotation is all that is written of
it: reader, schema, defaults/config.toml and docs/config.md come from there.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from loop_kit.errors import ConfigError
from loop_kit.model.agent_events import FailureKind
from loop_kit.model.check import CheckCommand, Prepare
from loop_kit.model.kinds import (
    Argument,
    Arguments,
    BackendName,
    Role,
    TaskId,
    VariablePatterns,
    Variables,
)
from loop_kit.model.prices import Prices
from loop_kit.model.redaction import find_key
from loop_kit.model.roles import (
    REVIEWER,
    WORKER,
    Access,
    RoleSettings,
    refuse_said_twice,
    takes_reviewers_back,
)
from loop_kit.model.run_settings import RunSettings
from loop_kit.values import dataclass, field, reading, replace
from loop_kit.values.annotations import Form, Mark, Named, Pattern, Size
from loop_kit.values.wording import FieldError


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSettings:
    """One `[backends.NAME]` table. `type` names the registered backend that runs it; the rest is for that one alone."""

    type: Annotated[
        BackendName,
        Mark.DEFAULT_KEY,
        "The backend that knows how to run it; without it, the one of this table's name. 'command' runs any program.",
    ]
    model: Annotated[Argument, "The model to ask this backend for, instead of the role's."] = ""
    effort: Annotated[Argument, "The effort to ask this backend for, instead of the role's."] = ""
    args: Annotated[Arguments, "Arguments for this backend alone, before the role's."] = ()
    path: Annotated[Argument, "Where the program lies, when it is not to be looked for."] = ""
    argv: Annotated[
        Arguments,
        "The command line of a 'command', with placeholders such as {prompt} and {report}; or that of the agent, for a "
        "backend that drives any.",
    ] = ()
    prompt: Annotated[
        Literal["stdin", "file"],
        "How a 'command' gets its prompt: on standard input, or in a file that {prompt} names.",
    ] = "stdin"
    report: Annotated[
        str,
        Size(0, 1000),
        Pattern(
            r"^(file|json:[^.\s]+(\.[^.\s]+)*)(?![\s\S])",
            "it should be 'file' or 'json:' with the path of a field, such as json:result.report",
        ),
        "How a 'command' hands in its report: in the file that {report} names, or in a field of its JSON output, as "
        "'json:path.to.field'.",
    ] = "file"
    failures: Annotated[
        Mapping[Annotated[str, Size(1, 200)], FailureKind],
        Size(0, 100),
        "What a 'command' prints when it fails, for one that says so in words: how such a line begins, and the kind of "
        "failure.",
    ] = field(default_factory=dict)
    script: Annotated[Argument, "The file that a 'script' backend follows."] = ""
    preset: Annotated[Argument, "Which agent to drive, for a backend that knows the ways of several."] = ""
    env: Annotated[VariablePatterns, "Variables that the program needs passed on."] = ()
    allow_tree_settings: Annotated[
        bool,
        "Let a program review that cannot be kept from settings, hooks and servers of the tree it judges: they may then "
        "speak for it.",
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvSettings:
    """What agent programs find in their environment besides what loop always passes on."""

    passed: Annotated[VariablePatterns, Named("pass"), "Variables to pass on."] = ()
    set: Annotated[Variables, "Variables to set, with their values."] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectSettings:
    """What is the person's own beside the files that git has."""

    keep: Annotated[
        tuple[Annotated[str, Size(1, 1000)], ...],
        Size(0, 1000),
        "Gitignore patterns of ignored files that are told when a run changed or deleted them, and stop it when it commits "
        "them; `.env*` is among them without being named.",
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeSettings:
    """What a run's own tree is given (`loop run --worktree`)."""

    copy: Annotated[
        tuple[Annotated[str, Size(1, 1000)], ...],
        Size(0, 1000),
        "Gitignore patterns of ignored files that are copied into it, such as '.env.test'; no other ignored file is there.",
    ] = ()


# What a role may do that no table says otherwise of; every other one looks.
_ACCESS: Mapping[str, Access] = MappingProxyType({WORKER: Access.WRITE})
ModuleName = Annotated[
    str,
    Size(0, 500),
    Pattern(
        r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*(?![\s\S])",
        "it should be the name of a Python module, such as my_package.backends",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How runs are set up: the content of config.toml. Everything is optional, nothing unknown is accepted."""

    kind: ClassVar[str] = "config"
    form: ClassVar[Form] = Form.CLOSED

    run: Annotated[
        RunSettings, "How a run goes. Each setting is also a flag, --max-rounds, and a variable, LOOP_MAX_ROUNDS."
    ] = field(default_factory=RunSettings)
    roles: Annotated[Mapping[Role, RoleSettings], Size(0, 100), "By the name of a role, what its program is given."] = (
        field(default_factory=dict)
    )
    worker: Annotated[RoleSettings, "The short form of [roles.worker]."] = field(default_factory=RoleSettings)
    reviewer: Annotated[RoleSettings, "The short form of [roles.reviewer]."] = field(default_factory=RoleSettings)
    backends: Annotated[
        Mapping[BackendName, BackendSettings],
        Size(0, 100),
        "By name, how agent programs are run that loop does not know, or where those lie that it knows.",
    ] = field(default_factory=dict)
    env: Annotated[EnvSettings, "What agent programs find in their environment besides what loop always passes on."] = (
        field(default_factory=EnvSettings)
    )
    plugins: Annotated[
        tuple[ModuleName, ...],
        Size(0, 100),
        "Python modules that every process of loop imports, each of which may register backends.",
    ] = ()
    checks: Annotated[
        Mapping[TaskId, CheckCommand],
        Size(0, 100),
        "By name, the commands that loop itself runs at the base and on every change. Checks of the task card come on top.",
    ] = field(default_factory=dict)
    prepare: Annotated[Prepare | None, Mark.ABSENT, "What makes a tree ready for the checks."] = None
    prices: Annotated[Prices, "What agents cost when their programs do not report it."] = field(default_factory=Prices)
    protect: Annotated[ProtectSettings, "What is the person's own beside the files that git has."] = field(
        default_factory=ProtectSettings
    )

    worktrees: Annotated[WorktreeSettings, Mark.LATER, "What a run's own tree is given: loop run --worktree."] = field(
        default_factory=WorktreeSettings
    )

    # Beside the rules of the schema, a config holds no key: it is archived with every run.
    contradiction = staticmethod(find_key)

    @classmethod
    def from_document(cls, document: Any, *, name: str = "config") -> Self:
        """Read a config document; raise `ConfigError` for an unknown key (with a suggestion) or a wrong value."""
        try:
            settings = reading.read(cls, document)
            refuse_said_twice(document)
        except FieldError as error:
            raise ConfigError(f"{name} {error}", hint="the rules are in schemas/config.schema.json") from None
        return settings

    def having(self, run: Mapping[str, Any], *, source: str) -> Self:
        """Return these settings with some of `[run]` replaced, and without what that overrides.

        `ConfigError` names `source` for a wrong value.
        """
        alone: dict[str, Any] = {"reviewers": []} if takes_reviewers_back(run) else {}
        try:
            changed = reading.read(RunSettings, {**reading.write(self.run), **alone, **run}, "$.run")
            refuse_said_twice({"run": run})
        except FieldError as error:
            raise ConfigError(f"{source} {error}", hint="loop run --help lists every flag with its default") from None
        return replace(
            self,
            run=changed,
            roles={name: each.outweighed(name, run) for name, each in self.roles.items()},
            worker=self.worker.outweighed(WORKER, run),
            reviewer=self.reviewer.outweighed(REVIEWER, run),
        )

    def check_roles(self) -> None:
        """Raise `ConfigError` when the roles contradict each other; called after every source was read."""
        for role in self.role_names:
            right = _access(role)
            if self.access(role) is not right:
                does = "writes" if right is Access.WRITE else "reads, as every reviewer does"
                raise ConfigError(
                    f"the access of {role} is '{self.access(role)}', and it {does}",
                    hint=f"take it out of [roles.{role}] in .loop/config.toml",
                )
        if self.run.quorum > len(self.reviewers):
            raise ConfigError(
                f"the quorum is {self.run.quorum}, and of reviewers there are {len(self.reviewers)}: "
                f"{', '.join(self.reviewers)}",
                hint="name more by --reviewers, or let all have to approve: --quorum 0",
            )

    @property
    def reviewers(self) -> tuple[str, ...]:
        """The names of the roles that review, in their order."""
        return self.run.reviewers or (REVIEWER,)

    @property
    def role_names(self) -> tuple[str, ...]:
        return (WORKER, *self.reviewers)

    @property
    def quorum_needed(self) -> int:
        """How many reviewers have to approve."""
        return self.run.quorum or len(self.reviewers)

    def role(self, role: str) -> RoleSettings:
        """Return the settings of a role, the defaults when a config has none."""
        short = {WORKER: self.worker, REVIEWER: self.reviewer}
        return self.roles.get(role) or short.get(role) or RoleSettings()

    def access(self, role: str) -> Access:
        return self.role(role).access or _access(role)

    def backend_names(self, role: str) -> tuple[str, ...]:
        """Return the backends for a role, the preferred one first."""
        short = {WORKER: self.run.worker_backend, REVIEWER: self.run.reviewer_backend}
        listed = self.role(role).backend or short.get(role, role)
        return tuple(dict.fromkeys(listed.replace(" ", "").split(",")))

    def model(self, role: str, name: str) -> str:
        """Return the model that the backend `name` is asked for in a role, "" for the program's own choice."""
        return self.backend(name).model or self.role(role).model

    def effort(self, role: str, name: str) -> str:
        """Return the effort that the backend `name` is asked for in a role, "" for the program's own choice."""
        return self.backend(name).effort or self.role(role).effort

    def args(self, role: str, name: str) -> tuple[str, ...]:
        return (*self.backend(name).args, *self.role(role).args)

    def dispatch_timeout(self, role: str) -> float:
        """Return the seconds that one start of a role's program may take, 0 for no limit."""
        own = self.role(role).dispatch_timeout
        return self.run.dispatch_timeout if own is None else own

    def idle_timeout(self, role: str) -> float:
        """Return the seconds that a role's program may print nothing, 0 for no limit."""
        own = self.role(role).idle_timeout
        return self.run.idle_timeout if own is None else own

    def backend(self, name: str) -> BackendSettings:
        return self.backends.get(name, BackendSettings(type=name))


def _access(role: str) -> Access:
    return _ACCESS.get(role, Access.READ)
