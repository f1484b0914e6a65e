"""What the agents are told: model in, text out; no files, no processes."""

from loop_kit.prompts.delivery import follow_up
from loop_kit.prompts.reviewer import ReviewerBrief, reviewer_prompt
from loop_kit.prompts.templates import REVIEWER_PLACEHOLDERS, WORKER_PLACEHOLDERS, check_template
from loop_kit.prompts.worker import WorkerBrief, worker_prompt

__all__ = [
    "REVIEWER_PLACEHOLDERS",
    "WORKER_PLACEHOLDERS",
    "ReviewerBrief",
    "WorkerBrief",
    "check_template",
    "follow_up",
    "reviewer_prompt",
    "worker_prompt",
]
