"""What passed once in a run has to go on passing, also what failed before the run began: through the real command."""

from tests.support.runs import Stage, approves, ended, objects, works

CHECK = '[checks.two]\nrun = "grep -q two app.txt"\n'


def test_a_check_that_an_earlier_round_mended_is_not_excused_by_its_failure_at_the_base(tmp_path):
    contents = ("two\n", "two and a half\n", "three\n")
    stage = Stage.set_up(
        tmp_path, worker=[works(content) for content in contents], reviewer=[objects(), objects(), approves()]
    )
    stage.configure(stage.bus.joinpath("config.toml").read_text(encoding="utf-8") + CHECK)
    ended(stage, stage.run("--max-rounds", "3"), 6, paid=(3, 2))
    fixes = stage.read("fix_list")
    assert fixes is not None
    assert fixes["fixes"][0]["reason"].startswith("a check that passed earlier in this run fails now: two ")
