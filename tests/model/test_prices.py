import pytest

from loop_kit.model.agent_events import Usage
from loop_kit.model.prices import Cost, CostSource, ModelPrice, Prices
from loop_kit.values import reading

TABLE = Prices(
    as_of="2025-01-31",
    per_dispatch=0.5,
    models={
        "large": ModelPrice(input=2.0, output=10.0, cached=0.2),
        "codex": ModelPrice(input=1.0, output=1.0, cached=1.0),
    },
)


def test_a_table_comes_back_as_it_went():
    assert reading.read(Prices, reading.write(TABLE)) == TABLE


def test_without_a_price_of_its_own_what_was_cached_costs_as_much_as_the_rest():
    price = ModelPrice(input=2.0, output=10.0)
    assert reading.write(price) == {"input": 2.0, "output": 10.0}
    assert price.of(Usage(input_tokens=1_000_000, cached_tokens=900_000, output_tokens=0)) == 2.0


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(input_tokens=5, output_tokens=5, cost_usd=0.0), Cost(usd=0.0, source=CostSource.REPORTED)),
        (
            Usage(input_tokens=1_000_000, cached_tokens=500_000, output_tokens=100_000),
            Cost(usd=1.0 + 0.1 + 1.0, source=CostSource.TOKENS),
        ),
        (Usage(input_tokens=1_000_000), Cost(usd=0.5, source=CostSource.ASSUMED)),
        (Usage(), Cost(usd=0.5, source=CostSource.ASSUMED)),
        (None, Cost(usd=0.5, source=CostSource.ASSUMED)),
    ],
    ids=["reported", "tokens", "half-counted", "uncounted", "silent"],
)
def test_the_best_that_is_known_decides(usage: Usage | None, cost: Cost):
    assert TABLE.cost(usage, "large", "codex") == cost


def test_the_model_is_looked_for_before_its_backend():
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    assert TABLE.cost(usage, "large", "codex").usd == 2.0
    assert TABLE.cost(usage, "unheard-of", "codex").usd == 1.0
    assert TABLE.cost(usage, "", "unheard-of").source is CostSource.ASSUMED


def test_what_is_assumed_is_not_known():
    assert TABLE.cost(None).known is None
    assert TABLE.cost(Usage(cost_usd=0.25)).known == 0.25
