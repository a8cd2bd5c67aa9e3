"""Words for the index of the catalogue, and what a typed search looks for. Pure.

Chinese has no spaces, so a text is kept as its overlapping pairs of characters, as in the public register; beside them
stand its pinyin in pairs of syllables and its initials in pieces of three letters, so that ``企业信用``, ``企業信用``,
``qiye xinyong`` and ``qyxy`` look for the same. Every piece is one plain token: SQLite's FTS5 and PostgreSQL's inverted
index keep them alike, and neither has to know Chinese. Tokens find a superset; the texts beside them are compared where
neighbouring pieces could come from different places.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any

from kernel.money import UnitPrice
from market.search import (
    DIGEST_LENGTH,
    INITIALS_CUT,
    INITIALS_MIN,
    PRICE_STEPS,
    READINGS_MAX,
    REMEMBERED_MAX,
    WORDS_MAX,
)
from registry.register_words.rules import folded

# pairs have two characters; every other token begins with a mark and is longer
SOUND, INITIAL, TITLE, FACET = "0s", "0i", "0t", "0f"
HAN = re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
LETTERS = re.compile("[a-z]+")
SYLLABLE = re.compile("[a-z]*[aeiouv][a-z]*")
UMLAUTS = str.maketrans("üǖǘǚǜ", "vvvvv")


class Field(StrEnum):
    """A column that a search compares texts with."""

    TEXT = "text"
    SOUNDS = "sounds"
    INITIALS = "initials"


class Facet(StrEnum):
    """What the entries of the catalogue are counted by and narrowed to."""

    PLACE = "place"
    DOMAIN = "domain"
    OPERATOR = "operator"
    MERCHANT = "merchant"
    DEPARTMENT = "department"
    DELIVERY_FORM = "delivery_form"
    UPDATE_FREQUENCY = "update_frequency"
    CHARGE_UNIT = "charge_unit"
    PRICE_RANGE = "price_range"
    FREE = "free"


# facts of the product that stand in the index; what depends on prices in force is asked for at every search
INDEXED = (
    Facet.PLACE, Facet.DOMAIN, Facet.OPERATOR, Facet.MERCHANT, Facet.DEPARTMENT, Facet.DELIVERY_FORM,
    Facet.UPDATE_FREQUENCY,
)  # fmt: skip


class Sort(StrEnum):
    """The order of the entries."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    PRICE = "price"
    USE = "use"


@dataclass(frozen=True, slots=True)
class Texts:
    """What is searched of one product: its title, the names around it, and everything longer."""

    title: str
    names: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index keeps of one product."""

    words: str
    text: str
    sounds: str
    initials: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a typed word: all its tokens, and the piece of text that must stand somewhere."""

    tokens: tuple[str, ...]
    field: Field
    piece: str
    is_exact: bool  # the tokens alone say it

    def of_titles(self) -> Reading:
        """Return the same, looked for in titles only."""
        return Reading(tuple(TITLE + token for token in self.tokens), self.field, self.piece, True)


def simplified(text: str) -> str:
    """Return the text in simplified characters, each turned by itself, so that a part is turned as the whole is."""
    return "".join(character if character.isascii() else _simplified(character) for character in text)


@lru_cache(maxsize=REMEMBERED_MAX)
def _simplified(character: str) -> str:
    return str(_converter().convert(character))


@lru_cache(maxsize=1)
def _converter():  # type: ignore[no-untyped-def]
    from opencc import OpenCC  # reads its tables; not before somebody searches

    return OpenCC("t2s")


def plain(text: str) -> str:
    """Return what is compared of a text: simplified letters and digits of one case and width."""
    return simplified(folded(text))


@lru_cache(maxsize=REMEMBERED_MAX)
def syllables(run: str) -> tuple[str, ...]:
    """Return the pinyin of a run of Chinese characters without tones, ``ü`` as ``v``, one syllable each."""
    from pypinyin import lazy_pinyin  # takes most of a second to load

    return tuple(sound for sound in lazy_pinyin(run, errors="ignore") if SYLLABLE.fullmatch(sound))


@lru_cache(maxsize=1)
def known_syllables() -> frozenset[str]:
    """Return every syllable that a character is read as."""
    from pypinyin.constants import PINYIN_DICT

    toned = {sound for sounds in PINYIN_DICT.values() for sound in sounds.split(",")}
    return frozenset(plain_sound for plain_sound in map(_toneless, toned) if SYLLABLE.fullmatch(plain_sound))


def _toneless(text: str) -> str:
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text).translate(UMLAUTS))
    return "".join(one for one in parts if not unicodedata.combining(one))


def indexed(texts: Texts, facets: Iterable[str] = ()) -> Indexed:
    """Return what the index keeps of a product; ``facets`` are tokens of :func:`facet_token`.

    Titles and names are cut into everything that can be looked for, longer texts only into what is worth its room:
    a single character, syllable or a pair of initials is looked for in titles and names.
    """
    title, names = _cut((texts.title,), short=True), _cut(texts.names, short=True)
    body = _cut(texts.body, short=False)
    tokens = {*title, *names, *body, *(TITLE + token for token in title), *facets}
    parts = [plain(part) for part in (texts.title, *texts.names, *texts.body)]
    runs = [syllables(run) for part in parts for run in HAN.findall(part)]
    return Indexed(
        words=" ".join(sorted(tokens)),
        text="\n".join(part for part in parts if part),
        sounds="\n".join(f" {' '.join(run)} " for run in runs if run),
        initials="\n".join("".join(sound[0] for sound in run) for run in runs if run),
    )


def _cut(texts: Sequence[str], *, short: bool) -> set[str]:
    found: set[str] = set()
    for text in texts:
        part = plain(text)
        found |= set(part) if short or len(part) == 1 else set()
        found |= set(_pieces(part, 2))
        for run in HAN.findall(part):
            sounds = syllables(run)
            found |= {SOUND + first + second for first, second in pairwise(sounds)}
            letters = "".join(sound[0] for sound in sounds)
            found |= {INITIAL + piece for piece in _pieces(letters, INITIALS_CUT)}
            if short:
                found |= {SOUND + sound for sound in sounds}
                found |= {INITIAL + piece for piece in _pieces(letters, INITIALS_MIN)}
    return found


def _pieces(text: str, length: int) -> Iterator[str]:
    return (text[start : start + length] for start in range(len(text) - length + 1))


def facet_token(facet: Facet, value: str) -> str:
    """Return the token under which the index keeps that a product has a value of a facet."""
    return FACET + hashlib.sha256(f"{facet}={value}".encode()).hexdigest()[:DIGEST_LENGTH]


def wanted(q: str) -> list[list[Reading]] | None:
    """Return what to look for: for each typed word the ways to read it; ``None`` when a word says nothing.

    Only the first words count, as many as a search may have.
    """
    found = [readings(word) for word in q.split()[:WORDS_MAX]]
    return None if any(not one for one in found) else found


def readings(word: str) -> list[Reading]:
    """Return the ways to read one typed word: as it stands, as pinyin, as initials."""
    part = plain(word)
    if not part:
        return []
    tokens = tuple(dict.fromkeys(_pieces(part, 2))) or (part,)
    found = [Reading(tokens, Field.TEXT, part, len(part) <= 2)]
    letters = plain(_toneless(word.casefold()))
    if not LETTERS.fullmatch(letters):
        return found
    for sounds in _divided(letters)[:READINGS_MAX]:
        cut = tuple(SOUND + first + second for first, second in pairwise(sounds))
        found.append(Reading(cut or (SOUND + sounds[0],), Field.SOUNDS, f" {' '.join(sounds)} ", len(sounds) <= 2))
    if len(letters) >= INITIALS_MIN:
        cut = tuple(INITIAL + piece for piece in _pieces(letters, min(len(letters), INITIALS_CUT)))
        found.append(Reading(cut, Field.INITIALS, letters, len(letters) <= INITIALS_CUT))
    return found


def _divided(letters: str) -> list[tuple[str, ...]]:
    """Return the ways to divide letters into syllables, the one with the fewest first."""
    known = known_syllables()
    longest = max(len(sound) for sound in known)
    ways: list[list[tuple[str, ...]]] = [[()], *([] for _ in letters)]
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - longest), end):
            if letters[start:end] in known:
                ways[end] += [(*way, letters[start:end]) for way in ways[start]]
        ways[end] = sorted(ways[end], key=len)[:READINGS_MAX]
    return ways[len(letters)]


def nothing_to_compare(word: Sequence[Reading]) -> bool:
    """Say whether the tokens alone answer for a word."""
    return all(one.is_exact for one in word)


Words = Sequence[Sequence[Reading]]


def fts5(words: Words, facets: Sequence[Sequence[str]] = (), without: Words = ()) -> str:
    """Return what SQLite's FTS5 is asked for: all words, each in one of its readings, and one token of each facet.

    ``without`` leaves out what has all of those words.
    """
    asked = " AND ".join(_groups(words, facets, '"{}"', " AND ", " OR "))
    return f"({asked}) NOT ({fts5(without)})" if without else asked


def tsquery(words: Words, facets: Sequence[Sequence[str]] = (), without: Words = ()) -> str:
    """Return the same for PostgreSQL; the tokens are quoted, so that no parser cuts them anew."""
    asked = " & ".join(_groups(words, facets, "'{}'", " & ", " | "))
    return f"({asked}) & !({tsquery(without)})" if without else asked


def read_through(words: Words, facets: Sequence[Sequence[str]] = ()) -> str:
    """Return the same as SQL over the ``words`` of an entry; tokens are letters and digits."""
    return " AND ".join(_groups(words, facets, "instr(' ' || words || ' ', ' {} ')", " AND ", " OR "))


def _groups(words: Words, facets: Sequence[Sequence[str]], spelled: str, all_of: str, any_of: str) -> Iterator[str]:
    for word in words:
        ways = (all_of.join(map(spelled.format, one.tokens)) for one in word)
        yield "(" + any_of.join(f"({way})" for way in ways) + ")"
    for tokens in facets:
        yield "(" + any_of.join(map(spelled.format, tokens)) + ")"


@dataclass(frozen=True, slots=True)
class Range:
    """A range of prices in yuan per unit: above the one end, up to and with the other; ``None`` is open."""

    above: UnitPrice | None
    up_to: UnitPrice | None

    def holds(self, price: UnitPrice) -> bool:
        """Say whether a price lies in the range."""
        return (self.above is None or price > self.above) and (self.up_to is None or price <= self.up_to)

    @property
    def key(self) -> str:
        """The range as one word: ``0.1-1``."""
        return "-".join("" if end is None else end.text() for end in (self.above, self.up_to))


def price_ranges() -> list[Range]:
    """Return the ranges that prices are counted in; every price lies in exactly one."""
    ends = [UnitPrice.yuan(step) for step in PRICE_STEPS]
    return [Range(above, up_to) for above, up_to in zip([None, *ends], [*ends, None], strict=True)]


@dataclass(frozen=True, slots=True)
class Count:
    """How many of the counted entries have one value of a facet."""

    facet: Facet
    value: str
    count: int


def counted(rows: Iterable[tuple[Mapping[Any, Iterable[str]], int]]) -> list[Count]:
    """Return for each facet its values with the number of entries that have them, the most frequent first.

    Each row gives facet → values, and how many entries are like it; a value counts once per entry.
    """
    tally: dict[Facet, dict[str, int]] = {facet: {} for facet in Facet}
    for row, entries in rows:
        for name, values in row.items():
            of_facet = tally[Facet(name)]
            for value in set(values):
                of_facet[value] = of_facet.get(value, 0) + entries
    return [
        Count(facet, value, of_facet[value])
        for facet, of_facet in tally.items()
        for value in sorted(of_facet, key=lambda one: (-of_facet[one], one))
    ]
