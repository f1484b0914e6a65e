"""Briefs for the tests of prompts: an ordinary one for each role, to be changed with `dataclasses.replace`."""

from loop_kit.model.change import Change, Commit, FileChange
from loop_kit.model.decision import Decision
from loop_kit.model.manifest import PromptTexts
from loop_kit.model.review import FixList, Issue
from loop_kit.model.state import Judge, RoundRow
from loop_kit.model.task import Criterion, TaskCard
from loop_kit.model.work import ClaimedTest, WorkReport
from loop_kit.prompts import ReviewerBrief, WorkerBrief
from loop_kit.resources import default_text

BASE = "b" * 40
FIRST = "1" * 40
SECOND = "2" * 40
TREE = "e" * 40

CARD = TaskCard(
    task_id="T-001",
    goal="An empty search returns nothing.",
    acceptance_criteria=(Criterion(text="Blanks count as empty."), Criterion(text="A test shows it.", check="tests")),
    in_scope=("search/**",),
    out_of_scope=("search/index/**",),
    constraints=("The interface stays.",),
)

TEXTS = PromptTexts(
    agents_md="Use the names that are there.",
    worker_role="Find the cause.",
    reviewer_role="Think before you read.",
    worker_template=default_text("templates/worker_prompt.txt"),
    reviewer_template=default_text("templates/reviewer_prompt.txt"),
    context="The index is rebuilt at night.",
)

ROW = RoundRow(
    round=1,
    head_sha=FIRST,
    tree=TREE,
    decision=Decision.CHANGES_REQUIRED,
    judged_by=Judge.REVIEWER,
    blocking=2,
    ended_at="2025-01-01T00:00:00.000Z",
)

FIX_LIST = FixList(
    task_id="T-001",
    round=2,
    base_sha=BASE,
    head_sha=FIRST,
    fixes=(
        Issue(severity="high", file="search/find.txt:12", reason="Blanks still fail.", required_change="Strip first."),
        Issue(severity="low", file="", reason="No test.", required_change="Add one for blanks."),
    ),
    prior_round_notes="Only the empty text so far.",
    prior_review_non_blocking=("A shorter name would do.",),
)

CHANGE = Change(
    base_sha=BASE,
    head_sha=SECOND,
    tree=TREE,
    commits=(Commit(sha=FIRST, subject="Empty text"), Commit(sha=SECOND, subject="Blanks too")),
    files=(
        FileChange(path="search/find.txt", status="M", added=3, removed=1),
        FileChange(path="search/logo.bin", status="A", added=None, removed=None),
    ),
)

WORK = WorkReport(
    task_id="T-001",
    round=2,
    head_sha=SECOND,
    notes="Strips before it looks.",
    tests=(ClaimedTest(name="blanks", result="pass"),),
)

WORKER = WorkerBrief(
    card=CARD, round=1, base_sha=BASE, head_sha=BASE, report_path="/bus/runtime/d1/report.json", texts=TEXTS
)

REVIEWER = ReviewerBrief(
    card=CARD,
    round=2,
    change=CHANGE,
    report_path="/bus/runtime/d4/report.json",
    texts=TEXTS,
    work=WORK,
    diff="-old\n+new\n",
    fix_list=FIX_LIST,
    history=(ROW,),
)
