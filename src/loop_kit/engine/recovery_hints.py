"""The commands that mend what git shows: an ending names the exact one."""

from collections.abc import Collection

from loop_kit.model.state import RunState

REWRITTEN = ("base_rewritten", "head_rewritten")


def how_to_mend(state: RunState, codes: Collection[str], *, by_hand: bool, then: str = "loop run --resume") -> str:
    """Return the next step after findings with these codes; `then` is the command that goes on when it is mended."""
    if "branch_switched" in codes:
        return f"{switch_back(state)}, then: {then}"
    if not set(codes).isdisjoint(REWRITTEN):
        return f"{go_back(state, by_hand=by_hand)}, then: {then}"
    return f"look at it (every commit loop relied on is under refs/loop/{state.run_name}/), mend it, then: {then}"


def switch_back(state: RunState) -> str:
    return f"git switch {state.branch or '--detach ' + state.head_sha[:12]}"


def go_back(state: RunState, *, by_hand: bool) -> str:
    """Return how the branch comes to hold the last verified head again. A person's files stay as they are."""
    head = state.head_sha[:12]
    if by_hand:
        return f"git reset --soft {head} && git commit puts your files, as they are, on top of {head} again"
    return f"git reset --hard {head} takes the branch back (it is pinned under refs/loop/{state.run_name}/)"
