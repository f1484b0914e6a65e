"""What a run was started with, fixed until it ends: so that the judged cannot change the rules they are judged by.

The PM writes it once, before anything is paid; every round process reads it and nothing else about the run's setting.
Its digests stand in the state.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from loop_kit.errors import DocumentError
from loop_kit.model.config import Settings
from loop_kit.model.task import TaskCard

TEXTS = ("agents_md", "worker_role", "reviewer_role", "worker_template", "reviewer_template", "context")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """`texts` holds the entries of `TEXTS` as read at the base. `untracked` lists what lay untracked at the start.

    `start_tree` is the tree id of the working tree at the start when `--allow-dirty` let it in, else None. `scratch` is
    the absolute path of the folder outside the repository where this run may put its worktrees.
    """

    kind: ClassVar[str] = "charter"

    run_id: str
    place: str
    base_sha: str
    branch: str
    card_document: Mapping[str, Any]
    card: TaskCard
    settings: Settings
    texts: Mapping[str, str]
    untracked: tuple[str, ...]
    start_tree: str | None
    scratch: str

    @classmethod
    def from_document(cls, document: Any, *, name: str = "charter") -> Self:
        """Read a charter; raise `DocumentError` when a part is missing or of a wrong type."""
        try:
            return cls(
                run_id=document["run_id"],
                place=document["place"],
                base_sha=document["base_sha"],
                branch=document["branch"],
                card_document=document["card"],
                card=TaskCard.from_document(document["card"], name=f"{name} $.card"),
                settings=Settings.from_document(document["settings"], name=f"{name} $.settings"),
                texts={key: document["texts"][key] for key in TEXTS},
                untracked=tuple(document["untracked"]),
                start_tree=document["start_tree"],
                scratch=document["scratch"],
            )
        except (KeyError, TypeError) as error:
            raise DocumentError(f"{name} cannot be read: {error}", hint="loop run --reset starts anew") from None

    def to_document(self) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "run_id": self.run_id,
            "place": self.place,
            "base_sha": self.base_sha,
            "branch": self.branch,
            "card": dict(self.card_document),
            "settings": self.settings.to_document(),
            "texts": dict(self.texts),
            "untracked": list(self.untracked),
            "start_tree": self.start_tree,
            "scratch": self.scratch,
        }

    def digests(self) -> dict[str, str]:
        """Return SHA-256 digests of the whole and of what people ask about: card, config, roles, templates."""
        document = self.to_document()
        parts = {
            "charter": document,
            "card": document["card"],
            "config": document["settings"],
            "roles": {key: text for key, text in self.texts.items() if not key.endswith("_template")},
            "templates": {key: text for key, text in self.texts.items() if key.endswith("_template")},
        }
        return {name: _digest(part) for name, part in parts.items()}


def _digest(part: Any) -> str:
    return hashlib.sha256(json.dumps(part, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
