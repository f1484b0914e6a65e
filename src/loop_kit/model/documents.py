"""Loop's documents, read by their classes and written again: what `values.reading` finds wrong becomes an error with a name."""

from typing import Any, TypeVar

from loop_kit.errors import DocumentError
from loop_kit.model.versions import current
from loop_kit.values import reading
from loop_kit.values.wording import FieldError

_Document = TypeVar("_Document")
write = reading.write


def read(kind: type[_Document], document: Any, *, name: str = "") -> _Document:
    """Return what a document says, also one of an older version.

    Raises `DocumentError` naming the field, or `NewerError` for a document that a newer loop wrote.

    `name` is what the person calls the file; without it the kind is named. A class may have a `remedy`: what to do about
    a broken document, where the rules of its schema are no help.
    """
    of: Any = kind
    document = current(of.kind, document, name=name or of.kind)
    try:
        return reading.read(kind, document)
    except FieldError as error:
        hint = getattr(kind, "remedy", f"the rules are in schemas/{of.kind}.schema.json")
        raise DocumentError(f"{name or of.kind} {error}", hint=hint) from None
