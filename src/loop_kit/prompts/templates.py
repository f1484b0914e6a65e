"""Fill a person's template.

A required section that a template leaves out is appended, so that an old template still gives a complete prompt.
"""

import re
from collections.abc import Iterable, Mapping

from loop_kit.errors import ConfigError

WORKER_PLACEHOLDERS = (
    "task_id",
    "round_num",
    "agents_md",
    "role_md",
    "task_card_section",
    "prior_context_section",
    "work_report_path",
)
REVIEWER_PLACEHOLDERS = (
    "task_id",
    "round_num",
    "role_md",
    "task_card_section",
    "prior_context_section",
    "change_section",
    "review_report_path",
)
TEMPLATE_LIMIT = 256 * 1024
PLACES_LIMIT = 100
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace each `{name}` of `values` in one pass: values are not looked at again, other braces stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def placed(template: str, known: Iterable[str]) -> frozenset[str]:
    """Return which of the `known` placeholders the template holds."""
    return frozenset(_PLACEHOLDER.findall(template)) & frozenset(known)


def complete(template: str, values: Mapping[str, str], must: tuple[str, ...]) -> str:
    """Return the filled template, followed by those sections of `must` that it leaves out, in that order."""
    there = placed(template, values)
    missing = (values[name] for name in must if name not in there)
    return joined(fill(template, values).strip("\n"), *missing)


def joined(*parts: str) -> str:
    """Return the parts that are not empty, with an empty line between them."""
    return "\n\n".join(part for part in parts if part)


def check_template(content: bytes | str, known: Iterable[str], name: str) -> str:
    """Return the template's text; raise `ConfigError` naming the file when it is empty, too large or not text.

    A template may leave placeholders out, but must not multiply the prompt by repeating them.
    """
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    hint = "correct it, or remove it and let 'loop init' write it anew"
    if len(data) > TEMPLATE_LIMIT:
        raise ConfigError(f"{name} has {len(data):,} bytes, a template may have {TEMPLATE_LIMIT:,}", hint=hint)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 text: byte {error.start} cannot be read", hint=hint) from None
    if "\0" in text:
        raise ConfigError(f"{name} is not text: it holds a NUL character", hint=hint)
    if not text.strip():
        raise ConfigError(f"{name} is empty", hint=hint)
    names = frozenset(known)
    places = sum(name in names for name in _PLACEHOLDER.findall(text))
    if places > PLACES_LIMIT:
        raise ConfigError(f"{name} has {places:,} placeholders, a template may have {PLACES_LIMIT}", hint=hint)
    return text
