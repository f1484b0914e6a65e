from loop_kit.model.agent_events import Usage


def test_what_a_program_does_not_report_is_unknown_and_not_zero():
    usage = Usage(input_tokens=0)
    assert (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (0, None, None)
