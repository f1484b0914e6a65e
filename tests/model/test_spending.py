import json

import pytest

from loop_kit.model.agent_events import Usage
from loop_kit.model.prices import Cost, CostSource
from loop_kit.model.spending import NOTHING, Spending, since, total, with_total
from loop_kit.values.reading import read, write
from loop_kit.values.wording import FieldError

REPORTED = Spending.of(
    Usage(input_tokens=10, output_tokens=4, cost_usd=0.25), Cost(usd=0.25, source=CostSource.REPORTED), 2.5
)
SILENT = Spending.of(None, Cost(usd=1.0, source=CostSource.ASSUMED), 1.5)


def test_what_nobody_knows_is_counted_as_unknown_and_not_as_nothing():
    assert (SILENT.input_tokens, SILENT.cost_usd, SILENT.counted_usd) == (None, None, 1.0)
    assert (SILENT.uncounted, SILENT.unpriced, SILENT.dispatches) == (1, 1, 1)
    both = REPORTED + SILENT
    assert (both.input_tokens, both.cost_usd, both.counted_usd, both.seconds) == (10, 0.25, 1.25, 4.0)
    assert (both.uncounted, both.unpriced, both.dispatches) == (1, 1, 2)
    assert both == total([SILENT, REPORTED])
    assert total([]) == NOTHING


def test_sums_are_the_same_whether_or_not_their_parts_were_written_down():
    parts = [Spending.of(None, Cost(usd=usd, source=CostSource.REPORTED), usd / 3) for usd in (1 / 3, 2 / 7, 0.1, 1e-7)]
    written = [read(Spending, json.loads(json.dumps(write(part)))) for part in parts]
    halfway = read(Spending, write(total(parts[:2])))
    assert total(parts) == total(written) == total([halfway, *parts[2:]])


def test_spendings_come_back_as_they_went():
    spent = {"worker": REPORTED, "reviewer": SILENT}
    assert {role: read(Spending, entry) for role, entry in json.loads(json.dumps(write(spent))).items()} == spent
    assert with_total({"worker": REPORTED}) == {"worker": REPORTED, "total": REPORTED}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seconds": -1}, "$.spent.worker.seconds: it should be at least 0, not -1"),
        ({"seconds": "long"}, "$.spent.worker.seconds: it should be a number, not 'long'"),
        ({"cost_usd": True}, "$.spent.worker.cost_usd: it should be a number or null, not true"),
        ({"counted_usd": float("inf")}, "$.spent.worker.counted_usd: it should be a number, not inf"),
        ({"counted_usd": float("nan")}, "$.spent.worker.counted_usd: it should be a number, not nan"),
        ({"input_tokens": 1.5}, "$.spent.worker.input_tokens: it should be a whole number or null, not 1.5"),
        ({"dispatches": None}, "$.spent.worker.dispatches: it should be a whole number, not null"),
        ({"free": 1}, "$.spent.worker.free: there is no such field"),
    ],
)
def test_a_wrong_spending_is_refused_by_its_path(change, sentence):
    with pytest.raises(FieldError) as refused:
        read(Spending, write(REPORTED) | change, "$.spent.worker")
    assert str(refused.value) == sentence


SESSION = Usage(input_tokens=30, output_tokens=8, cumulative=True)


@pytest.mark.parametrize(
    ("usage", "before", "resumed", "own"),
    [
        (SESSION, Usage(input_tokens=10, output_tokens=3), True, Usage(input_tokens=20, output_tokens=5)),
        (SESSION, None, False, SESSION),
        (SESSION, None, True, None),
        (SESSION, Usage(input_tokens=10), True, Usage(input_tokens=20)),
        (SESSION, Usage(input_tokens=40, output_tokens=3), True, Usage(input_tokens=30, output_tokens=5)),
        (Usage(input_tokens=7), Usage(input_tokens=5), True, Usage(input_tokens=7)),
        (None, Usage(input_tokens=5), True, None),
    ],
    ids=["goes-on", "first", "start-unknown", "half-known", "counts-anew", "by-itself", "silent"],
)
def test_of_a_count_over_a_session_a_dispatch_is_the_difference(usage, before, resumed, own):
    assert since(usage, before, resumed=resumed) == own
