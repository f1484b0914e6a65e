"""The command line of a backend as a person may read it: with names where a run has paths."""

import tempfile
from pathlib import Path

from loop_kit.backends.base import Backend, Order, answer_of
from loop_kit.model.config import Settings

_FORM = '{"type": "object", "properties": {}}'


def show_call(backend: Backend, name: str, settings: Settings, role: str, *, program: str) -> tuple[str, ...]:
    """Return the argv of a role's dispatch by the backend of that name.

    TREE, GIT, OUTBOX and SCHEMA stand for what only a run knows. Raises the `LoopError` of an order that cannot be
    carried out.
    """
    with tempfile.TemporaryDirectory(prefix="loop-show-") as folder:
        root = Path(folder).resolve()
        outbox, schema, prompt = root / "outbox", root / "form.json", root / "prompt.txt"
        outbox.mkdir()
        schema.write_text(_FORM, encoding="utf-8")
        prompt.write_text("", encoding="utf-8")
        access = settings.access(role)
        order = Order(
            role=role,
            access=access,
            answer=answer_of(backend, access),
            task_id="TASK",
            round=1,
            prompt=prompt,
            cwd=root / "tree",
            report=outbox / "report.json",
            schema=schema,
            scratch=outbox,
            program=program,
            settings=settings.backend(name),
            writable=(root / "git",),
            model=settings.model(role, name),
            effort=settings.effort(role, name),
            args=settings.args(role, name),
        )
        names = {outbox: "OUTBOX", root / "tree": "TREE", root / "git": "GIT", prompt: "PROMPT"}
        return tuple(_named(word, names) for word in backend.command(order).argv)


def _named(word: str, names: dict[Path, str]) -> str:
    for path, name in names.items():
        word = word.replace(str(path), name)
    return "SCHEMA" if word.startswith("{") else word
