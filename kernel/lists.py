"""Lists that sort, filter, add up and export what is asked for by plain addresses; a list declares its columns once.

The whole filtered list counts: its sums and its spreadsheet are never those of one page.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import reduce
from operator import add
from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Response, current_app, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from kernel.calendar import BEIJING, DAY, business_date, start_of_day
from kernel.db import Base
from kernel.errors import Invalid
from kernel.fields import MoneyField
from kernel.http import PAGE_LIMIT, PageArgs, attachment, cursor_after, page_position
from kernel.json_body import in_query
from kernel.money import Money
from kernel.spreadsheets import decimal_cell, print_ready, workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXPORTED_MAX = 50_000
TEXT_MAX = 100
SHOWN = ("cursor", "limit", "download")  # what an address says beside the order and the filters
HEADINGS_AT = 2
BLOCK = 1_000


class TooManyRows(Invalid):
    """The list is too long for one spreadsheet."""

    code = "list.too_many_rows"
    title = "记录过多，不能一次导出"
    title_en = "Too many rows for one spreadsheet"


class Kind(StrEnum):
    """What a column holds; it decides how the column is filtered, written and aligned."""

    TEXT = "text"
    CODE = "code"
    COUNT = "count"
    MONEY = "money"
    DAY = "day"
    MOMENT = "moment"


CSS = {Kind.COUNT: "num", Kind.MONEY: "num", Kind.DAY: "narrow", Kind.MOMENT: "narrow"}
READ: dict[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str, Kind.CODE: str, Kind.COUNT: int, Kind.MONEY: Money.signed_yuan,
    Kind.DAY: date.fromisoformat, Kind.MOMENT: datetime.fromisoformat,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``of`` is a database expression, or a function of a row of a list in memory.

    Where ``of`` may be null, the list is neither sorted nor filtered by it. Without ``words`` a code reads as the site
    reads it anywhere; ``choices`` are the codes to filter by.
    """

    name: str
    label: Any
    of: Any
    kind: Kind = Kind.TEXT
    words: Mapping[Any, Any] | None = None
    choices: Sequence[str] = ()
    is_filter: bool = False
    is_summed: bool = False
    is_sorted: bool = True

    @property
    def css(self) -> str:
        """The class of its cells."""
        return CSS.get(self.kind, "")

    @property
    def has_ends(self) -> bool:
        """Say whether it is filtered from one value to another."""
        return self.kind in (Kind.MONEY, Kind.DAY, Kind.MOMENT)

    @property
    def fields(self) -> dict[str, ma.fields.Field[Any]]:
        """What an address may say about it."""
        if not self.is_filter:
            return {}
        if self.has_ends:
            made = MoneyField if self.kind is Kind.MONEY else ma.fields.Date
            return {f"{self.name}_from": made(), f"{self.name}_to": made()}
        allowed = ma.validate.OneOf(self.choices) if self.kind is Kind.CODE else ma.validate.Length(max=TEXT_MAX)
        return {self.name: ma.fields.String(validate=allowed)}

    def say(self, value: Any) -> Any:
        """Return what a reader sees of a value: an amount, a number, or words."""
        if value is None:
            return ""
        if self.kind is Kind.CODE:
            label = current_app.jinja_env.globals.get("state_label", str)
            return str(self.words.get(value, value) if self.words is not None else label(value))  # type: ignore[operator]
        if self.kind is Kind.MOMENT:
            return f"{value.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        return value if isinstance(value, Money | int) else str(value)


class ListArgs(PageArgs):
    """What the address of any list may say."""

    download = ma.fields.String(validate=ma.validate.OneOf(["xlsx"]))

    @ma.pre_load
    def leave_out_the_empty(self, data: Mapping[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Take a field of the form that was left empty as not sent."""
        return {name: data[name] for name in data if data[name] != ""}


@dataclass(slots=True)
class Listing:
    """One list as an address asks for it; after it was read also its rows, how many there are, and its sums."""

    name: str
    title: Any
    columns: Sequence[Column]
    asked: dict[str, Any]
    at: str = ""  # the endpoint of its page, where other requests show the list too
    items: list[Any] = field(default_factory=list)
    count: int = 0
    sums: dict[str, Money | int] = field(default_factory=dict)
    next_cursor: str | None = None

    @property
    def is_download(self) -> bool:
        """Say whether the spreadsheet is asked for, not the page."""
        return "download" in self.asked

    @property
    def is_filtered(self) -> bool:
        """Say whether some rows were left out."""
        return any(name in self.asked for column in self.columns for name in column.fields)

    @property
    def order(self) -> tuple[Column, bool] | None:
        """The column that it is in the order of, and whether the largest comes first; None as it was made."""
        text = self.asked.get("sort", "")
        found = [column for column in self.columns if column.name == text.removeprefix("-")]
        return (found[0], text.startswith("-")) if found else None

    def direction(self, column: Column) -> str:
        """Return how it is in the order of a column, as ARIA calls it."""
        order = self.order
        if order is None or order[0].name != column.name:
            return "none"
        return "descending" if order[1] else "ascending"

    def sort_url(self, column: Column) -> str:
        """Return the address in the order of a column: upwards, then downwards, then as it was made."""
        following = {"none": column.name, "ascending": f"-{column.name}", "descending": None}
        return self._url(sort=following[self.direction(column)])

    @property
    def download_url(self) -> str:
        """The address of the spreadsheet with the same filters in the same order."""
        return self._url(download="xlsx")

    @property
    def clear_url(self) -> str:
        """The address of the list without its filters."""
        return self._url(**{name: None for column in self.columns for name in column.fields})

    @property
    def action(self) -> str:
        """Where the form of the filters leads."""
        return url_for(self.at) if self.at else request.path

    @property
    def kept(self) -> dict[str, str]:
        """What the form of the filters sends along unchanged."""
        own = {*SHOWN, "sort", *(name for column in self.columns for name in column.fields)}
        return {name: value for name, value in request.args.items() if name not in own}

    def _url(self, **changed: str | None) -> str:
        said = {name: value for name, value in request.args.items() if name not in SHOWN and value}
        wanted = {name: value for name, value in {**said, **changed}.items() if value is not None}
        own = {} if self.at else request.view_args or {}
        return url_for(self.at or str(request.endpoint), **{**own, **wanted})

    # ---- rows in the database ----

    def read(self, session: Session, query: sa.Select[Any], kind: type[Base]) -> Listing:
        """Take a page of a query, in the order asked for and else the newest first, with the sums of all of it."""
        query = self._sifted(query)
        limit, after = page_position()
        identity: Any = sa.inspect(kind).primary_key[0]
        order = self.order
        key, falls = (order[0].of, order[1]) if order else (sa.literal(""), True)
        shown = query.add_columns(key)
        if after is not None:
            text, last = json.loads(after)
            past = identity < UUID(last) if falls else identity > UUID(last)
            if order:
                value = sa.literal(READ[order[0].kind](text), key.type)
                past = (key < value if falls else key > value) | ((key == value) & past)
            shown = shown.where(past)
        keys = [key, identity] if order else [identity]
        rows = session.execute(shown.order_by(*(one.desc() if falls else one for one in keys)).limit(limit + 1)).all()
        self.items = [row[0] for row in rows[:limit]]
        if len(rows) > limit:
            last_row = rows[limit - 1]
            self.next_cursor = cursor_after(json.dumps([_written(last_row[-1]), str(last_row[0].id)]))
        self._add_up(session, query)
        return self

    def _add_up(self, session: Session, query: sa.Select[Any]) -> None:
        summed = [column for column in self.columns if column.is_summed]
        rows = _only(query, [column.of.label(column.name) for column in summed] or [sa.literal(1).label("one")])
        found = rows.subquery()
        asked = sa.select(sa.func.count(), *(sa.func.sum(found.c[column.name]) for column in summed))
        self.count, *sums = session.execute(asked.select_from(found)).one()
        self.sums = {
            column.name: (one or Money(0)) if column.kind is Kind.MONEY else int(one or 0)
            for column, one in zip(summed, sums, strict=True)
        }

    def _sifted(self, query: sa.Select[Any]) -> sa.Select[Any]:
        for column in self.columns:
            first, last = self.asked.get(f"{column.name}_from"), self.asked.get(f"{column.name}_to")
            wanted = self.asked.get(column.name) if column.is_filter else None
            if column.kind is Kind.MOMENT:
                first = None if first is None else start_of_day(first)
                last = None if last is None else start_of_day(last + DAY)
            if first is not None:
                query = query.where(column.of >= first)
            if last is not None:
                query = query.where(column.of < last if column.kind is Kind.MOMENT else column.of <= last)
            if wanted is not None:
                query = query.where(
                    column.of == wanted if column.kind is Kind.CODE
                    else sa.func.lower(column.of).contains(wanted.lower(), autoescape=True)
                )  # fmt: skip
        return query

    def export(self, session: Session, query: sa.Select[Any], kind: type[Base]) -> Response:
        """Hand out the whole filtered list as a spreadsheet, in the order asked for.

        Raises:
            TooManyRows: it is longer than one spreadsheet takes.
        """
        ordered = self._whole(session, query, kind)
        rows = session.execute(_only(ordered, [column.of for column in self.columns]).limit(EXPORTED_MAX + 1))
        return self._attached(rows.yield_per(BLOCK))

    def whole(self, session: Session, query: sa.Select[Any], kind: type[Base]) -> Sequence[Any]:
        """Return every row of the filtered list in the order asked for, for a spreadsheet of another form.

        Raises:
            TooManyRows: it is longer than one spreadsheet takes.
        """
        ordered = self._whole(session, query, kind)
        self._must_fit()
        return session.scalars(ordered).all()

    def _whole(self, session: Session, query: sa.Select[Any], kind: type[Base]) -> sa.Select[Any]:
        query = self._sifted(query)
        self._add_up(session, query)
        identity: Any = sa.inspect(kind).primary_key[0]
        key, falls = (self.order[0].of, self.order[1]) if self.order else (identity, True)
        return query.order_by(*(one.desc() if falls else one for one in (key, identity)))

    # ---- rows in memory ----

    def take(self, rows: Iterable[Any], *, limit: int = PAGE_LIMIT) -> Listing:
        """Take a page of rows that are all at hand, in the order asked for and else as they come, with their sums."""
        found = self._arranged(rows)
        limit, after = page_position(limit)
        start = int(after or 0)
        self.items = found[start : start + limit]
        if len(found) > start + limit:
            self.next_cursor = cursor_after(str(start + limit))
        return self

    def export_of(self, rows: Iterable[Any]) -> Response:
        """Hand out the whole filtered list of rows that are at hand as a spreadsheet.

        Raises:
            TooManyRows: it is longer than one spreadsheet takes.
        """
        return self._attached([column.of(row) for column in self.columns] for row in self._arranged(rows))

    def _arranged(self, rows: Iterable[Any]) -> list[Any]:
        found = [row for row in rows if all(self._admits(column, column.of(row)) for column in self.columns)]
        self.count = len(found)
        for column in self.columns:
            if column.is_summed:
                nothing: Any = Money(0) if column.kind is Kind.MONEY else 0
                self.sums[column.name] = reduce(add, map(column.of, found), nothing)
        if self.order:
            found.sort(key=self.order[0].of, reverse=self.order[1])
        return found

    def _admits(self, column: Column, value: Any) -> bool:
        first, last = self.asked.get(f"{column.name}_from"), self.asked.get(f"{column.name}_to")
        wanted = self.asked.get(column.name) if column.is_filter else None
        if column.kind is Kind.MOMENT:
            value = business_date(value)
        is_meant = wanted is None or (
            str(value) == wanted if column.kind is Kind.CODE else wanted.lower() in str(value).lower()
        )
        return is_meant and (first is None or value >= first) and (last is None or value <= last)

    # ---- the spreadsheet ----

    def _must_fit(self) -> None:
        if self.count > EXPORTED_MAX:
            raise TooManyRows(
                f"共 {self.count} 条，一次最多导出 {EXPORTED_MAX} 条：请先筛选，再分次导出",
                detail_en=f"{self.count} rows; at most {EXPORTED_MAX} go into one spreadsheet: filter first",
            )

    def _attached(self, rows: Iterable[Iterable[Any]]) -> Response:
        self._must_fit()
        target, title = io.BytesIO(), str(self.title)
        with workbook(target, title) as book:
            sheet, money = book.add_worksheet(), book.add_format({"num_format": "#,##0.00"})
            bold, sum_of = book.add_format({"bold": True}), book.add_format({"bold": True, "num_format": "#,##0.00"})
            sheet.write_string(0, 0, title, bold)
            print_ready(sheet, heading_row=HEADINGS_AT, last_column=len(self.columns) - 1, header=title, footer=title)
            for at, column in enumerate(self.columns):
                sheet.write_string(HEADINGS_AT, at, str(column.label), bold)
            for line, row in enumerate(rows, start=HEADINGS_AT + 1):
                for at, (column, value) in enumerate(zip(self.columns, row, strict=True)):
                    _write(sheet, line, at, column.say(value), money)
            end = HEADINGS_AT + 1 + self.count
            sheet.write_string(end, 0, gettext("合计（%(n)s 条）", n=self.count), bold)
            for at, column in enumerate(self.columns):
                if column.name in self.sums and at:
                    _write(sheet, end, at, self.sums[column.name], sum_of)
        return attachment(target.getvalue(), f"{self.name}.xlsx", XLSX)


def _only(query: sa.Select[Any], columns: list[Any]) -> sa.Select[Any]:
    """Return the same rows of a query with other columns: no row is read whole where a part of it is asked for."""
    return query.with_only_columns(*columns, maintain_column_froms=True)


def _write(sheet: Any, row: int, column: int, value: Any, money: Any) -> None:
    if isinstance(value, Money):
        sheet.write_number(row, column, decimal_cell(value.text()), money)
    elif isinstance(value, int):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, value)


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else value.text() if isinstance(value, Money) else str(value)


def asked_for(name: str, title: Any, columns: Sequence[Column], *, at: str = "") -> Listing:
    """Return the list that the address of the request asks for; what it does not admit is answered with 422.

    Args:
        name: of the file that is exported.
        title: over the list in that file.
        columns: as the page shows them, from the left.
        at: the endpoint of the page, where the answers of other requests show the list too.
    """
    fields: dict[str, Any] = {}
    for column in columns:
        fields |= column.fields
    orders = [sign + column.name for column in columns if column.is_sorted for sign in ("", "-")]
    schema: Any = ListArgs.from_dict({**fields, "sort": ma.fields.String(validate=ma.validate.OneOf(orders))})
    return Listing(name, title, columns, in_query(schema), at)
