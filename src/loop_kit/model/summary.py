"""How a run ended: `summary.json`, for people and for the programs that started it."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from loop_kit.errors import Outcome
from loop_kit.model.events import Event, FailureName, Texts, Usage
from loop_kit.model.kinds import Count, Role, RunName, TaskId, Time
from loop_kit.model.prices import CostSource
from loop_kit.model.review import Issue
from loop_kit.model.spending import Spending
from loop_kit.model.state import RoundRow
from loop_kit.model.versions import KNOWN
from loop_kit.values import dataclass
from loop_kit.values.annotations import Form, Range, Size

MOST_LISTED = 200  # commits, files and things noticed


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchFact:
    """An agent program that was started."""

    role: Annotated[Role, "The part it played."]
    round: Annotated[Count, "The round it was for."]
    backend: Annotated[str, "The backend that ran it."]
    version: Annotated[str | None, "What its program says of its version; empty when unknown."] = None
    how: Annotated[str | None, "How the program ended, as in the feed."] = None
    seconds: Annotated[float, "How long it took."]
    document: Annotated[bool | None, "Whether it submitted a report that could be used."] = None
    failure: Annotated[str | None, "How its failure is classed; null when it did not fail."] = None
    usage: Annotated[
        Usage,
        "Tokens and US dollars as the program reported them; null or absent is unknown, never zero.",
    ]
    cost_usd: Annotated[float | None, "What it cost in US dollars; null is unknown, never zero."] = None
    cost_source: Annotated[
        CostSource | None,
        "Where that is from: 'reported' by the program, its 'tokens' at the prices of the config, or 'assumed', which is not "
        "known.",
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A moment at which another backend took over."""

    role: Annotated[Role, "The part it played."]
    round: Annotated[Count, "The round it was in."]
    backend: Annotated[str, "The backend that failed."]
    to: Annotated[str, "The one that took over."]
    failure: Annotated[FailureName, "How the failure is classed; 'missing' for a program that is not there."]
    message: Annotated[str, "What the program said."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a run ended, for people and for the programs that started it. Written before the final state."""

    kind: ClassVar[str] = "summary"
    form: ClassVar[Form] = Form.OPEN
    schema_version: ClassVar[int] = KNOWN["summary"]

    run_id: Annotated[str, Size(0, 200), "The name of the run."]
    run_name: Annotated[RunName, "The name that the run's archive folder, refs and logs share."]
    task_id: Annotated[TaskId, "The id of the task."]
    outcome: Annotated[Outcome, "The name of the ending."]
    exit_code: Annotated[int, Range(0, 255), "The exit code of the command that ended the run."]
    verified: Annotated[
        bool | None,
        "Whether loop's own checks passed on the final head; null when no check is configured: 'approved' then rests on the "
        "reviewer alone.",
    ]
    reason: Annotated[str, "Why the run ended, in one sentence."]
    next_step: Annotated[str, "What the person can do now."]
    base_sha: Annotated[str, "The commit the run began at."]
    head_sha: Annotated[str, "The last head that loop verified."]
    tree: Annotated[str, "The git tree of that head; an approval is for exactly this tree."]
    branch: Annotated[str, "The branch the work is on; empty on a detached HEAD."]
    rounds: Annotated[Count, "How many rounds were finished."]
    commits: Annotated[tuple[str, ...], "The commits from base_sha to head_sha, oldest first, as 'id subject'."]
    files: Annotated[tuple[str, ...], "The paths that differ between base_sha and head_sha."]
    open_issues: Annotated[tuple[Issue, ...], "The blocking issues that are not fixed; empty after an approval."]
    suggestions: Annotated[tuple[str, ...], "What the last review would have liked and did not ask for."]
    self_review: Annotated[bool, "Whether the last review was made by the person who had done the work."] = False
    tree_settings_allowed: Annotated[
        tuple[str, ...],
        "The reviewers that a person let review although the settings of the tree may speak for them; see allow_tree_settings.",
    ] = ()
    round_details: Annotated[tuple[RoundRow, ...], "The finished rounds in short, as in the state."]
    spent: Annotated[
        Mapping[str, Spending],
        "What the run used up: by role, and in all as 'total'. What each round used stands in round_details.",
    ]
    dispatches: Annotated[tuple[DispatchFact, ...], "The agent programs that were started, oldest first."]
    switches: Annotated[tuple[Switch, ...], "Where another backend took over, and why."]
    noticed: Annotated[
        tuple[str, ...],
        "What was not as it was around the run, a sentence each: refs, stashed work, files that git does not have, files of the "
        "bus, the person's tree after a review.",
    ] = ()
    started_at: Annotated[Time, "When the run began, UTC."]
    ended_at: Annotated[Time, "When it ended, UTC."]

    @property
    def cost_usd(self) -> float | None:
        """What all dispatches cost together; one with an unknown price makes the sum unknown."""
        total = self.spent.get("total")
        return None if total is None or total.unpriced else total.cost_usd

    @property
    def known_usd(self) -> float | None:
        """The part of that cost that is known, None when nothing is."""
        total = self.spent.get("total")
        return None if total is None else total.cost_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnded(Event):
    """What `--json` says last: how the run ended, or the try to begin one."""

    kind = "ending"
    durable = False
    outcome: Outcome
    exit_code: int
    message: str
    hint: str
    next: Annotated[Texts, "Commands that can be typed."]
    checks: Annotated[Texts, "A sentence for each."]
    summary: Summary | None
