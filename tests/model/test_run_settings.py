from loop_kit.model.run_settings import RunSettings, flag_of, run_settings, variable_of


def test_a_setting_is_named_for_the_file_the_flag_and_the_environment():
    names = {setting.name: (flag_of(setting), variable_of(setting)) for setting in run_settings()}
    assert names["max_rounds"] == ("--max-rounds", "LOOP_MAX_ROUNDS")


def test_every_setting_says_what_it_means_and_has_a_default():
    assert all(setting.help and setting.has_default for setting in run_settings())


def test_an_agent_has_three_quarters_of_an_hour_and_may_be_silent():
    assert (RunSettings().dispatch_timeout, RunSettings().idle_timeout) == (45 * 60.0, 0.0)
