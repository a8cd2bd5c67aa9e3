"""What is said about a wrong field, in both languages and with a stable code; marshmallow's own words are replaced."""

from __future__ import annotations

from typing import Any, Self

import marshmallow as ma
from flask import has_request_context
from flask_babel import get_locale


class Phrase(str):
    """A text in the reader's language that still knows both languages and its code.

    The language is that of the request in which the phrase was made; ``format`` makes it anew.
    """

    zh: str
    en: str
    code: str

    def __new__(cls, zh: str, en: str, code: str = "invalid") -> Self:
        """Choose the language of the running request; Chinese outside of one."""
        made = super().__new__(cls, en if reads_english() else zh)
        made.zh, made.en, made.code = zh, en, code
        return made

    def __getnewargs__(self) -> tuple[str, str, str]:  # type: ignore[override]
        """Let phrases be copied: flask-smorest copies the schemas that it documents."""
        return self.zh, self.en, self.code

    def format(self, *_args: object, **values: object) -> Self:
        """Fill in the values, in both languages; a value may be a phrase itself."""
        zh = {name: value.zh if isinstance(value, Phrase) else value for name, value in values.items()}
        en = {name: value.en if isinstance(value, Phrase) else value for name, value in values.items()}
        return type(self)(self.zh.format(**zh), self.en.format(**en), self.code)


def reads_english() -> bool:
    """Say whether the reader of this request prefers English."""
    locale = get_locale() if has_request_context() else None
    return locale is not None and locale.language == "en"


def said(message: object) -> str:
    """Return a message in the language of this request, though it may have been made when its module was read."""
    return Phrase(message.zh, message.en, message.code) if isinstance(message, Phrase) else str(message)


def leaves(messages: Any, pointer: str = "") -> list[tuple[str, str]]:
    """Return every message of marshmallow's nested errors with the JSON pointer of its field, in order."""
    if isinstance(messages, dict):
        return [
            leaf
            for name, below in messages.items()
            for leaf in leaves(below, pointer if name == "_schema" else f"{pointer}/{escaped(str(name))}")
        ]
    if isinstance(messages, list):
        return [(pointer, said(message)) for message in messages]
    return [(pointer, said(messages))]


def escaped(name: str) -> str:
    """Return a name as one part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _replace(owner: Any, **phrases: Phrase) -> None:
    owner.default_error_messages = {**owner.__dict__.get("default_error_messages", {}), **phrases}


_FIELD = ma.fields
_RANGE = {
    "message_min": Phrase("须{min_op} {{min}}", "Must be {min_op} {{min}}.", "range"),
    "message_max": Phrase("须{max_op} {{max}}", "Must be {max_op} {{max}}.", "range"),
    "message_all": Phrase("须{min_op} {{min}} 且{max_op} {{max}}", "Must be {min_op} {{min}} and {max_op} {{max}}.",
                          "range"),
    "message_gte": Phrase("不小于", "greater than or equal to"),
    "message_gt": Phrase("大于", "greater than"),
    "message_lte": Phrase("不大于", "less than or equal to"),
    "message_lt": Phrase("小于", "less than"),
}  # fmt: skip
_CHOICE = Phrase("须为下列之一：{choices}", "Must be one of: {choices}.", "choice")


def speak_both_languages() -> None:
    """Replace what marshmallow says; done once, when :mod:`kernel.fields` is imported."""
    _replace(
        _FIELD.Field,
        required=Phrase("必须填写", "Missing data for required field.", "required"),
        null=Phrase("不能为空", "Field may not be null.", "null"),
        validator_failed=Phrase("内容不符合要求", "Invalid value."),
    )
    for kind, zh, en in (
        (_FIELD.List, "须为列表", "Not a valid list."),
        (_FIELD.String, "须为文字", "Not a valid string."),
        (_FIELD.Number, "须为数字", "Not a valid number."),
        (_FIELD.Integer, "须为整数", "Not a valid integer."),
        (_FIELD.Boolean, "须为 true 或 false", "Not a valid boolean."),
        (_FIELD.Date, "须为日期，例如 2026-07-01", "Not a valid date."),
        (_FIELD.Mapping, "须为对象（键值对）", "Not a valid mapping type."),
    ):
        _replace(kind, invalid=Phrase(zh, en, "type"))
    moment = Phrase("须为带时区的时刻，例如 2026-07-01T09:00:00+08:00", "Not a valid moment with a time zone.", "type")
    _replace(_FIELD.DateTime, invalid=moment, invalid_awareness=moment)
    _replace(_FIELD.AwareDateTime, invalid=moment, invalid_awareness=moment)
    _replace(_FIELD.UUID, invalid_uuid=Phrase("不是有效的编号（UUID）", "Not a valid UUID.", "type"))
    _replace(_FIELD.Nested, type=Phrase("须为对象（键值对）", "Invalid type.", "type"))
    _replace(_FIELD.Enum, unknown=_CHOICE)
    ma.Schema._default_error_messages = {
        **ma.Schema._default_error_messages,
        "type": Phrase("须为对象（键值对）", "Invalid input type.", "type"),
        "unknown": Phrase("没有这个字段", "Unknown field.", "unknown_field"),
    }
    ma.validate.OneOf.default_message = _CHOICE
    ma.validate.Regexp.default_message = Phrase("格式不符合要求", "String does not match expected pattern.", "pattern")
    ma.validate.Length.message_min = Phrase("长度不得少于 {min}", "Shorter than minimum length {min}.", "length")
    ma.validate.Length.message_max = Phrase("长度不得超过 {max}", "Longer than maximum length {max}.", "length")
    ma.validate.Length.message_all = Phrase(
        "长度须在 {min} 与 {max} 之间", "Length must be between {min} and {max}.", "length"
    )
    ma.validate.Length.message_equal = Phrase("长度须为 {equal}", "Length must be {equal}.", "length")
    for name, phrase in _RANGE.items():
        setattr(ma.validate.Range, name, phrase)


speak_both_languages()
