"""What the model shall do: turns of a conversation that is found again in every request, so that nothing is counted.

loop's prompts name the dispatch they are for; what the model has said since then is the number of its next turn. A
request that is repeated gets the same answer, in whatever process and conversation it comes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from tests.agents.wire.parts import Asked, Call, Entry, Part, Text

Role = Literal["worker", "reviewer"]

REPORT = re.compile(r"^\s*(/.*/runtime/(.+)-r(\d+)-(worker|reviewer)-(\d+)/report\.json)\s*$", re.MULTILINE)
# A reviewer who answers in a form is told no path: its prompt shows the form, and asking once more names the report.
FORM = re.compile(r'"task_id": "([^"]+)",\s+"round": (\d+),\s+"decision": "<')
_FORM_AGAIN = "loop cannot accept your review report"
_TREE = re.compile(r'"the current directory" below, this is meant:\s+(/.*)$', re.MULTILINE)  # for who is not in it
# In the conversation that knows the rest, and in a new one that is given all of it.
_AGAIN = re.compile(r"^(loop cannot accept your|Your last report of this round was not accepted)", re.MULTILINE)
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
# Each program's own tool, and what it calls a command, or a path and a content.
_SHELLS = {"exec_command": "cmd", "shell_command": "command", "Bash": "command", "bash": "command"} | {
    "run_shell_command": "command"
}
_READERS = {"Read": "file_path", "read": "filePath", "read_file": "file_path"}
_WRITERS = {"Write": "file_path", "write": "filePath", "write_file": "file_path"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Which dispatch a request belongs to, and how often the model has answered in it."""

    role: Role
    round: int
    again: bool = False  # whether loop asked once more for the document
    task: str = ""
    report: str = ""
    tree: str = "."
    head: str = ""  # the commit that a tool named last
    turn: int = 0

    @classmethod
    def of(cls, asked: Asked) -> Self | None:
        """Return where a request stands; None when loop has no part in it, as in one for a title."""
        scene, begun = None, 0
        for number, entry in enumerate(asked.entries):
            found = cls._begun(entry.text, scene) if entry.who == "user" else None
            scene, begun = (scene, begun) if found is None else (found, number)
        if not asked.tools or scene is None:
            return None
        since = asked.entries[begun + 1 :]
        again = _AGAIN.search(asked.entries[begun].text) is not None
        tree = found_tree[1] if (found_tree := _TREE.search(asked.entries[begun].text)) else "."
        return replace(scene, again=again, tree=tree, head=_newest_commit(since), turn=_turns(since))

    @classmethod
    def _begun(cls, text: str, before: Self | None) -> Self | None:
        """Return the dispatch that a text of loop's begins, None for any other text."""
        if path := REPORT.search(text):
            role: Role = "worker" if path[4] == "worker" else "reviewer"
            return cls(role=role, round=int(path[3]), task=path[2].partition("@")[0], report=path[1])
        if form := FORM.search(text):
            return cls(role="reviewer", round=int(form[2]), task=form[1])
        return before if before is not None and text.startswith(_FORM_AGAIN) else None

    @property
    def mark(self) -> str:
        """What stands in this dispatch's prompt and in no other."""
        return self.report or f'"round": {self.round},'

    def fill(self, text: str) -> str:
        """Put in what only the request can know."""
        return text.replace("<tree>", self.tree).replace("<report>", self.report).replace("<head>", self.head)


def _newest_commit(entries: Sequence[Entry]) -> str:
    return next((found[-1] for entry in reversed(entries) if (found := _COMMIT.findall(entry.text))), "")


def _turns(entries: Sequence[Entry]) -> int:
    """Count the model's answers: what it said in one go may be several entries."""
    before = ["user", *(entry.who for entry in entries)]
    return sum(entry.who == "model" and last != "model" for last, entry in zip(before, entries, strict=False))


@dataclass(frozen=True, slots=True)
class Run:
    """Have the program run a command in its own shell tool."""

    command: str

    def part(self, scene: Scene, asked: Asked, id_: str) -> Part:
        tool = next(name for name in _SHELLS if name in asked.tools)
        described = {"description": "do a step"} if "description" in asked.tools[tool] else {}
        return Call(id_, tool, {_SHELLS[tool]: scene.fill(self.command), **described})


@dataclass(frozen=True, slots=True)
class Write:
    """Have the program write a file with its own tool, and in its shell when it has none."""

    path: str
    content: str

    def part(self, scene: Scene, asked: Asked, id_: str) -> Part:
        path, content = scene.fill(self.path), scene.fill(self.content)
        tool = next((name for name in _WRITERS if name in asked.tools), None)
        if tool is None:
            return Run(f"cat > '{path}' <<'END'\n{content.rstrip()}\nEND").part(scene, asked, id_)
        return Call(id_, tool, {_WRITERS[tool]: path, "content": content})


@dataclass(frozen=True, slots=True)
class Look:
    """Have the program read a file of its folder with its own tool, and in its shell when it has none."""

    path: str

    def part(self, scene: Scene, asked: Asked, id_: str) -> Part:
        tool = next((name for name in _READERS if name in asked.tools), None)
        if tool is None:
            return Run(f"cat {self.path}").part(scene, asked, id_)
        return Call(id_, tool, {_READERS[tool]: scene.fill(self.path)})


@dataclass(frozen=True, slots=True)
class Say:
    text: str

    def part(self, scene: Scene, asked: Asked, id_: str) -> Part:
        return Text(id_, scene.fill(self.text))


@dataclass(frozen=True, slots=True)
class Report:
    """Have the program write the document to where loop asked for it."""

    document: Mapping[str, Any]

    def part(self, scene: Scene, asked: Asked, id_: str) -> Part:
        return Write(scene.report, _document(self.document, scene)).part(scene, asked, id_)


@dataclass(frozen=True, slots=True)
class Judge:
    """End with the document: by the tool for it where the program offers one, else in the last message."""

    document: Mapping[str, Any]

    def part(self, scene: Scene, asked: Asked, id_: str) -> Part:
        text = _document(self.document, scene)
        if "StructuredOutput" in asked.tools:
            return Call(id_, "StructuredOutput", json.loads(text))
        return Text(id_, text)


def _document(document: Mapping[str, Any], scene: Scene) -> str:
    return scene.fill(json.dumps({"task_id": scene.task, "round": scene.round, **document}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong before the first turn, `times` times; None is for ever.

    `status` is an answer with that status, `cut` a stream that ends in the middle of a word, `silent` one that says
    nothing more. What is cut is a text: a call of a tool that is cut in half is one that some programs answer themselves.
    """

    kind: Literal["status", "cut", "silent"]
    status: int = 200
    code: str = ""
    message: str = "planted"
    retry_after: int | None = None
    times: int | None = None


Turn = Run | Write | Look | Say | Report | Judge


@dataclass(frozen=True, kw_only=True)
class Play:
    """The turns of every dispatch, and what goes wrong in some of them.

    A dispatch is named by role and round, `("worker", 1)`, and `("worker", 1, "again")` when loop asks once more.
    """

    turns: Mapping[tuple[Any, ...], Sequence[Turn]]
    faults: Mapping[tuple[str, int], Fault] = field(default_factory=dict)  # before the first turn, asked again or not

    @staticmethod
    def name(scene: Scene) -> tuple[Any, ...]:
        return (scene.role, scene.round, *(("again",) if scene.again else ()))

    def next(self, scene: Scene) -> Turn:
        turns = self.turns[self.name(scene)]
        return turns[min(scene.turn, len(turns) - 1)]

    def fault(self, scene: Scene) -> Fault | None:
        return self.faults.get((scene.role, scene.round))
