"""What stands before every paid process."""

from loop_kit.errors import RoundLimitError
from loop_kit.model.state import RunState
from loop_kit.rounds.context import RunContext


def admit(ctx: RunContext, state: RunState) -> None:
    """Raise unless one more agent may be started now: asked before every dispatch, and by the PM before every round."""
    ctx.check_stop()
    limit = ctx.settings.max_rounds
    if state.round > limit:
        raise RoundLimitError(
            f"{limit} rounds ended without approval",
            hint=f"loop run --resume --max-rounds {limit + 2} goes on; loop status shows what is still open",
        )
