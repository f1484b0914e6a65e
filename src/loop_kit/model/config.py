"""How a run is set up: each setting is one field here, read by the config file, the environment and the command line alike.

Its type, what it may be, its default and its help stand in that one place: flags, `LOOP_*` variables, the schema,
defaults/config.toml, docs/config.md and `--help` come from it.
"""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from loop_kit.errors import ConfigError
from loop_kit.model.agent_events import FailureKind
from loop_kit.model.check import CheckCommand, Prepare
from loop_kit.model.kinds import (
    Argument,
    Arguments,
    BackendName,
    BackendNames,
    Dollars,
    RoundNumber,
    Seconds,
    TaskId,
    VariablePatterns,
    Variables,
)
from loop_kit.model.names import ROLES
from loop_kit.model.prices import Prices
from loop_kit.model.redaction import find_key
from loop_kit.model.roles import WORKER, Access
from loop_kit.values import dataclass, field, reading, replace
from loop_kit.values.annotations import DocumentField, Form, Mark, Named, Pattern, Range, Size, document_fields
from loop_kit.values.wording import FieldError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """The table `[run]`: `max_rounds` is `--max-rounds` on the command line and `LOOP_MAX_ROUNDS` in the environment."""

    max_rounds: Annotated[RoundNumber, "Stop after this many rounds without approval."] = 3
    timeout: Annotated[Seconds, "Seconds the whole run may take, waiting for people included; 0 for no limit."] = 0.0
    auto_dispatch: Annotated[
        bool, "Start both programs; without it people do the parts that no backend is named for."
    ] = False
    dispatch_backend: Annotated[Literal["native"], "How programs are started; 'native' is the only transport."] = (
        "native"
    )
    worker_backend: Annotated[
        BackendNames,
        "The agent program that works, or several, as codex,claude: the next is used when one is missing, refuses the login, "
        "has no quota left or fails again and again.",
    ] = "codex"
    reviewer_backend: Annotated[BackendNames, "The agent program that reviews, or several as well."] = "codex"
    dispatch_timeout: Annotated[Seconds, "Seconds one start of an agent may take; 0 for no limit."] = 600.0
    idle_timeout: Annotated[Seconds, "Seconds an agent may print nothing; 0 for no limit."] = 0.0
    dispatch_retries: Annotated[int, Range(0, 1000), "Further tries when a program fails for a passing reason."] = 2
    dispatch_retry_base_sec: Annotated[Seconds, "Seconds before the first further try; doubles, 60 at most."] = 5.0
    quota_wait: Annotated[
        Seconds,
        "Seconds to wait at most for a spent quota, when the program says when it is free again and no other backend is "
        "left; 0 to end the run instead.",
    ] = 21600.0
    max_session_rounds: Annotated[
        int, Range(0, 1_000_000), "Rounds after which an agent begins a new conversation; 0 for never."
    ] = 0
    resume_reviewer: Annotated[bool, "Let the reviewer go on in its conversation of the round before."] = False
    max_minutes: Annotated[
        float, Range(0, 525_600), "Minutes the agents may work in all, resumes included; 0 for no limit."
    ] = 0.0
    max_cost: Annotated[
        Dollars,
        "US dollars the agents may cost in all, resumes included; 0 for no limit. What a program does not report is priced "
        "by [prices].",
    ] = 0.0
    artifact_timeout: Annotated[Seconds, "Seconds to wait for a person's report; 0 for no limit."] = 0.0
    require_heartbeat: Annotated[bool, "Wait for a person only while their loop heartbeat beats."] = False
    heartbeat_ttl: Annotated[
        float, Range(0.1, 31_536_000), "Seconds until a heartbeat is missed, and again until the run ends."
    ] = 30.0
    allow_dirty: Annotated[bool, "Start although tracked files have uncommitted changes."] = False
    require_checks: Annotated[bool, "Refuse to start when no check is configured."] = False
    review_failing: Annotated[bool, "Ask the reviewer even when a check fails."] = False
    verbose: Annotated[bool, "Show what the agent programs print."] = False


def run_settings() -> tuple[DocumentField, ...]:
    """Return the settings of `[run]` in their order."""
    return document_fields(RunSettings)


def flag_of(setting: DocumentField) -> str:
    return "--" + setting.name.replace("_", "-")


def variable_of(setting: DocumentField) -> str:
    return "LOOP_" + setting.name.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSettings:
    """What a role's program is given beyond its defaults."""

    model: Annotated[Argument, "The model to ask for; empty for the program's own choice."] = ""
    args: Annotated[Arguments, "Arguments added to the program's command line."] = ()
    env: Annotated[Variables, "Variables to set for this role alone."] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSettings:
    """One `[backends.NAME]` table. `type` names the registered backend that runs it; the rest is for that one alone."""

    type: Annotated[
        BackendName,
        Mark.DEFAULT_KEY,
        "The backend that knows how to run it; without it, the one of this table's name. 'command' runs any program.",
    ]
    model: Annotated[Argument, "The model to ask this backend for, instead of the role's."] = ""
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
    worker: Annotated[RoleSettings, "What the worker's program is given."] = field(default_factory=RoleSettings)
    reviewer: Annotated[RoleSettings, "What the reviewer's program is given."] = field(default_factory=RoleSettings)
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

    # Beside the rules of the schema, a config holds no key: it is archived with every run.
    contradiction = staticmethod(find_key)

    @classmethod
    def from_document(cls, document: Any, *, name: str = "config") -> Self:
        """Read a config document; raise `ConfigError` for an unknown key (with a suggestion) or a wrong value."""
        try:
            return reading.read(cls, document)
        except FieldError as error:
            raise ConfigError(f"{name} {error}", hint="the rules are in schemas/config.schema.json") from None

    def having(self, run: Mapping[str, Any], *, source: str) -> Self:
        """Return these settings with some of `[run]` replaced; `ConfigError` names `source` for a wrong value."""
        try:
            changed = reading.read(RunSettings, {**reading.write(self.run), **run}, "$.run")
        except FieldError as error:
            raise ConfigError(f"{source} {error}", hint="loop run --help lists every flag with its default") from None
        return replace(self, run=changed)

    def backend_names(self, role: str) -> tuple[str, ...]:
        """Return the backends for a role, the preferred one first."""
        listed = self.run.worker_backend if role == "worker" else self.run.reviewer_backend
        return tuple(dict.fromkeys(listed.replace(" ", "").split(",")))

    @property
    def reviewers(self) -> tuple[str, ...]:
        """The roles that review, in their order."""
        return ("reviewer",)

    @property
    def role_names(self) -> tuple[str, ...]:
        return (WORKER, *self.reviewers)

    @property
    def quorum_needed(self) -> int:
        return len(self.reviewers)

    def access(self, role: str) -> Access:
        return Access.WRITE if role == WORKER else Access.READ

    def dispatch_timeout(self, _role: str) -> float:
        return self.run.dispatch_timeout

    def idle_timeout(self, _role: str) -> float:
        return self.run.idle_timeout

    def model(self, role: str, name: str) -> str:
        """Return the model that the backend `name` is asked for in a role, "" for the program's own choice."""
        return self.backend(name).model or self.role(role).model

    def args(self, role: str, name: str) -> tuple[str, ...]:
        return (*self.backend(name).args, *self.role(role).args)

    def role(self, role: str) -> RoleSettings:
        return self.worker if role == "worker" else self.reviewer

    def backend(self, name: str) -> BackendSettings:
        return self.backends.get(name, BackendSettings(type=name))


def people_after(people: Collection[str], run: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which roles people have after one more source of settings has spoken; `run` holds what it says of `[run]`.

    Whoever names a backend for a role wants that program there; a later `auto_dispatch` settles it for both roles.
    """
    match run.get("auto_dispatch"):
        case True:
            return ()
        case False:
            people = ROLES
    return tuple(role for role in ROLES if role in people and f"{role}_backend" not in run)
