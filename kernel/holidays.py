"""Reads the holiday tables of years that the library does not know, or knows wrongly; pure but for the files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from kernel.policy_reader import PolicyBroken, Reader, text

DAY = timedelta(days=1)
SATURDAY = 5  # date.weekday(): Monday is 0


@dataclass(frozen=True, slots=True)
class _Span:
    first: date
    last: date
    name: str
    works: bool

    def __iter__(self) -> Iterator[date]:
        return (self.first + DAY * offset for offset in range((self.last - self.first).days + 1))


def load_holidays(folder: Path) -> dict[int, dict[date, bool]]:
    """Return, per year, the days that depart from Monday-to-Friday: True works, False rests.

    Raises:
        PolicyBroken: any table is at fault; all faults of all tables are listed.
    """
    return {year: {day: span.works for span in spans for day in span} for year, spans in _tables(folder).items()}


def load_holiday_names(folder: Path) -> dict[date, str]:
    """Return why each of these days departs, for the explanation of a deadline.

    Raises:
        PolicyBroken: any table is at fault.
    """
    return {day: span.name for spans in _tables(folder).values() for span in spans for day in span}


def _tables(folder: Path) -> dict[int, list[_Span]]:
    reader = Reader()
    tables = {}
    for path in sorted(folder.glob("*.yaml")):
        if not (path.stem.isascii() and path.stem.isdigit()):
            reader.fault(path.name, "", "文件名应当是年度，如 2027.yaml")
            continue
        tables[int(path.stem)] = _table(reader, path)
    if reader.faults:
        raise PolicyBroken(reader.faults)
    return tables


def _table(reader: Reader, path: Path) -> list[_Span]:
    content, file = reader.load(path), path.name
    reader.keys(file, "", content, "title number read_on rest", "issued work")
    reader.day(file, "", "read_on", content)
    spans = [*_spans(reader, file, "rest", content), *_spans(reader, file, "work", content)]
    seen: set[date] = set()
    for span in spans:
        for day in span:
            if day.year != int(path.stem):
                reader.fault(file, span.name, f"{day} 不在 {path.stem} 年")
            if day in seen:
                reader.fault(file, span.name, f"{day} 出现两次")
            if span.works and day.weekday() < SATURDAY:
                reader.fault(file, span.name, f"{day} 不是周六或周日，不需要调休上班")
            seen.add(day)
    return spans


def _spans(reader: Reader, file: str, key: str, content: Mapping[str, Any]) -> list[_Span]:
    entries = content.get(key) or []
    if not isinstance(entries, list):
        reader.fault(file, key, "应当是列表")
        return []
    spans = [_span(reader, file, key, entry) for entry in entries]
    return [span for span in spans if span is not None]


def _span(reader: Reader, file: str, key: str, entry: object) -> _Span | None:
    content = reader.mapping(file, key, entry)
    bounds = ("from", "to") if key == "rest" else ("date", "date")
    filled = reader.keys(file, key, content, " ".join(dict.fromkeys(bounds)) + " name")
    first, last = (reader.day(file, key, bound, content) for bound in bounds)
    if not filled or first is None or last is None:
        return None
    if last < first or last.year != first.year:
        reader.fault(file, key, f"{first} 至 {last} 不是一年之内先后两日")
        return None
    return _Span(first, last, text(content, "name"), works=key == "work")
