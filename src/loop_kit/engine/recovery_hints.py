"""The commands that mend what git shows: an ending names the exact one."""

from collections.abc import Collection

REWRITTEN = ("base_rewritten", "head_rewritten")


def how_to_mend(
    codes: Collection[str], *, run_name: str, branch: str, head_sha: str, by_hand: bool, then: str = "loop run --resume"
) -> str:
    """Return the next step after findings with these codes; `then` is the command that goes on when it is mended.

    `branch` and `head_sha` are those that the run relies on.
    """
    if "branch_switched" in codes:
        return f"{switch_back(branch, head_sha)}, then: {then}"
    if not set(codes).isdisjoint(REWRITTEN):
        return f"{go_back(run_name, head_sha, by_hand=by_hand)}, then: {then}"
    return f"look at it (every commit loop relied on is under refs/loop/{run_name}/), mend it, then: {then}"


def switch_back(branch: str, head_sha: str) -> str:
    return f"git switch {branch or '--detach ' + head_sha[:12]}"


def go_back(run_name: str, head_sha: str, *, by_hand: bool) -> str:
    """Return how the branch comes to hold the last verified head again. A person's files stay as they are."""
    head = head_sha[:12]
    if by_hand:
        return f"git reset --soft {head} && git commit puts your files, as they are, on top of {head} again"
    return f"git reset --hard {head} takes the branch back (it is pinned under refs/loop/{run_name}/)"
