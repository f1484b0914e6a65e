"""What a run was started with, fixed until it ends: so that the judged cannot change the rules they are judged by.

The PM writes it once, before anything is paid; every round process reads it and nothing else about the run's setting.
Its digests stand in the state.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar, Self

from loop_kit.errors import DocumentError
from loop_kit.model.config import Settings
from loop_kit.model.fields import FieldError, Fields, check_version, one_of, shown
from loop_kit.model.names import ROLES, is_place
from loop_kit.model.task import TaskCard
from loop_kit.model.versions import KNOWN, check_not_newer
from loop_kit.values import dataclass, field, fields

SCHEMA_VERSION = KNOWN["charter"]
TEXTS = ("agents_md", "worker_role", "reviewer_role", "worker_template", "reviewer_template", "context")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """`people` are the roles that people have. `texts` holds the entries of `TEXTS` as read at the base.

    `untracked` lists what lay untracked at the start. `start_tree` is the tree id of the working tree at the start when
    `--allow-dirty` let it in, else None. `scratch` is the absolute path of the folder outside the repository where this
    run may put its worktrees. `around` says how all was that the run need not touch: `rounds.around` compares it.
    """

    kind: ClassVar[str] = "charter"

    run_id: str
    place: str
    base_sha: str
    branch: str
    card_document: Mapping[str, Any]
    card: TaskCard
    settings: Settings
    people: tuple[str, ...]
    texts: Mapping[str, str]
    untracked: tuple[str, ...]
    start_tree: str | None
    scratch: str
    around: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Any, *, name: str = "charter") -> Self:
        """Read a charter; raise `DocumentError` when a part is missing or wrong, `NewerError` when a newer loop wrote it."""
        check_not_newer(cls.kind, document, name=name)
        try:
            return cls._read(document, name)
        except FieldError as error:
            raise DocumentError(f"{name} {error}", hint="loop run --reset starts anew") from None

    @classmethod
    def _read(cls, document: Any, name: str) -> Self:
        check_version(document, SCHEMA_VERSION)
        entries = Fields.of(document, _KEYS)
        texts = Fields.of(entries.any("texts"), TEXTS, at="$.texts")
        place = entries.text("place")
        if not is_place(place):
            raise FieldError(f"$.place: {shown(place)} cannot be used as a name")
        return cls(
            place=place,
            **{key: entries.text(key) for key in ("run_id", "base_sha", "branch", "scratch")},
            card_document=entries.map("card"),
            card=TaskCard.from_document(entries.any("card"), name=f"{name} $.card"),
            settings=Settings.from_document(entries.any("settings"), name=f"{name} $.settings"),
            people=_people(entries),
            texts={key: texts.text(key) for key in TEXTS},
            untracked=entries.texts("untracked"),
            start_tree=entries.text_or_none("start_tree"),
            around=entries.text_map("around") if "around" in entries.entries else {},
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "place": self.place,
            "base_sha": self.base_sha,
            "branch": self.branch,
            "card": dict(self.card_document),
            "settings": self.settings.to_document(),
            "people": list(self.people),
            "texts": dict(self.texts),
            "untracked": list(self.untracked),
            "start_tree": self.start_tree,
            "scratch": self.scratch,
            **({"around": dict(self.around)} if self.around else {}),
        }

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
        document = self.to_document()
        parts = {
            "charter": document,
            "card": document["card"],
            "config": document["settings"],
            "roles": {key: text for key, text in self.texts.items() if not key.endswith("_template")},
            "templates": {key: text for key, text in self.texts.items() if key.endswith("_template")},
        }
        return {name: digest(part) for name, part in parts.items()}


_KEYS = frozenset({item.name for item in fields(Charter)} - {"card_document"} | {"schema_version"})


def _people(entries: Fields) -> tuple[str, ...]:
    for index, role in enumerate(entries.texts("people")):
        if role not in ROLES:
            raise FieldError(f"$.people[{index}]: {one_of(ROLES, role)}")
    return entries.texts("people")


def digest(part: Any) -> str:
    """Return the SHA-256 digest of a document or a part of one, whatever the order of its keys."""
    return sha256(json.dumps(part, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
