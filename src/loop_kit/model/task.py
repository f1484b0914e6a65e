"""The task card: what the person asks for."""

from typing import Any, ClassVar, Self

from loop_kit.errors import DocumentError
from loop_kit.model import schema
from loop_kit.model.check import CheckCommand
from loop_kit.model.fields import shown
from loop_kit.model.names import check_task_id
from loop_kit.values import dataclass, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """Something that has to be true at the end; `check` names the check that shows it."""

    text: str
    check: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCard:
    """What has to be true for the work to be done. No round ever changes it."""

    kind: ClassVar[str] = "task_card"

    task_id: str
    goal: str
    acceptance_criteria: tuple[Criterion, ...] = ()
    in_scope: tuple[str, ...] = ()
    out_of_scope: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    checks: tuple[CheckCommand, ...] = ()

    @classmethod
    def from_document(cls, document: Any, *, name: str = "") -> Self:
        """Read a card; raise `DocumentError` naming the field. Unknown extra fields are the person's own."""
        schema.check(cls.kind, document, name=name)
        entries = document.get("checks", [])
        _check_names([entry["name"] for entry in entries], name or cls.kind)
        return cls(
            task_id=check_task_id(document["task_id"]),
            goal=document["goal"],
            acceptance_criteria=tuple(_criterion(entry) for entry in document["acceptance_criteria"]),
            in_scope=tuple(document.get("in_scope", ())),
            out_of_scope=tuple(document.get("out_of_scope", ())),
            constraints=tuple(document.get("constraints", ())),
            depends_on=tuple(document.get("depends_on", ())),
            checks=reading.read(_Checks, {"checks": entries}).checks,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checks:
    form: ClassVar[reading.Form] = reading.Form.OPEN

    checks: tuple[CheckCommand, ...]


def _criterion(entry: Any) -> Criterion:
    return Criterion(text=entry) if isinstance(entry, str) else Criterion(text=entry["text"], check=entry.get("check"))


def _check_names(names: list[str], name: str) -> None:
    for index, each in enumerate(names):
        if each in names[:index]:
            raise DocumentError(
                f"{name} $.checks[{index}].name: another check is called {shown(each)} already",
                hint="give each check a name of its own",
            )
