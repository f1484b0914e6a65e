from pathlib import Path

from loop_kit.checks.gather import CheckTarget, gather
from loop_kit.checks.plan import Plan
from loop_kit.model.check import CheckCommand, Prepare, Where
from loop_kit.model.documents import read, write
from loop_kit.model.evidence import Evidence, Verdict
from tests.checks.pythons_made import by_path_file, make_venv
from tests.checks.workspaces import TREE, make_workspace, shell

SUBJECT = CheckTarget(task_id="T-001", round=1, head_sha="c" * 40)


def verdicts(evidence: Evidence) -> list[Verdict]:
    return [result.verdict for result in evidence.results]


def test_all_checks_of_the_plan_are_evidence_in_their_order(tmp_path: Path):
    plan = Plan(commands=(shell("true", name="one"), shell("false", name="two"), shell("true", name="three")))
    evidence = gather(plan, make_workspace(tmp_path), SUBJECT)
    assert verdicts(evidence) == [Verdict.PASS, Verdict.FAIL, Verdict.PASS]
    assert (evidence.task_id, evidence.round, evidence.head_sha, evidence.tree) == ("T-001", 1, "c" * 40, TREE)
    assert (evidence.prepared, evidence.refused, evidence.verified) == (None, "", False)
    assert read(Evidence, write(evidence)) == evidence


def test_a_tree_that_cannot_be_made_ready_is_not_checked(tmp_path: Path):
    commands = (shell("true", name="apart"), shell("true", name="inplace", where=Where.INPLACE))
    plan = Plan(commands=commands, prepare=Prepare(argv=("false",)))
    evidence = gather(plan, make_workspace(tmp_path), SUBJECT)
    assert verdicts(evidence) == [Verdict.NOT_RUN, Verdict.PASS]
    assert evidence.results[0].reason == "the tree could not be made ready: exit code 1"
    assert evidence.prepared is not None
    assert evidence.prepared.failed
    assert not evidence.verified


def test_what_was_prepared_is_there_for_the_checks(tmp_path: Path):
    plan = Plan(commands=(shell("test -e ready"),), prepare=Prepare(argv=("touch", "ready")))
    evidence = gather(plan, make_workspace(tmp_path), SUBJECT)
    assert evidence.verified
    assert evidence.prepared is not None


def test_checks_in_the_persons_tree_alone_prepare_nothing(tmp_path: Path):
    plan = Plan(commands=(shell("true", where=Where.INPLACE),), prepare=Prepare(argv=("touch", "ready")))
    assert gather(plan, make_workspace(tmp_path), SUBJECT).prepared is None
    assert list((tmp_path / "tree").iterdir()) == []


def test_an_environment_that_loads_the_persons_tree_gives_no_evidence(tmp_path: Path):
    workspace = make_workspace(tmp_path)
    by_path_file(make_venv(tmp_path / "project/.venv"), tmp_path / "project")
    python = CheckCommand(name="tests", argv=(".venv/bin/python", "-c", "open('ran', 'w')"))
    plan = Plan(commands=(python,), prepare=Prepare(link=(".venv",)))
    evidence = gather(plan, workspace, SUBJECT)
    assert f"takes the project from {tmp_path}/project instead" in evidence.refused
    assert (verdicts(evidence), evidence.verified) == ([Verdict.NOT_RUN], False)
    assert evidence.results[0].reason == evidence.refused
    assert not (tmp_path / "tree/ran").exists()


def test_an_install_of_the_trees_own_is_believed(tmp_path: Path):
    workspace = make_workspace(tmp_path)
    install = "python3 -m venv --without-pip .venv && pwd > $(echo .venv/lib/python*/site-packages)/thing.pth"
    python = CheckCommand(name="tests", argv=(".venv/bin/python", "-c", "0"))
    evidence = gather(Plan(commands=(python,), prepare=Prepare(argv=("sh", "-c", install))), workspace, SUBJECT)
    assert (evidence.refused, evidence.verified) == ("", True)
