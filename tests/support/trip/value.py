"""The value that is followed: its class, and which other classes hold one."""

from dataclasses import replace

from tests.support.trip.kinds import Instance, Kind, changed, parts
from tests.support.trip.modules import ClassCode
from tests.support.trip.source import Source


class Value:
    """The classes that are followed. A class that has a field of theirs, or of a class that has one, is a holder.

    So is a class that is derived from a holder, and one that stands for it in an annotation.
    """

    def __init__(self, source: Source, classes: frozenset[ClassCode]) -> None:
        self.classes = classes
        fields = {cls: self._classes_in(source, cls) for cls in source.classes()}
        above = {cls: frozenset(source.lineage(cls)) for cls in fields}
        holders: set[ClassCode] = set()
        size = -1
        while size != len(holders):
            size = len(holders)
            holders |= {cls for cls, found in fields.items() if found & (classes | holders)}
            holders |= {cls for cls, bases in above.items() if bases & holders}
            holders |= {cls for cls in fields if cls not in holders and holders.intersection(source.below(cls))}
        self.holders = frozenset(holders - classes)

    @staticmethod
    def _classes_in(source: Source, cls: ClassCode) -> set[ClassCode]:
        kinds = source.fields(cls).values()
        return {part.cls for kind in kinds for part in parts(kind) if isinstance(part, Instance)}

    def is_in(self, kind: Kind) -> bool:
        return any(isinstance(part, Instance) and part.cls in self.classes for part in parts(kind))

    def is_followed_in(self, kind: Kind) -> bool:
        return any(isinstance(part, Instance) and part.followed and part.cls in self.classes for part in parts(kind))

    def concerns(self, kind: Kind) -> bool:
        """Whether a kind is the value or holds it."""
        return any(isinstance(part, Instance) and part.cls in self.classes | self.holders for part in parts(kind))

    def follow(self, kind: Kind) -> Kind:
        """Return a kind with every value and every holder in it followed."""

        def mark(part: Kind) -> Kind:
            return replace(part, followed=True) if isinstance(part, Instance) and self.concerns(part) else part

        return changed(kind, mark)
