"""A strict reading of JSON.

It refuses what JSON parsers usually let through, because two readers would understand it differently: a repeated key, NaN
and infinities, and numbers of any length.
"""

import json
import math
from collections import Counter
from typing import Any

DIGITS_LIMIT = 40


def _no_repeated_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        repeated = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"the key {repeated!r:.80} stands twice")
    return entries


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits:.{DIGITS_LIMIT}} is too large")
    return number


def _bounded(digits: str) -> int:
    if len(digits) > DIGITS_LIMIT:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


# One for all: making a decoder takes longer than decoding a line of the feed. It raises `ValueError`, or `RecursionError`.
DECODER = json.JSONDecoder(
    object_pairs_hook=_no_repeated_key, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded
)
