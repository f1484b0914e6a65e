from loop_kit.model.change import Effect
from loop_kit.vcs.findings import about, ask_again, listed, stop


def test_a_finding_counts_all_paths_and_names_the_first():
    finding = about(Effect.FIX, "out_of_scope", "file", "out of scope", [f"f{number}" for number in range(30)])
    assert finding.text == "30 files out of scope: f0, f1, f2, f3, f4 and 25 more"
    assert len(finding.paths) == 20


def test_a_short_list_is_complete():
    assert listed(["a", "b"], 2) == "a, b"


def test_the_two_gravest_effects_have_a_word():
    assert stop("x", "y").effect is Effect.STOP
    assert ask_again("x", "y").effect is Effect.ASK_AGAIN
