"""Canonical JSON text: sorted keys, no spaces, no escapes. Digests are taken over it, and it is what is stored. Pure.

What is written already is put in as it is: a month has half a million lines, and each is written once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Any

KEPT_TEXTS = 1 << 12
MANY = 100
BLANKS = " \n\t\r,"
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder()


class Written(str):
    """A value that is canonical text already: digests and tables take it as it is."""

    __slots__ = ()


HOLE = Written("\0")  # holds the place of what comes in pieces; no canonical text contains it


def text(value: Any) -> Written:
    """Return a value as canonical text."""
    return value if type(value) is Written else Written(_ENCODER.encode(value))


def quoted(word: str) -> Written:
    """Return a word as canonical text."""
    return Written(_quoted(word))


@lru_cache(maxsize=KEPT_TEXTS)
def rewritten(stored: str) -> Written:
    """Return a stored JSON text as canonical text; many rows share a tariff, a price or a working."""
    return text(json.loads(stored))


def woven(values: Mapping[str, Any]) -> Written:
    """Return the canonical text of an object, some of whose values are written already; keys are plain words."""
    pairs = [f'"{name}":{_written(value)}' for name, value in sorted(values.items())]
    return Written(f"{{{','.join(pairs)}}}")


def _written(value: Any) -> str:
    kind = type(value)
    if kind is Written:
        return value  # type: ignore[no-any-return]
    if kind is str:
        return _quoted(value)
    return str(value) if kind is int else _ENCODER.encode(value)


def streamed(value: Any) -> Iterator[str]:
    """Yield the canonical text of a value in pieces: an iterator becomes a list, written one element at a time.

    What holds an iterator is a dict or itself an iterator.
    """
    if isinstance(value, Iterator):
        yield from _listed(value)
    elif isinstance(value, dict):
        for position, (name, one) in enumerate(sorted(value.items())):
            yield f"{',' if position else '{'}{_quoted(name)}:"
            yield from streamed(one)
        yield "}" if value else "{}"
    else:
        yield text(value)


def _listed(values: Iterator[Any]) -> Iterator[str]:
    sign = "["
    ready: list[Written] = []  # many short texts go on as one piece
    for value in values:
        if type(value) is Written and len(ready) < MANY:
            ready.append(value)
            continue
        if ready:
            yield sign + ",".join(ready)
            ready, sign = [], ","
        if type(value) is Written:
            ready = [value]
            continue
        yield sign
        yield from streamed(value)
        sign = ","
    if ready:
        yield sign + ",".join(ready)
    yield "]" if ready or sign == "," else "[]"


class Digested:
    """The pieces of a text on their way somewhere, and the SHA-256 over all that went by.

    ``around`` is the text that they stand in, with a ``HOLE`` in their place.
    """

    def __init__(self, pieces: Iterable[str], around: str = HOLE) -> None:
        before, self._after = around.split(HOLE)
        self._pieces, self._hashed = pieces, hashlib.sha256(before.encode())

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            self._hashed.update(piece.encode())
            yield piece

    def hex(self) -> str:
        """Return the digest, once everything went by."""
        whole = self._hashed.copy()
        whole.update(self._after.encode())
        return whole.hexdigest()


def elements(stored: str, *, is_canonical: bool) -> Iterator[Written]:
    """Yield the canonical text of each element of a stored JSON list, one at a time."""
    at = stored.index("[") + 1
    while (at := _after_blanks(stored, at)) < len(stored) and stored[at] != "]":
        value, end = _DECODER.raw_decode(stored, at)
        yield Written(stored[at:end]) if is_canonical else text(value)
        at = end


def objects(stored: bytes, name: str) -> Iterator[Written]:
    """Yield the elements of a canonical list of objects that all begin with a name, as nothing within them does.

    Nothing is parsed: within a text there is no quotation mark without a backslash before it.
    """
    start, gap = 1, gap_before(name)
    while (end := stored.find(gap, start)) > 0:
        yield Written(stored[start:end], "utf-8")
        start = end + 1
    yield Written(stored[start:-1], "utf-8")


def gap_before(name: str) -> bytes:
    """Return what stands between two objects of a canonical list that begin with a name, up to that name."""
    return f',{{"{name}":'.encode()


def _after_blanks(stored: str, at: int) -> int:
    while at < len(stored) and stored[at] in BLANKS:
        at += 1
    return at
