"""What a round of a long run looks back at, so that it costs what the first ones cost."""

from loop_kit.model.documents import read
from loop_kit.model.manifest import Manifest
from loop_kit.model.state import KEPT_ROWS, RunState
from loop_kit.steps.work import ground_of
from tests.support import documents


def after(rounds: int) -> RunState:
    """Return the state after so many rounds, each with a head of its own; it keeps the rows of the last of them."""
    document = documents.state()
    rows = [
        {**document["round_details"][0], "round": number, "head_sha": f"{number:040}"}
        for number in range(1, rounds + 1)
    ]
    return read(RunState, {**document, "round": rounds + 1, "round_details": rows[-KEPT_ROWS:]})


def test_the_commits_of_a_change_are_listed_from_the_base_or_from_the_oldest_round_that_the_state_knows():
    manifest = read(Manifest, documents.manifest())
    for rounds, listed_from in ((0, documents.SHA), (KEPT_ROWS - 1, documents.SHA), (KEPT_ROWS + 5, f"{6:040}")):
        ground = ground_of(manifest, after(rounds))
        assert (ground.base_sha, ground.listed_from) == (documents.SHA, listed_from)
