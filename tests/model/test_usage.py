from loop_kit.model.usage import NUMBERS, UsageNumbers


def test_only_what_is_known_is_told():
    assert UsageNumbers(input_tokens=0, cost_usd=0.5).known == {"input_tokens": 0, "cost_usd": 0.5}
    assert UsageNumbers().known == {}
    assert NUMBERS[-1] == "cost_usd"
