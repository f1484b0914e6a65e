"""An agent program as it was when a run used it."""

from typing import Annotated

from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    path: Annotated[str, "Where it lies."]
    stamp: Annotated[str, "What changes when the file does, so that its version is asked again."]
    version: Annotated[str, "What it says of itself; empty when it says nothing."]
