from loop_kit.fsck.problem import Problem


def test_a_problem_tells_everything_but_how():
    problem = Problem(code="outbox", where="x", text="It lies there.", remedy="remove it", repair=lambda: None)
    assert problem.to_document(repaired=True) == {
        "code": "outbox",
        "where": "x",
        "problem": "It lies there.",
        "hint": "",
        "remedy": "remove it",
        "repaired": True,
        "note": False,
    }
