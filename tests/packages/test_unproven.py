"""What is no proof in a real package: an environment that loads other code, and a test that changes its mind."""

import subprocess
import venv
from dataclasses import replace
from pathlib import Path

from tests.packages.catalogue import CRITERION, INFLECTION, ITSDANGEROUS, Suite
from tests.packages.staging import archived, command, findings, mends, reads, stage, toml, wheels
from tests.support.fetching import pip
from tests.support.runs import clearing, ended

UNPROVEN = "approved, unverified: no check verifies it"
# Fails in the third of its runs. The base is red without it too and takes two of them: this is the first try of the head.
MOODY = """
import os
from pathlib import Path


def test_the_mood():
    runs = Path(os.environ["MOOD"])
    with runs.open("a") as file:
        file.write(".")
    assert len(runs.read_text()) != 3
"""


def test_a_linked_environment_with_the_persons_tree_installed_editable_proves_nothing(tmp_path: Path):
    package = ITSDANGEROUS
    config = toml({"checks.tests": {"run": package.checks["tests"].run}, "prepare": {"link": [".venv"]}})
    made = stage(tmp_path, package, config=config)
    python = install_editable(made.root)
    where = [str(python), "-c", "import itsdangerous; print(itsdangerous.__file__)"]
    loaded = subprocess.run(where, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True).stdout.strip()
    assert Path(loaded).is_relative_to(made.root), "this is what makes such an environment worthless"
    made.play(
        worker=[mends(package, package.right, "Compare the right way round")],
        reviewer=[reads(f"takes the project from {made.root}", "tests (.venv/bin/python -m pytest -q): not run")],
    )

    with clearing(made):
        result = made.run("--require-checks")  # it asks for checks that are named, and one is
        ended(made, result, 0, says="unverified", paid=(1, 1))
    assert result.summary is not None
    assert (result.summary["verified"], result.summary["reason"]) == (False, UNPROVEN)
    for number, head in enumerate([result.standing["base_sha"], result.standing["head_sha"]]):
        evidence = archived(made, f"r{number}_checks")
        assert (evidence["head_sha"], evidence["verified"]) == (head, False)
        assert f" takes the project from {made.root} instead of from the tree that is checked: " in evidence["refused"]
        assert [(check["result"], check["how"]) for check in evidence["checks"]] == [("not_run", "not_run")]
    assert findings(made, 1) == [("criterion_unmet", "judge")]
    assert [event["refused"] != "" for event in result.events("checks_ended")] == [True, True]


def install_editable(root: Path) -> Path:
    """Give the person's tree an environment as people have it, and return its Python."""
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/exclude").write_text(".venv\n", encoding="utf-8")
    venv.create(root / ".venv", with_pip=False, symlinks=True)
    python = root / ".venv/bin/python"
    offline = ("--no-index", "--find-links", wheels(ITSDANGEROUS), "--no-compile")
    pip("--python", python, "install", *offline, "--editable", root)
    return python


def test_a_test_that_fails_once_and_passes_when_run_again_is_flaky_and_buys_no_round(tmp_path: Path):
    whole = Suite(run="{python} -m pytest -q", tests=456, failed=(12, 8, 1))
    package = replace(INFLECTION, checks={CRITERION: whole}, checks_in="config")
    mood = tmp_path / "mood"
    config = toml({"checks.tests": {"run": command(package, whole.run)}, "env.set": {"MOOD": str(mood)}})
    made = stage(tmp_path, package, files={"test_mood.py": MOODY}, config=config)
    made.play(worker=[mends(package, package.right, "Look at the last two digits")], reviewer=[reads("): flaky in")])

    with clearing(made):
        result = made.run()
        ended(made, result, 0, paid=(1, 1))
    assert mood.read_text(encoding="utf-8") == "...."
    ((red,), (green,)) = (archived(made, f"r{number}_checks")["checks"] for number in (0, 1))
    assert (red["result"], green["result"], green["exit_code"]) == ("fail", "flaky", 1)
    assert green["tests"] == {"run": 456, "failed": 1, "skipped": 0}
    assert "test_mood.py" in green["output"]
    # It shows nothing in either direction: no fix list, and the criterion that rests on it is the reviewer's to judge.
    assert findings(made, 1) == [("check_flaky", "judge"), ("criterion_unmet", "judge")]
    assert "r2_fix_list.json" not in made.archived(package.task_id)
    assert [event["decision"] for event in result.events("decided")] == ["approve"]
    assert result.summary is not None
    assert (result.summary["verified"], result.summary["reason"]) == (False, UNPROVEN)
