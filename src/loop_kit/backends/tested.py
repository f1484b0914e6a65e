"""The versions of the agent programs that the backends here were held against: the one place that names them.

By npm package, the oldest first. The last of each is what the lane `make agents` installs; `python -m tests.agents.pins`
writes npm's own record of them and the tables of the docs anew.
"""

from collections.abc import Mapping

TESTED: Mapping[str, tuple[str, ...]] = {
    "@anthropic-ai/claude-code": ("2.1.197", "2.1.329", "2.1.332"),
    "@google/gemini-cli": ("0.61.0",),
    "@openai/codex": ("0.169.0", "0.171.0"),
    "opencode-ai": ("1.18.33",),
}
