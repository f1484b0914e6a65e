"""The commits between a base and a head, with what they tell about both: one git call instead of three."""

from typing import Self

from loop_kit.model.change import Commit
from loop_kit.values import dataclass
from loop_kit.values.wording import path_text

_LONGEST_SUBJECT = 500
# Two lines for a commit, after the line "commit <id>" that rev-list puts before each: its tree and parents, its subject.
_FORMAT = "--format=%T %P%n%s"
_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The newest commits of base..head, oldest first. `tree` is the head's, "" when head has nothing that base has not.

    `parents` are the ids of all parents of the listed commits.
    """

    commits: tuple[Commit, ...]
    tree: str
    parents: frozenset[str]

    @staticmethod
    def question(base: str, head: str, limit: int = 200) -> tuple[str, ...]:
        """Return what to ask git for the newest `limit` commits of base..head; `read` reads the answer."""
        options = ("--topo-order", "--reverse", f"--max-count={limit}", "--encoding=UTF-8", _FORMAT)
        return ("rev-list", *options, "--end-of-options", head, f"^{base}")

    @classmethod
    def read(cls, answer: bytes) -> Self:
        lines = answer.split(b"\n")[:-1]
        ids = [path_text(line.removeprefix(b"commit ")) for line in lines[::_LINES]]
        trees_and_parents = [path_text(line).split(" ") for line in lines[1::_LINES]]
        subjects = [path_text(line)[:_LONGEST_SUBJECT] for line in lines[2::_LINES]]
        return cls(
            commits=tuple(Commit(sha=sha, subject=text) for sha, text in zip(ids, subjects, strict=True)),
            tree=trees_and_parents[-1][0] if trees_and_parents else "",
            parents=frozenset(sha for _tree, *parents in trees_and_parents for sha in parents),
        )

    def leads_to(self, sha: str) -> bool:
        """Whether the head descends from `sha`, as far as the listed commits show; when False, git has to be asked.

        When the head descends from the base, one of the listed commits has the base as its parent.
        """
        return sha in self.parents or any(commit.sha == sha for commit in self.commits)
