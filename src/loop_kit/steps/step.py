"""What a step is: one part of a round. And the one way in which steps ask roles for documents.

A step takes what the steps before it came to and returns it with its own part. What it finds has an effect
(`model.change.Effect`), and the effect alone says what comes next: a note, a thing for the judge, a fix list, another
asking, or the end of the run.
"""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from loop_kit.dispatch.collect import refuse
from loop_kit.dispatch.obtain import obtain
from loop_kit.dispatch.request import DocumentRequest, Report
from loop_kit.engine.run import Run
from loop_kit.engine.watching import find_touched
from loop_kit.errors import LoopError
from loop_kit.model.change import Change, Effect, Finding
from loop_kit.model.evidence import Evidence
from loop_kit.model.review import FixList, ReviewReport
from loop_kit.model.state import Judge, RoundRow
from loop_kit.model.work import WorkReport
from loop_kit.values import dataclass
from loop_kit.vcs.verify import Baseline

R = TypeVar("R", bound=Report)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSoFar:
    """What a round began with and what it has come to.

    `fix_list` is what it has to fix, `history` the finished rounds, `asked_about` the head that a reviewer had been asked
    about when this round was cut off, "" otherwise; `ground` is what the work is held against. Then come the claim, what
    git shows, what the checks showed (None without checks), and the judgement.
    """

    fix_list: FixList | None = None
    history: tuple[RoundRow, ...] = ()
    asked_about: str = ""
    ground: Baseline | None = None
    work: WorkReport | None = None
    change: Change | None = None
    evidence: Evidence | None = None
    review: ReviewReport | None = None

    @property
    def claim(self) -> WorkReport:
        if self.work is None:
            raise ValueError("the work of this round has not been handed in")
        return self.work

    @property
    def shown(self) -> Change:
        if self.change is None:
            raise ValueError("the work of this round has not been verified")
        return self.change

    @property
    def held_against(self) -> Baseline:
        if self.ground is None:
            raise ValueError("the work of this round has not been asked for")
        return self.ground

    @property
    def judgement(self) -> ReviewReport:
        if self.review is None:
            raise ValueError("this round has not been judged")
        return self.review

    @property
    def judged_by(self) -> Judge:
        return Judge.LOOP if self.fixes else Judge.REVIEWER

    @property
    def fixes(self) -> tuple[Finding, ...]:
        """What loop itself sends back: a fix list by itself, so that no reviewer is paid to say the same."""
        return () if self.change is None else self.change.having(Effect.FIX)


class Step(Protocol):
    """One part of a round. Another one is another entry in `round.STEPS`."""

    @property
    def name(self) -> str: ...

    def play(self, run: Run, so_far: RoundSoFar) -> RoundSoFar:
        """Return what the round comes to with this step; raise the `LoopError` that ends the run.

        It may be played again after a crash: what is there already is taken, and nobody is paid twice.
        """


class Question(Protocol, Generic[R]):
    """What a step asks one role: in which words, in which tree, for which document, and how the answer is judged."""

    def request(self, problems: tuple[str, ...]) -> DocumentRequest[R]:
        """Return what is asked; `problems` says what was wrong with the answer before."""

    def judge(self, report: R, touched: Sequence[Finding]) -> Sequence[Finding]:
        """Return what has to be asked once more; raise for what only a person should decide.

        `touched` says what is not as it was before it was asked.
        """

    def give_up(self, findings: Sequence[Finding]) -> LoopError:
        """Return the error that ends the run when the second answer is no better."""

    def before_asking_again(self, findings: Sequence[Finding]) -> bool:
        """Make ready for the second asking. True when the answer stays, because a person mends it."""


def ask(run: Run, questions: Sequence[Question[R]]) -> list[R | LoopError]:
    """Ask all at once, once more where an answer calls for it, and return the answers in the same order; see `obtain`."""
    answers: dict[int, R | LoopError] = {}
    problems: dict[int, tuple[str, ...]] = {}
    left = list(range(len(questions)))
    while left:
        requests = [questions[each].request(problems.get(each, ())) for each in left]
        found = dict(zip(left, zip(requests, obtain(run, requests), strict=True), strict=True))
        touched = find_touched(run)
        left = []
        for each, (request, answer) in found.items():
            again = () if isinstance(answer, LoopError) else questions[each].judge(answer, touched)
            if not again:
                answers[each] = answer
                continue
            stays = questions[each].before_asking_again(again)
            if not stays:
                refuse(run, request.paper, "; ".join(finding.text for finding in again))
                if each in problems:
                    raise questions[each].give_up(again)
            problems[each] = tuple(finding.text for finding in again)
            left.append(each)
    return [answers[each] for each in range(len(questions))]
