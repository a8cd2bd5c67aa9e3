"""The records that policy files are turned into, and the vocabularies they may use; pure."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

EVIDENCE = {
    "V": "原文已读",
    "VS": "见于创始文件原文",
    "VP": "原文仅读到前部",
    "S": "转述",
    "R": "凭记忆，未核实",
    "I": "推断或设计决定",
}
STATUSES = {
    "in_force": "现行",
    "draft": "征求意见稿或送审稿",
    "unconfirmed": "正文或施行日期未核对",
    "superseded_check": "可能已被替代，须核对",
    "demonstration": "演示用",
}
KINDS = ("text", "choice", "list", "integer", "decimal", "boolean", "month_day")
COMBINES = ("local", "min", "max", "union", "all", "any")
# Which kinds a way of combining makes sense for.
COMBINABLE = {
    "min": ("integer", "decimal"),
    "max": ("integer", "decimal"),
    "union": ("list",),
    "all": ("list", "boolean"),
    "any": ("boolean",),
}
NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
WORD = re.compile(r"[a-z][a-z0-9_]*")
RULE = re.compile(r"[A-Z]{3}-[0-9]{2}")


@dataclass(frozen=True)
class Document:
    """One act, with the day a person last compared our file with its text."""

    key: str
    title: str
    number: str
    issued: date | None
    in_force: date
    valid_until: date | None  # last day, when the act states its own end
    read_on: date
    status: str
    note: str


@dataclass(frozen=True)
class Source:
    """Where a value stands: act, article, words, how well they were read, and our rule."""

    document: str
    title: str
    number: str
    article: str
    quote: str
    evidence: str
    rule: str
    status: str
    read_on: date
    recalled: bool = False

    @property
    def quoted_title(self) -> str:
        """The title between title marks; one that quotes another title by itself carries them already."""
        return self.title if "《" in self.title else f"《{self.title}》"


@dataclass(frozen=True)
class Parameter:
    """What may be set: its label, unit, kind, and how the levels of government combine."""

    name: str
    label: str
    label_en: str
    unit: str
    kind: str
    combine: str
    rule: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Value:
    """One value, in force from ``valid_from`` to ``valid_until`` (last day) or without end."""

    value: str
    valid_from: date
    valid_until: date | None
    source: Source
    level: str
    file: str
    is_overlay: bool
    ends_as_written: bool = False  # the entry itself says ``until``

    def is_in_force(self, on: date) -> bool:
        """Say whether the value applies on that day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)

    def overlaps(self, other: "Value") -> bool:
        """Say whether there is a day on which both would apply."""
        return self.is_in_force(other.valid_from) or other.is_in_force(self.valid_from)


@dataclass(frozen=True)
class Missing:
    """A parameter that the texts are known to leave open at this level, and what has to be configured."""

    name: str
    why: str
    configure: str
    rule: str


@dataclass(frozen=True)
class Label:
    """A name shown to people at one place, in two languages."""

    zh: str
    en: str


@dataclass(eq=False)
class Profile:
    """One file: a level of government or a place."""

    key: str
    file: str
    title: str
    title_en: str
    code: str
    extends: str | None
    as_of: date
    superseded_by_check: tuple[str, ...]
    documents: dict[str, Document] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    values: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)
    content: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Files:
    """Everything read from one folder and its overlays."""

    places: tuple[str, ...]
    parameters: dict[str, Parameter]
    profiles: dict[str, Profile]
    overlay: dict[tuple[str, str], tuple[Value, ...]]  # (level, name) → values


def value_fault(parameter: Parameter, raw: str) -> str | None:
    """Return in words why ``raw`` is no value of the parameter, or ``None``."""
    kind, items = parameter.kind, items_of(raw)
    if kind == "integer" and not INTEGER.fullmatch(raw):
        return f"应当是整数，现为“{raw}”"
    if kind == "decimal" and not DECIMAL.fullmatch(raw):
        return f"应当是十进制数，现为“{raw}”"
    if kind == "boolean" and raw not in ("true", "false"):
        return f"应当是 true 或 false，现为“{raw}”"
    if kind == "month_day" and not _is_month_day(raw):
        return f"应当是月日 MM-DD，现为“{raw}”"
    if kind in ("choice", "list"):
        if not items or len(set(items)) < len(items) or not all(WORD.fullmatch(item) for item in items):
            return f"应当是以逗号分隔、互不相同的标识，现为“{raw}”"
        unknown = [item for item in items if parameter.choices and item not in parameter.choices]
        if unknown or (kind == "choice" and len(items) > 1):
            return f"应当取自 {'、'.join(parameter.choices)}，现为“{raw}”"
    return None


def items_of(raw: str) -> tuple[str, ...]:
    """Return the comma-separated parts of a value."""
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def _is_month_day(raw: str) -> bool:
    try:
        date.fromisoformat(f"2001-{raw}")
    except ValueError:
        return False
    return True
