from loop_kit.model.change import Change, Effect, Finding
from tests.support.documents import SHA


def finding(effect: Effect) -> Finding:
    return Finding(effect=effect, code=f"code_{effect}", text="Something is odd.", paths=("a.txt",))


def test_findings_are_picked_by_their_effect():
    findings = tuple(finding(effect) for effect in Effect)
    change = Change(base_sha=SHA, head_sha=SHA, tree=SHA, commits=(), files=(), findings=findings)
    assert [found.code for found in change.having(Effect.JUDGE)] == ["code_judge"]
    assert change.having(Effect.STOP) == (findings[-1],)
