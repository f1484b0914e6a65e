"""A tree's own agent settings never speak for a reviewer, and a worker gets those of the base: through the real command."""

import json
import sys
from pathlib import Path

import pytest

from loop_kit.backends import standin
from tests.support.planting import planted
from tests.support.runs import Stage, approves, ended, objects, works

ALLOWED = "allow_tree_settings = true\n"
SETTINGS = ".claude/settings.json"


def _own(folder: Path, *, reviewers: str = "mine", more: str = "", name: str = "mine") -> Stage:
    """Return a stage whose reviewers are, among others, a program that loop knows nothing of."""
    stage = Stage.set_up(folder)
    argv = [sys.executable, standin.__file__, str(stage.script)]
    table = f'\n[backends."{name}"]\ntype = "command"\nargv = {json.dumps(argv)}\n{more}'
    text = (stage.bus / "config.toml").read_text(encoding="utf-8")
    stage.configure(text.replace('reviewer_backend = "script"', f'reviewer_backend = "{reviewers}"') + table)
    return stage


@pytest.mark.parametrize("reviewers", ["mine", "script,mine"])
def test_a_program_that_nothing_keeps_from_the_tree_may_not_review(tmp_path, reviewers: str):
    stage = _own(tmp_path, reviewers=reviewers)
    result = stage.run()
    assert (result.code, result.state, stage.paid) == (3, None, (0, 0))
    assert "'mine' may not review" in result.err
    assert "allow_tree_settings = true under [backends.mine]" in result.err


def test_a_name_with_a_dot_is_quoted_in_the_line_to_write(tmp_path):
    result = _own(tmp_path, reviewers="my.agent", name="my.agent").run()
    assert (result.code, '[backends."my.agent"]' in result.err) == (3, True), result.err


def test_what_a_person_allows_is_told_at_the_start_and_in_the_ending(tmp_path):
    stage = _own(tmp_path, more=ALLOWED)
    result = stage.run()
    ended(stage, result, 0, paid=(1, 1))
    told = "the reviewer (mine) runs with the settings of the tree it judges: allow_tree_settings says so"
    assert result.events("run_started")[0]["tree_settings"] == [told]
    assert told in result.err
    assert result.summary is not None
    assert result.summary["tree_settings_allowed"] == ["mine"]
    assert "  allow_tree_settings: the tree may have influenced its reviewer (mine)" in result.out


def test_a_stand_in_reviews_without_a_word_of_settings(tmp_path):
    stage = Stage.set_up(tmp_path)
    result = stage.run()
    ended(stage, result, 0, paid=(1, 1))
    assert result.events("run_started")[0]["tree_settings"] == []
    assert result.summary is not None
    assert result.summary["tree_settings_allowed"] == []


def test_a_reviewer_that_is_named_on_a_resume_is_asked_too(tmp_path):
    stage = _own(tmp_path, reviewers="script")
    stage.play([[{"exit": 3}], works()])
    assert stage.run("--dispatch-retries", "0").code == 8
    result = stage.run("--resume", "--reviewer-backend", "mine")
    assert (result.code, stage.paid) == (3, (1, 0))
    assert "loop run --resume --reviewer-backend NAME" in result.err
    ended(stage, stage.run("--resume", "--reviewer-backend", "script"), 0, paid=(2, 1))


def test_a_person_who_reviews_needs_no_word_for_it(tmp_path):
    stage = _own(tmp_path)
    result = stage.run("--no-auto-dispatch", "--worker-backend", "mine", "--artifact-timeout", "0.2")
    assert (result.code, stage.paid) == (9, (1, 0)), result.err
    told = result.events("run_started")[0]["tree_settings"]
    assert told == ["the worker (mine) runs with whatever settings the tree holds"]


def test_doctor_says_who_may_not_review(tmp_path):
    stage = _own(tmp_path)
    result = stage.loop("doctor")
    assert (result.code, "'mine' may not review" in result.out) == (8, True), result.out
    assert _own(tmp_path / "allowed", more=ALLOWED).loop("doctor").code == 0


def _taking(folder: Path, *, settings: str = '{"of": "the base"}', **agents: object) -> Stage:
    """Return a stage with a loop whose stand-in can be given settings: the paths of their files are its arguments."""
    python = planted(
        folder / "loop",
        "backends/script.py",
        {
            "return ()\n\n    def configured": f'return ("{SETTINGS}", ".absent.json")\n\n    def configured',
            "*session, *order.args)": '*session, *(f"{p}={f}" for p, f in order.base_settings.items()), *order.args)',
        },
    )
    stage = Stage.set_up(folder, files={"app.txt": "one\n", SETTINGS: settings}, **agents)  # type: ignore[arg-type]
    stage.program = (python, "-P", "-E", "-m", "loop_kit")
    return stage


def test_a_worker_gets_the_settings_of_the_base_in_every_round_and_a_reviewer_none(tmp_path):
    seen = tmp_path / "seen"
    look = {"run": ["{python}", "-c", _LOOK.format(seen=str(seen), path=SETTINGS)]}
    plant = [look, {"edit": {SETTINGS: '{"of": "the worker"}'}}, *works("no\n")]
    stage = _taking(
        tmp_path, worker=[plant, [look, {"exit": 3}], [look, *works("two\n")]], reviewer=[objects(), approves()]
    )
    assert stage.run("--dispatch-retries", "0").code == 8
    ended(stage, stage.run("--resume"), 0, paid=(3, 2))
    assert seen.read_text(encoding="utf-8").splitlines() == ['{"of": "the base"}'] * 3
    assert [call["argv"] for call in stage.calls("reviewer")] == [[], []]
    given = [call["argv"][-1].partition("=") for call in stage.calls("worker")]
    assert {path for path, _, _ in given} == {SETTINGS}
    files = [Path(file) for _, _, file in given]
    assert len(set(files)) == 3
    assert not any(file.exists() or file.is_relative_to(stage.root) for file in files)


def test_settings_of_the_base_that_are_too_large_are_refused_before_anything_is_paid(tmp_path):
    stage = _taking(tmp_path, settings=" " * (1024 * 1024 + 1))
    result = stage.run()
    assert (result.code, result.state, stage.paid) == (3, None, (0, 0))
    assert f"{SETTINGS} at " in result.err


def test_a_link_at_the_base_is_read_where_it_leads_in_the_tree_and_no_further(tmp_path):
    stage = _taking(tmp_path)
    for target, given in (("../app.txt", 1), ("/etc/hostname", 0)):
        (stage.root / SETTINGS).unlink()
        (stage.root / SETTINGS).symlink_to(target)
        stage.git("commit", "--quiet", "--all", "--message", "Link the settings")
        stage.play([works(f"{target}\n")])
        stage.forget_calls()
        assert stage.run().code == 0
        assert [len(call["argv"]) for call in stage.calls("worker")] == [given]


# Finds in the command line of the stand-in, its parent, the file that it was given, and writes down what stands there.
_LOOK = (
    "import os; words = open(f'/proc/{{os.getppid()}}/cmdline').read().split(chr(0));"
    "file = [w for w in words if w.startswith('{path}=')][0].partition('=')[2];"
    "open('{seen}', 'a').write(open(file).read() + chr(10))"
)
