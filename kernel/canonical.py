"""Canonical JSON text: sorted keys, no spaces, no escapes. Digests are taken over it, and it is what is stored. Pure.

What is written already is put in as it is: a month has half a million lines, and each is written once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

KEPT_TEXTS = 1 << 12
BLANKS = " \n\t\r,"
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder()


class Written(str):
    """A value that is canonical text already: digests and tables take it as it is."""

    __slots__ = ()


def text(value: Any) -> Written:
    """Return a value as canonical text."""
    return value if type(value) is Written else Written(_ENCODER.encode(value))


@lru_cache(maxsize=KEPT_TEXTS)
def rewritten(stored: str) -> Written:
    """Return a stored JSON text as canonical text; many rows share a tariff, a price or a working."""
    return text(json.loads(stored))


def woven(values: Mapping[str, Any]) -> Written:
    """Return the canonical text of an object, some of whose values are written already; keys are plain words."""
    pairs = [
        f'"{name}":{value if type(value) in (Written, int) else _ENCODER.encode(value)}'
        for name, value in sorted(values.items())
    ]
    return Written(f"{{{','.join(pairs)}}}")


def elements(stored: str, *, is_canonical: bool) -> Iterator[Written]:
    """Yield the canonical text of each element of a stored JSON list, one at a time."""
    at = stored.index("[") + 1
    while (at := _after_blanks(stored, at)) < len(stored) and stored[at] != "]":
        value, end = _DECODER.raw_decode(stored, at)
        yield Written(stored[at:end]) if is_canonical else text(value)
        at = end


def _after_blanks(stored: str, at: int) -> int:
    while at < len(stored) and stored[at] in BLANKS:
        at += 1
    return at
