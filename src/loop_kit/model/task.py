"""The task card: what the person asks for."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from loop_kit.model.check import CheckCommand
from loop_kit.model.kinds import Sentences, TaskId, Text
from loop_kit.values import dataclass
from loop_kit.values.annotations import NOT_BLANK, Form, Size
from loop_kit.values.wording import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """Something that has to be true at the end."""

    short: ClassVar[str] = "text"

    text: Annotated[str, NOT_BLANK, Size(1, 20_000), "The criterion."]
    check: Annotated[
        Annotated[str, Size(1, 200)] | None, "The name of a check that shows whether the criterion is met."
    ] = None


Criteria = Annotated[tuple[Criterion, ...], Size(0, 200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCard:
    """What a person asks for. Written once, read by everybody, changed by no round."""

    kind: ClassVar[str] = "task_card"
    form: ClassVar[Form] = Form.OPEN

    task_id: Annotated[
        TaskId, "The name of the task. It becomes the name of a folder in the archive and part of git refs."
    ]
    goal: Annotated[Text, "What shall be true afterwards, in a sentence or a few."]
    acceptance_criteria: Annotated[
        Criteria,
        "What the reviewer holds the change against, one criterion an entry: a sentence, or a sentence with the name of the "
        "check that shows it.",
    ]
    in_scope: Annotated[
        Sentences,
        "Paths the change may touch, as patterns of the gitignore kind. Empty or absent: everything. A sentence instead of a "
        "pattern is shown to both agents and decides nothing.",
    ] = ()
    out_of_scope: Annotated[Sentences, "Paths the change must not touch, written like in_scope."] = ()
    constraints: Annotated[Sentences, "What must not be broken on the way, one sentence an entry."] = ()
    depends_on: Annotated[
        tuple[TaskId, ...], Size(0, 200), "Ids of tasks that must have been approved on this bus before."
    ] = ()
    checks: Annotated[
        tuple[CheckCommand, ...], Size(0, 100), "Commands that loop itself runs at the base and on every change."
    ] = ()
    status: Annotated[str, Size(0, 200), "The person's own note about the task; kept and ignored."] = ""

    @staticmethod
    def contradiction(document: Mapping[str, Any]) -> str | None:
        """Return what is wrong with a card as a whole: two checks with one name, which JSON Schema cannot express."""
        checks = document.get("checks")
        names = [entry.get("name") for entry in checks if isinstance(entry, dict)] if isinstance(checks, list) else []
        for index, name in enumerate(names):
            if name in names[:index]:
                return f".checks[{index}].name: another check is called {shown(name)} already"
        return None
