"""The book of rules: what applies at a place on a date, with act and article; read once at start and never changed.

A value that is missing is a refusal (``PolicyGap``), never zero and never the value of another day. Where several
levels of government have spoken, the register says how they combine:

- ``local``: the nearest level that has spoken; all others inherit.
- ``min`` and ``max``: the strictest of all levels, for caps and for retention.
- ``union``: everything that any level names, for prohibitions and duties.
- ``all``: only what every level that has spoken permits. ``any``: owed as soon as one level demands it.

Overlays are asked only when the texts are silent, so that a configured value can never displace the law.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Self

from kernel.errors import DomainError, NotFound
from kernel.policy_files import chain_of, read_files
from kernel.policy_reader import PolicyBroken
from kernel.policy_records import Document, Files, Label, Missing, Parameter, Source, Value, items_of

__all__ = [
    "Absent",
    "Cited",
    "Label",
    "NoSuchPlace",
    "PlaceProfile",
    "PolicyBook",
    "PolicyBroken",
    "PolicyGap",
    "Row",
    "Source",
    "UnknownParameter",
    "describe",
    "gap",
]

TRUE = "true"
NUMBER_UNKNOWN = "文号未查到"


class PolicyGap(DomainError):
    """Nothing in the files says what applies there on that day; somebody has to configure it."""

    code = "policy.gap"
    title = "政策参数未配置"
    title_en = "The rule has no value there on that day"


class NoSuchPlace(NotFound):
    """No profile carries that name."""

    code = "policy.no_such_place"
    title = "没有这个地方"
    title_en = "No such place"


class UnknownParameter(LookupError):
    """The program asks for a name that the register does not hold: a bug, not a gap."""


@dataclass(frozen=True, slots=True)
class Cited:
    """One value with everything needed to defend it."""

    name: str
    label: str
    label_en: str
    unit: str
    place: str
    value: str
    source: Source
    sources: tuple[Source, ...]  # every level that took part, nearest first
    valid_from: date
    valid_until: date | None
    level: str
    is_overlay: bool

    def decimal(self) -> Decimal:
        """Return the value as an exact decimal."""
        return Decimal(self.value)

    def integer(self) -> int:
        """Return the value as a whole number."""
        return int(self.value)

    def boolean(self) -> bool:
        """Return whether the value is ``true``."""
        return self.value == TRUE

    def items(self) -> tuple[str, ...]:
        """Return the parts of a list, in the order of the file."""
        return items_of(self.value)

    def month_day(self) -> tuple[int, int]:
        """Return month and day of a yearly date written ``MM-DD``."""
        month, day = self.value.split("-")
        return int(month), int(day)

    def citation(self) -> str:
        """Return act and article as printed beside a result; by its title where the number is not known."""
        act = self.source.quoted_title if self.source.number == NUMBER_UNKNOWN else self.source.number
        return f"{act} {self.source.article}"


@dataclass(frozen=True, slots=True)
class Absent:
    """A parameter without a value there on that day, and what has to be configured."""

    name: str
    label: str
    label_en: str
    unit: str
    place: str
    why: str
    configure: str
    rule: str


@dataclass(frozen=True, slots=True)
class PlaceProfile:
    """A place: code of the administrative division, names, the levels above it, its acts and its own words."""

    key: str
    code: str
    title: str
    title_en: str
    extends: tuple[str, ...]  # nearest level first
    documents: tuple[Document, ...]  # own acts first, then those of the levels above
    labels: Mapping[str, Label]
    as_of: date
    superseded_by_check: tuple[str, ...]

    def label(self, key: str, default: str) -> str:
        """Return the local Chinese word for an identifier, or the common one."""
        return self.labels[key].zh if key in self.labels else default


class PolicyBook:
    """Everything read from the policy files; frozen."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._chains = {key: chain_of(files, key) for key in files.places}
        self._places = MappingProxyType({key: _place(files, key) for key in files.places})

    @classmethod
    def load(cls, folder: Path, overlays: Sequence[Path] = ()) -> Self:
        """Read the folder and the overlays.

        Raises:
            PolicyBroken: any file is at fault; all faults are listed.
        """
        return cls(read_files(folder, overlays))

    def places(self) -> tuple[str, ...]:
        """Return the keys of all places, in the order of the register."""
        return tuple(self._places)

    def place(self, place: str) -> PlaceProfile:
        """Return the profile of a place.

        Raises:
            NoSuchPlace: there is none of that name.
        """
        if place not in self._places:
            raise NoSuchPlace(
                f"没有“{place}”的政策文件；可用：{'、'.join(self._places)}。",
                detail_en=f"No profile for {place}; there are {', '.join(self._places)}.",
            )
        return self._places[place]

    def parameters(self) -> tuple[Parameter, ...]:
        """Return everything that may be set, in the order of the register."""
        return tuple(self._files.parameters.values())

    def get(self, place: str, name: str, *, on: date) -> Cited | None:
        """Return the value in force at the place on that day, or None where the place has none.

        Raises:
            NoSuchPlace: there is no such place.
            UnknownParameter: the register does not hold the name.
        """
        self.place(place)
        parameter = self._parameter(name)
        in_force = [value for value in self._texts(place, name) if value.is_in_force(on)]
        if not in_force:
            in_force = [value for value in self._overlays(place, name) if value.is_in_force(on)]
        return _combined(place, parameter, in_force) if in_force else None

    def find(self, place: str, name: str, *, on: date) -> Cited:
        """Return the value in force at the place on that day.

        Raises:
            PolicyGap: there is none; the words say what to configure.
            NoSuchPlace: there is no such place.
            UnknownParameter: the register does not hold the name.
        """
        cited = self.get(place, name, on=on)
        if cited is None:
            raise gap(self._places[place], self._absence(place, name, on), on)
        return cited

    def in_force(self, place: str, on: date) -> list[Cited]:
        """Return every value in force there on that day, in the order of the register."""
        found = (self.get(place, name, on=on) for name in self._files.parameters)
        return [cited for cited in found if cited is not None]

    def absent(self, place: str, on: date) -> list[Absent]:
        """Return what is known to be open there on that day: left open by the texts, or dated otherwise."""
        self.place(place)
        names = [name for name in self._files.parameters if self._is_expected(place, name)]
        return [self._absence(place, name, on) for name in names if self.get(place, name, on=on) is None]

    def milestones(self, place: str) -> tuple[date, ...]:
        """Return every day on which some value there begins, oldest first."""
        self.place(place)
        names = self._files.parameters
        values = (value for name in names for value in (*self._texts(place, name), *self._overlays(place, name)))
        return tuple(sorted({value.valid_from for value in values}))

    def absence(self, place: str, name: str, *, on: date) -> Absent:
        """Return why there is no value and what to configure; meaningful when ``get`` gave None."""
        self.place(place)
        return self._absence(place, name, on)

    def _parameter(self, name: str) -> Parameter:
        if name not in self._files.parameters:
            raise UnknownParameter(f"{name} is not in the register")
        return self._files.parameters[name]

    def _texts(self, place: str, name: str) -> Iterator[Value]:
        for profile in self._chains[place]:
            yield from profile.values.get(name, ())

    def _overlays(self, place: str, name: str) -> Iterator[Value]:
        for profile in self._chains[place]:
            yield from self._files.overlay.get((profile.key, name), ())

    def _missing(self, place: str, name: str) -> Missing | None:
        found = (profile.missing.get(name) for profile in self._chains[place])
        return next((missing for missing in found if missing is not None), None)

    def _is_expected(self, place: str, name: str) -> bool:
        dated = any(True for _ in self._texts(place, name)) or any(True for _ in self._overlays(place, name))
        return dated or self._missing(place, name) is not None

    def _absence(self, place: str, name: str, on: date) -> Absent:
        parameter, missing = self._parameter(name), self._missing(place, name)
        dated = [*self._texts(place, name), *self._overlays(place, name)]
        file = self._files.profiles[place].file
        return Absent(
            name=name,
            label=parameter.label,
            label_en=parameter.label_en,
            unit=parameter.unit,
            place=place,
            why=_why(dated, missing, on),
            configure=missing.configure if missing else f"如当地另有规定，在 policies/{file} 中写明取值、文件和条款",
            rule=missing.rule if missing else parameter.rule,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the printed rules of a place; ``value`` is None where something must still be configured."""

    name: str
    label: str
    value: str | None
    unit: str
    number: str
    article: str
    evidence: str
    rule: str
    level: str
    is_overlay: bool
    configure: str


def describe(book: PolicyBook, place: str, on: date) -> list[Row]:
    """Return everything in force at the place on that day, then everything left open with what to configure.

    Raises:
        NoSuchPlace: there is no such place.
    """
    rows = [
        Row(
            name=cited.name,
            label=cited.label,
            value=cited.value,
            unit=cited.unit,
            number=cited.source.number,
            article=cited.source.article,
            evidence=cited.source.evidence,
            rule=cited.source.rule,
            level=cited.level,
            is_overlay=cited.is_overlay,
            configure="",
        )
        for cited in book.in_force(place, on)
    ]
    for absent in book.absent(place, on):
        configure = f"{absent.why}；请配置：{absent.configure}"
        rows.append(Row(absent.name, absent.label, None, absent.unit, "", "", "", absent.rule, "", False, configure))
    return rows


def gap(place: PlaceProfile, absent: Absent, on: date) -> PolicyGap:
    """Return the refusal that names place, day, rule, and what must be configured."""
    return PolicyGap(
        f"{place.title}在 {on} 没有“{absent.label}”（{absent.name}，规则 {absent.rule}）的取值：{absent.why}。"
        f"请配置：{absent.configure}。",
        detail_en=f"{place.title_en} has no value for {absent.label_en} ({absent.name}) on {on}.",
        rule=absent.rule,
        errors=[{"pointer": "", "code": PolicyGap.code, "message": absent.configure, "parameter": absent.name}],
    )


def _why(dated: list[Value], missing: Missing | None, on: date) -> str:
    later = sorted((value for value in dated if value.valid_from > on), key=lambda value: value.valid_from)
    earlier = [value for value in dated if value.valid_until is not None and value.valid_until < on]
    if later:
        first = later[0]
        act = f"{first.source.number} {first.source.article}"
        return f"最早自 {first.valid_from} 起才有取值（{act}），不得以其他日期的取值代替"
    if earlier:
        last = max(value.valid_until for value in earlier if value.valid_until is not None)
        return f"最后的取值已于 {last} 失效，不得继续沿用"
    return missing.why if missing else "该地及其上级文件均未规定"


def _place(files: Files, key: str) -> PlaceProfile:
    chain = chain_of(files, key)
    own = chain[0]
    labels = {name: label for profile in reversed(chain) for name, label in profile.labels.items()}
    return PlaceProfile(
        key=key,
        code=own.code,
        title=own.title,
        title_en=own.title_en,
        extends=tuple(profile.key for profile in chain[1:]),
        documents=tuple(document for profile in chain for document in profile.documents.values()),
        labels=MappingProxyType(labels),
        as_of=own.as_of,
        superseded_by_check=tuple(words for profile in chain for words in profile.superseded_by_check),
    )


def _combined(place: str, parameter: Parameter, values: list[Value]) -> Cited:
    """Make one answer of the values of several levels, nearest first; the deciding one is cited."""
    decisive, raw = values[0], values[0].value
    taking_part = values[:1] if parameter.combine == "local" else values
    if parameter.combine in ("min", "max"):
        strictest = min if parameter.combine == "min" else max
        decisive = strictest(values, key=lambda value: Decimal(value.value))
        raw = decisive.value
    elif parameter.combine == "union":
        raw = ",".join(dict.fromkeys(item for value in reversed(values) for item in items_of(value.value)))
    elif parameter.combine == "any":
        decisive = next((value for value in values if value.value == TRUE), values[0])
        raw = decisive.value
    elif parameter.combine == "all":
        decisive, raw = _permitted_by_all(parameter, values)
    return Cited(
        name=parameter.name,
        label=parameter.label,
        label_en=parameter.label_en,
        unit=parameter.unit,
        place=place,
        value=raw,
        source=decisive.source,
        sources=tuple(value.source for value in taking_part),
        valid_from=max(value.valid_from for value in taking_part),
        valid_until=min((value.valid_until for value in taking_part if value.valid_until), default=None),
        level=decisive.level,
        is_overlay=any(value.is_overlay for value in taking_part),
    )


def _permitted_by_all(parameter: Parameter, values: list[Value]) -> tuple[Value, str]:
    """Return the strictest level and what is left when every level must permit it."""
    if parameter.kind == "boolean":
        decisive = next((value for value in values if value.value != TRUE), values[0])
        return decisive, decisive.value
    left = [item for item in items_of(values[0].value) if all(item in items_of(value.value) for value in values)]
    return min(values, key=lambda value: len(items_of(value.value))), ",".join(left)
