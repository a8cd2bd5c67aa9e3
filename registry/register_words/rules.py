"""Cutting texts and search words into overlapping pairs of characters. Pure.

``气象服务`` is kept as ``气象 象服 服务 务``. Whoever looks for ``气象服`` looks for the neighbours ``气象 象服``: a
full-text index answers that as a phrase, and LIKE finds the very same text where there is no such index.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def folded(text: str) -> str:
    """Return letters and digits of a text alone: one case, one width, no spaces, no punctuation."""
    return "".join(character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum())


def pairs(text: str) -> str:
    """Return the overlapping pairs of a text, the last character closing them, separated by spaces."""
    plain = folded(text)
    return " ".join(plain[start : start + 2] for start in range(len(plain)))


def search_text(parts: Iterable[str]) -> str:
    """Return what is kept for searching of several texts; no phrase runs from one into the next."""
    return " ".join(cut for cut in (pairs(part) for part in parts) if cut)


def phrases(words: str) -> list[str] | None:
    """Return what to look for, one phrase of pairs per word; ``None`` when nothing in the words can be looked for.

    A single character stays single: it is the beginning of a pair.
    """
    typed = words.split()
    found = [folded(word) for word in typed]
    if any(not word for word in found):
        return None
    return [pairs(word).rsplit(" ", 1)[0] for word in found]
