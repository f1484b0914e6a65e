"""How a run is set up: one table of settings, read by the config file, the environment and the command line alike."""

from collections.abc import Collection, Mapping
from typing import Any, Self

from loop_kit.errors import ConfigError
from loop_kit.model import schema
from loop_kit.model.check import CheckCommand, Prepare
from loop_kit.model.event import FailureKind
from loop_kit.model.fields import step
from loop_kit.model.names import ROLES, did_you_mean
from loop_kit.model.prices import Prices
from loop_kit.model.redaction import find_key
from loop_kit.values import dataclass, field, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting of `[run]`: its key in the file, `LOOP_<KEY>` in the environment, `--<key>` on the command line."""

    key: str
    default: bool | int | float | str
    help: str

    @property
    def flag(self) -> str:
        return "--" + self.key.replace("_", "-")

    @property
    def variable(self) -> str:
        return "LOOP_" + self.key.upper()


RUN_OPTIONS = (
    Option(key="max_rounds", default=3, help="Stop after this many rounds without approval."),
    Option(
        key="timeout", default=0.0, help="Seconds the whole run may take, waiting for people included; 0 for no limit."
    ),
    Option(
        key="auto_dispatch",
        default=False,
        help="Start both programs; without it people do the parts that no backend is named for.",
    ),
    Option(key="dispatch_backend", default="native", help="How programs are started; 'native' is the only transport."),
    Option(
        key="worker_backend",
        default="codex",
        help="The agent program that works; a list (codex,claude): the next if one fails.",
    ),
    Option(key="reviewer_backend", default="codex", help="The agent program that reviews; a list as well."),
    Option(key="dispatch_timeout", default=600.0, help="Seconds one start of an agent may take; 0 for no limit."),
    Option(key="idle_timeout", default=0.0, help="Seconds an agent may print nothing; 0 for no limit."),
    Option(key="dispatch_retries", default=2, help="Further tries when a program fails for a passing reason."),
    Option(
        key="dispatch_retry_base_sec", default=5.0, help="Seconds before the first further try; doubles, 60 at most."
    ),
    Option(
        key="quota_wait", default=21600.0, help="Seconds to wait at most for a spent quota; 0 to end the run instead."
    ),
    Option(
        key="max_session_rounds", default=0, help="Rounds after which an agent begins a new conversation; 0 for never."
    ),
    Option(
        key="resume_reviewer", default=False, help="Let the reviewer go on in its conversation of the round before."
    ),
    Option(
        key="max_minutes", default=0.0, help="Minutes the agents may work in all, resumes included; 0 for no limit."
    ),
    Option(
        key="max_cost", default=0.0, help="US dollars the agents may cost in all, resumes included; 0 for no limit."
    ),
    Option(key="artifact_timeout", default=0.0, help="Seconds to wait for a person's report; 0 for no limit."),
    Option(key="require_heartbeat", default=False, help="Wait for a person only while their loop heartbeat beats."),
    Option(
        key="heartbeat_ttl", default=30.0, help="Seconds until a heartbeat is missed, and again until the run ends."
    ),
    Option(key="allow_dirty", default=False, help="Start although tracked files have uncommitted changes."),
    Option(key="require_checks", default=False, help="Refuse to start when no check is configured."),
    Option(key="review_failing", default=False, help="Ask the reviewer even when a check fails."),
    Option(key="verbose", default=False, help="Show what the agent programs print."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSettings:
    """What a role's program is given beyond its defaults."""

    model: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_document(cls, entry: Any) -> Self:
        return cls(model=entry.get("model", ""), args=tuple(entry.get("args", ())), env=dict(entry.get("env", {})))

    def to_document(self) -> dict[str, Any]:
        return {"model": self.model, "args": list(self.args), "env": dict(self.env)}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSettings:
    """One `[backends.NAME]` table. `type` names the registered backend that runs it; the rest is for that one alone.

    `prompt`, `report` and `failures` are for `command`, `script` is for `script`, `argv` for whoever starts any program and
    `preset` for whoever knows several; see docs/backends.md. A `model` here outweighs the role's, `args` stand before the
    role's.
    `allow_tree_settings` lets a program review that cannot be kept from the settings of the tree that it judges.
    """

    type: str
    model: str = ""
    args: tuple[str, ...] = ()
    path: str = ""
    argv: tuple[str, ...] = ()
    prompt: str = "stdin"
    report: str = "file"
    failures: tuple[tuple[str, FailureKind], ...] = ()
    script: str = ""
    preset: str = ""
    env: tuple[str, ...] = ()
    allow_tree_settings: bool = False

    @classmethod
    def from_document(cls, name: str, entry: Any) -> Self:
        return cls(
            type=entry.get("type", name),
            model=entry.get("model", ""),
            args=tuple(entry.get("args", ())),
            path=entry.get("path", ""),
            argv=tuple(entry.get("argv", ())),
            prompt=entry.get("prompt", "stdin"),
            report=entry.get("report", "file"),
            failures=tuple((start, FailureKind(kind)) for start, kind in entry.get("failures", {}).items()),
            script=entry.get("script", ""),
            preset=entry.get("preset", ""),
            env=tuple(entry.get("env", ())),
            allow_tree_settings=entry.get("allow_tree_settings", False),
        )

    def to_document(self) -> dict[str, Any]:
        document: dict[str, Any] = {"type": self.type, "prompt": self.prompt, "report": self.report}
        document |= {"model": self.model} if self.model else {}
        document |= {"args": list(self.args)} if self.args else {}
        document |= {"path": self.path} if self.path else {}
        document |= {"argv": list(self.argv)} if self.argv else {}
        document |= {"failures": {start: str(kind) for start, kind in self.failures}} if self.failures else {}
        document |= {"script": self.script} if self.script else {}
        document |= {"preset": self.preset} if self.preset else {}
        document |= {"allow_tree_settings": True} if self.allow_tree_settings else {}
        return document | ({"env": list(self.env)} if self.env else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a run can be told, resolved. Times are in seconds, 0 meaning no limit."""

    max_rounds: int = 3
    timeout: float = 0.0
    auto_dispatch: bool = False
    dispatch_backend: str = "native"
    worker_backend: str = "codex"
    reviewer_backend: str = "codex"
    dispatch_timeout: float = 600.0
    idle_timeout: float = 0.0
    dispatch_retries: int = 2
    dispatch_retry_base_sec: float = 5.0
    quota_wait: float = 21600.0
    max_session_rounds: int = 0
    resume_reviewer: bool = False
    max_minutes: float = 0.0
    max_cost: float = 0.0
    artifact_timeout: float = 0.0
    require_heartbeat: bool = False
    heartbeat_ttl: float = 30.0
    allow_dirty: bool = False
    require_checks: bool = False
    review_failing: bool = False
    verbose: bool = False
    roles: Mapping[str, RoleSettings] = field(default_factory=dict)
    backends: Mapping[str, BackendSettings] = field(default_factory=dict)
    env_pass: tuple[str, ...] = ()
    env_set: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    checks: Mapping[str, CheckCommand] = field(default_factory=dict)
    prepare: Prepare | None = None
    prices: Prices = field(default_factory=Prices)
    protect_keep: tuple[str, ...] = ()

    @classmethod
    def from_document(cls, document: Any, *, name: str = "config") -> Self:
        """Read a config document; raise `ConfigError` for an unknown key (with a suggestion) or a wrong value."""
        problem = find_typo(document) or schema.find_problem("config", document) or find_key(document)
        if problem is not None:
            raise ConfigError(f"{name} {problem}", hint="the rules are in schemas/config.schema.json")
        env = document.get("env", {})
        return cls(
            **{key: _coerce(key, value) for key, value in document.get("run", {}).items()},
            roles={role: RoleSettings.from_document(document.get(role, {})) for role in ROLES},
            backends={
                key: BackendSettings.from_document(key, entry) for key, entry in document.get("backends", {}).items()
            },
            env_pass=tuple(env.get("pass", ())),
            env_set=dict(env.get("set", {})),
            plugins=tuple(document.get("plugins", ())),
            checks={
                key: CheckCommand.from_document(entry, name=key) for key, entry in document.get("checks", {}).items()
            },
            prepare=Prepare.from_document(document["prepare"]) if "prepare" in document else None,
            prices=Prices.from_document(document.get("prices", {})),
            protect_keep=tuple(document.get("protect", {}).get("keep", ())),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "run": {option.key: getattr(self, option.key) for option in RUN_OPTIONS},
            **{role: settings.to_document() for role, settings in self.roles.items()},
            "backends": {name: settings.to_document() for name, settings in self.backends.items()},
            "env": {"pass": list(self.env_pass), "set": dict(self.env_set)},
            "plugins": list(self.plugins),
            "checks": {name: command.to_document() for name, command in self.checks.items()},
            **({} if self.prepare is None else {"prepare": self.prepare.to_document()}),
            "prices": self.prices.to_document(),
            **({"protect": {"keep": list(self.protect_keep)}} if self.protect_keep else {}),
        }

    def having(self, run: Mapping[str, Any], *, source: str) -> Self:
        """Return these settings with some of `[run]` replaced; `ConfigError` names `source` for a wrong value."""
        problem = schema.find_problem("config", {"run": dict(run)}) if run else None
        if problem is not None:
            raise ConfigError(f"{source} {problem}", hint="loop run --help lists every flag with its default")
        return replace(self, **{key: _coerce(key, value) for key, value in run.items()})

    def backend_names(self, role: str) -> tuple[str, ...]:
        """Return the backends for a role, the preferred one first."""
        listed = self.worker_backend if role == "worker" else self.reviewer_backend
        return tuple(dict.fromkeys(listed.replace(" ", "").split(",")))

    def model(self, role: str, name: str) -> str:
        """Return the model that the backend `name` is asked for in a role, "" for the program's own choice."""
        return self.backend(name).model or self.role(role).model

    def args(self, role: str, name: str) -> tuple[str, ...]:
        return (*self.backend(name).args, *self.role(role).args)

    def role(self, role: str) -> RoleSettings:
        return self.roles.get(role, RoleSettings())

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


_FLOATS = frozenset(option.key for option in RUN_OPTIONS if isinstance(option.default, float))
_TABLES = {
    "prices": ("as_of", "per_dispatch", "models"),
    "run": tuple(option.key for option in RUN_OPTIONS),
    **{role: tuple(item.name for item in fields(RoleSettings)) for role in ROLES},
    "env": ("pass", "set"),
    "protect": ("keep",),
    "prepare": ("argv", "run", "timeout", "files", "link"),
}
# Tables of tables: under names that the person chose.
_NAMED_TABLES = {
    "backends": tuple(item.name for item in fields(BackendSettings)),
    "checks": ("argv", "run", "timeout", "expect", "where"),
}


def _coerce(key: str, value: Any) -> Any:
    return float(value) if key in _FLOATS else value


def find_typo(document: Any) -> str | None:
    """Return a sentence about the first unknown key of a config with the key that was probably meant, or None."""
    if not isinstance(document, dict):
        return None
    known = (*_TABLES, *_NAMED_TABLES, "plugins")
    for key in document:
        if key not in known:
            return f"$.{key}: there is no such table{did_you_mean(key, known)}"
    for table, keys in _TABLES.items():
        entries = document.get(table)
        for key in entries if isinstance(entries, dict) else ():
            if key not in keys:
                return f"$.{table}.{key}: there is no such setting{did_you_mean(key, keys)}"
    for table, keys in _NAMED_TABLES.items():
        problem = _find_typo_below(table, document.get(table), keys)
        if problem:
            return problem
    return None


def _find_typo_below(table: str, entries: Any, keys: tuple[str, ...]) -> str | None:
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        for key in entry if isinstance(entry, dict) else ():
            if key not in keys:
                return f"$.{table}{step(name)}.{key}: there is no such setting{did_you_mean(key, keys)}"
    return None
