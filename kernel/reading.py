"""Strict reading of JSON-like input: every wrong field is named, nothing is guessed, numbers come as text.

A Reader collects the problems of a whole document and raises them together in ``close``, so that people see all that
is wrong at once. Until then a field that could not be read yields a harmless placeholder.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from kernel.errors import DomainError, Invalid
from kernel.money import ZERO, Money, UnitPrice, plain_number

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

ENTRIES_MAX = 200  # of a list that people write by hand: bands, packs, products


class Unreadable(Invalid):
    """Some fields of the input are missing, unknown or wrongly written."""

    code = "input.unreadable"
    title = "输入内容有误"
    title_en = "The input is not acceptable"


class Reader:
    """Reads one mapping; nested mappings get readers of their own that report to the same place."""

    def __init__(self, payload: object, pointer: str = "", problems: list[dict[str, Any]] | None = None) -> None:
        self.problems: list[dict[str, Any]] = [] if problems is None else problems
        self.pointer = pointer
        self._used: set[str] = set()
        self._payload: Mapping[str, Any] = {}
        if not isinstance(payload, Mapping) or not all(isinstance(key, str) for key in payload):
            self.complain("", "not_an_object", "应为一个对象（键值对）", "must be an object")
        elif not all(_is_unicode(key) and _is_unicode(value) for key, value in payload.items()):
            self.complain("", "not_unicode", "含有不成对的代理字符，不是合法文本", "holds lone surrogates")
        else:
            self._payload = payload

    def complain(self, key: str, code: str, message: str, message_en: str) -> None:
        """Note a problem with a key of this mapping, or with the mapping itself when the key is empty."""
        pointer = f"{self.pointer}/{_escaped(key)}" if key else self.pointer
        self.problems.append({"pointer": pointer, "code": code, "message": message, "message_en": message_en})

    def has(self, key: str) -> bool:
        """Say whether the key is there with a value other than null."""
        return self._payload.get(key) is not None

    def keys(self) -> list[str]:
        """Return the keys, for mappings whose keys are data; they count as read."""
        self._used.update(self._payload)
        return list(self._payload)

    def money(self, key: str) -> Money:
        """Read an amount of yuan."""
        return self._parsed(key, Money.yuan, ZERO)

    def unit_price(self, key: str) -> UnitPrice:
        """Read a unit price in yuan."""
        return self._parsed(key, UnitPrice.yuan, UnitPrice(0))

    def number(self, key: str, *, signed: bool = False) -> Fraction:
        """Read a plain decimal number."""
        return self._parsed(key, lambda text: plain_number(text, signed=signed), Fraction(0))

    def day(self, key: str) -> date:
        """Read a date written 2026-07-01."""
        return self._parsed(key, _iso_date, date.min)

    def choice(self, key: str, kind: type[E]) -> E:
        """Read one of the values of an enum."""
        first, allowed = next(iter(kind)), "、".join(kind)
        text = self.text(key)
        if text in kind.__members__.values():
            return kind(text)
        if text:
            self.complain(key, "not_allowed", f"只能是 {allowed} 之一", f"must be one of {', '.join(kind)}")
        return first

    def text(self, key: str) -> str:
        """Read a text that is not empty."""
        return self._parsed(key, _filled, "")

    def words(self, key: str) -> str:
        """Read a text that may be empty."""
        self._used.add(key)
        return "" if self._payload.get(key) == "" else self._parsed(key, str, "")

    def whole(self, key: str, *, least: int, most: int) -> int:
        """Read a whole number, the one thing that may be a JSON number."""
        self._used.add(key)
        if not self.has(key):
            self._missing(key)
            return least
        value = self._payload[key]
        if type(value) is not int or not least <= value <= most:
            self.complain(key, "out_of_range", f"应为 {least} 到 {most} 的整数", f"whole number {least} to {most}")
            return least
        return value

    def flag(self, key: str) -> bool:
        """Read a yes or no, written as a JSON boolean."""
        self._used.add(key)
        value = self._payload.get(key)
        if not isinstance(value, bool):
            self.complain(key, "not_a_boolean", "应为 true 或 false", "must be true or false")
        return value is True

    def child(self, key: str) -> "Reader":
        """Read a nested mapping."""
        self._used.add(key)
        if not self.has(key):
            self._missing(key)
            return Reader({}, f"{self.pointer}/{_escaped(key)}", self.problems)
        return Reader(self._payload[key], f"{self.pointer}/{_escaped(key)}", self.problems)

    def children(self, key: str, most: int | None = None) -> "list[Reader]":
        """Read a list of nested mappings that has at least one, and at most so many; a longer one is not read."""
        entries = self._entries(key)
        if most is not None and len(entries) > most:
            self.complain(key, "too_many", f"最多 {most} 项", f"at most {most} entries")
            return []
        return [Reader(entry, pointer, self.problems) for pointer, entry in entries]

    def texts(self, key: str) -> list[str]:
        """Read a list of texts that has at least one."""
        found = []
        for pointer, entry in self._entries(key):
            if isinstance(entry, str) and entry.strip() and _is_unicode(entry):
                found.append(entry)
            else:
                self.problems.append(
                    {"pointer": pointer, "code": "not_text", "message": "应为文本", "message_en": "must be a text"}
                )
        return found

    def close(self) -> None:
        """Refuse unknown keys; a reader of the whole document also raises what was noted.

        Raises:
            Unreadable: something is wrong; ``errors`` names every field.
        """
        self.leave()
        if self.problems:
            first = self.problems[0]
            where, words = first["pointer"] or "/", first["message"].rstrip("。")
            raise Unreadable(
                f"输入有 {len(self.problems)} 处问题，第一处：{where} {words}。",
                detail_en=f"{len(self.problems)} problem(s); first: {first['pointer'] or '/'} {first['message_en']}.",
                errors=self.problems,
            )

    def ignore(self, *keys: str) -> None:
        """Count keys as read that are known but need no value here."""
        self._used.update(keys)

    def leave(self) -> None:
        """Note unknown keys without raising, for nested readers."""
        for key in self._payload:
            if key not in self._used:
                self.complain(key, "unknown_key", "不认识的字段", "unknown key")
        self._used.update(self._payload)

    def _entries(self, key: str) -> list[tuple[str, Any]]:
        self._used.add(key)
        entries = self._payload.get(key)
        if not isinstance(entries, Sequence) or isinstance(entries, str | bytes) or not entries:
            self.complain(key, "not_a_list", "应为至少一项的列表", "must be a list with at least one entry")
            return []
        return [(f"{self.pointer}/{_escaped(key)}/{index}", entry) for index, entry in enumerate(entries)]

    def _parsed(self, key: str, parse: Callable[[str], T], placeholder: T) -> T:
        self._used.add(key)
        if not self.has(key):
            self._missing(key)
            return placeholder
        value = self._payload[key]
        if not isinstance(value, str):
            self.complain(key, "not_text", "必须写成带引号的文本，不能是 JSON 数字", "must be a string")
            return placeholder
        try:
            return parse(value)
        except DomainError as error:
            self.complain(key, error.code, error.detail, error.detail_en or error.title_en)
            return placeholder

    def _missing(self, key: str) -> None:
        self.complain(key, "missing", "缺少该字段", "is missing")


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _is_unicode(value: object) -> bool:
    """Say whether a text can be written out again; JSON can smuggle in half a character."""
    if not isinstance(value, str):
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _filled(text: str) -> str:
    if not text.strip():
        raise Invalid("不能为空。", detail_en="must not be empty")
    return text


def _iso_date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise Invalid("日期请写成 2026-07-01。", detail_en="write the date as 2026-07-01")
    return day
