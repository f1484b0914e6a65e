"""What a run was started with, fixed until it ends: so that the judged cannot change the rules they are judged by.

The PM writes it once, before anything is paid; every round process reads it and nothing else about the run's setting.
Its digests stand in the state.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from loop_kit.model.config import Settings
from loop_kit.model.kinds import Role, RunName, Texts
from loop_kit.model.task import TaskCard
from loop_kit.model.versions import KNOWN
from loop_kit.values import asdict, dataclass, field
from loop_kit.values.annotations import Kept, Mark, Named, Size
from loop_kit.values.reading import read, write


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTexts:
    """What prompts are made of besides the run's own documents."""

    agents_md: Annotated[str, "The repository's rules for agents."]
    worker_role: Annotated[str, "What a worker is told about its part."]
    reviewer_role: Annotated[str, "What a reviewer is told about its part."]
    worker_template: Annotated[str, "The template of the worker's prompt."]
    reviewer_template: Annotated[str, "The template of the reviewer's prompt."]
    context: Annotated[str, "What the person put into the bus's context folder."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a run was started with.

    It is written once, before anything is paid, and never changed, so that the judged cannot change the rules.
    """

    kind: ClassVar[str] = "manifest"
    schema_version: ClassVar[int] = KNOWN["manifest"]
    remedy: ClassVar[str] = "loop run --reset starts anew"

    run_id: Annotated[str, "The name of this run, unlike that of any other."]
    run_name: Annotated[RunName, Size(1), "The name that the run's archive folder, refs and logs share."]
    base_sha: Annotated[str, "The commit the run began at."]
    branch: Annotated[str, "The branch that was checked out at the start; empty on a detached HEAD."]
    card_document: Annotated[Mapping[str, Any], Named("card"), Kept(TaskCard), "The task card, word for word."]
    settings: Annotated[Settings, "The settings, resolved from flags, environment, config file and defaults."]
    people: Annotated[tuple[Role, ...], "The roles that people have; the others are programs."]
    texts: Annotated[PromptTexts, "The texts that prompts are made of, as they were at base_sha."]
    untracked: Annotated[tuple[str, ...], "Paths that lay untracked in the working tree at the start."]
    start_tree: Annotated[
        str | None,
        "The git tree of the working tree at the start, when the run was allowed to begin with uncommitted changes; else null.",
    ]
    scratch: Annotated[str, "The absolute path of a folder outside the repository where the run may put its worktrees."]
    around: Annotated[
        Texts,
        Mark.LATER,
        "What lay around the run at the start and does not belong to it, as 'kind name': other refs, stashed work, files that "
        "git does not have, files of the bus; each with the object, state or digest that it had. An older loop wrote none.",
    ] = field(default_factory=dict)
    tree: Annotated[
        str,
        Mark.LATER,
        "The absolute path of a tree of the run's own, in which the worker edits; empty when it edits the person's.",
    ] = ""
    into: Annotated[
        str,
        Mark.LATER,
        "With a tree of its own, the branch of the person's that was checked out at the start; else empty.",
    ] = ""
    card: TaskCard = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "card", read(TaskCard, self.card_document, "$.card"))

    def by_hand(self, role: str) -> bool:
        """Whether a person has this role."""
        return role in self.people

    @property
    def private(self) -> tuple[str, ...]:
        """The ignored files that the person keeps for themselves."""
        return self._around("ignored ")

    @property
    def hidden(self) -> tuple[str, ...]:
        """The files that the person's index hid from git."""
        return self._around("hidden ")

    def _around(self, kind: str) -> tuple[str, ...]:
        return tuple(name.removeprefix(kind) for name in self.around if name.startswith(kind))

    def digests(self) -> dict[str, str]:
        """Return SHA-256 digests of the whole and of what people ask about: card, config, roles, templates."""
        document, texts = write(self), asdict(self.texts)
        parts = {
            "manifest": document,
            "card": document["card"],
            "config": document["settings"],
            "roles": {key: text for key, text in texts.items() if not key.endswith("_template")},
            "templates": {key: text for key, text in texts.items() if key.endswith("_template")},
        }
        return {name: digest(part) for name, part in parts.items()}


def digest(part: Any) -> str:
    """Return the SHA-256 digest of a document or a part of one, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(part, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
