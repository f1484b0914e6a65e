"""The settings of `[run]`: each is one field here, read by the config file, the environment and the command line alike.

Its type, what it may be, its default and its help stand in that one place: flags, `LOOP_*` variables, the schema,
defaults/config.toml, docs/config.md and `--help` come from it.
"""

from typing import Annotated, Literal

from loop_kit.model.kinds import BackendNames, Dollars, Reviewer, RoundNumber, Seconds
from loop_kit.values import dataclass
from loop_kit.values.annotations import DocumentField, Range, Size, document_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """The table `[run]`: `max_rounds` is `--max-rounds` on the command line and `LOOP_MAX_ROUNDS` in the environment."""

    max_rounds: Annotated[RoundNumber, "Stop after this many rounds without approval."] = 3
    timeout: Annotated[Seconds, "Seconds the whole run may take, waiting for people included; 0 for no limit."] = 0.0
    auto_dispatch: Annotated[
        bool, "Start both programs; without it people take the roles for which no backend is named."
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
    reviewers: Annotated[
        tuple[Reviewer, ...],
        Size(0, 9),
        "Several reviewers instead, as claude,codex, who are asked independently and at once; each is the name of a role of "
        "[roles] or of a backend.",
    ] = ()
    quorum: Annotated[
        int, Range(0, 9), "How many reviewers have to approve, while none objects; 0 for all of them."
    ] = 0
    dispatch_timeout: Annotated[Seconds, "Seconds one start of an agent may take; 0 for no limit."] = 2700.0
    idle_timeout: Annotated[Seconds, "Seconds an agent may print nothing; 0 for no limit."] = 0.0
    dispatch_retries: Annotated[int, Range(0, 1000), "Retries when a program fails for a temporary reason."] = 2
    dispatch_retry_base_sec: Annotated[Seconds, "Seconds before the first retry; doubles, 60 at most."] = 5.0
    quota_wait: Annotated[
        Seconds,
        "Seconds to wait at most for a spent quota, when the program says when it is free again and no other backend is "
        "left; 0 to end the run instead.",
    ] = 21600.0
    max_session_rounds: Annotated[
        int, Range(0, 1_000_000), "Rounds after which an agent starts a new session; 0 for never."
    ] = 0
    resume_reviewer: Annotated[bool, "Let the reviewer resume its session of the round before."] = False
    max_minutes: Annotated[
        float, Range(0, 525_600), "Minutes the agents may work in all, resumes included; 0 for no limit."
    ] = 0.0
    max_cost: Annotated[
        Dollars,
        "US dollars the agents may cost in all, resumes included; 0 for no limit. What a program does not report is priced "
        "by [prices].",
    ] = 0.0
    artifact_timeout: Annotated[Seconds, "Seconds to wait for a person's report; 0 for no limit."] = 0.0
    require_heartbeat: Annotated[bool, "Wait for a person only while their loop heartbeat is sent."] = False
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
