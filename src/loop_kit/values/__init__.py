"""Values: what `dataclasses` gives, for the part that loop uses, without writing and compiling code for each class.

The standard module compiles half a dozen methods for every class when it is imported; over all of loop that took longer
than everything else of a start (docs/performance.md). A type checker sees the standard module, which has the same names;
tests/values holds the two against each other.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, fields, replace
else:
    from loop_kit.values.making import asdict, dataclass, field, fields, replace

__all__ = ["asdict", "dataclass", "field", "fields", "replace"]
