"""Words about wrong fields: both languages, a stable code, chosen when they are said."""

from __future__ import annotations

import copy
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask

from kernel.fields import MoneyField, Schema, TextField
from kernel.wording import Phrase, leaves, said


class Sample(Schema):
    """One field of each kind that speaks."""

    text = TextField(max_length=3)
    required = ma.fields.String(required=True)
    count = ma.fields.Integer(validate=ma.validate.Range(1, 5))
    above = ma.fields.Integer(validate=ma.validate.Range(min=0, min_inclusive=False))
    kind = ma.fields.String(validate=ma.validate.OneOf(["a", "b"]))
    money = MoneyField()
    day = ma.fields.Date()
    moment = ma.fields.AwareDateTime()
    identity = ma.fields.UUID()
    names = ma.fields.List(ma.fields.String(validate=ma.validate.Regexp("^x")))


WRONG: dict[str, Any] = {
    "text": "four", "count": 6, "above": 0, "kind": "c", "money": 1, "day": "x", "moment": "2026-07-01T00:00:00",
    "identity": "x", "names": ["x", "y"], "other/one": 1,
}  # fmt: skip
CODES = {
    "/text": "length", "/required": "required", "/count": "range", "/above": "range", "/kind": "choice",
    "/money": "type", "/day": "type", "/moment": "type", "/identity": "type", "/names/1": "pattern",
    "/other~1one": "unknown_field",
}  # fmt: skip


def complaints() -> dict[str, str]:
    """Return the words about every wrong field by pointer."""
    with pytest.raises(ma.ValidationError) as refused:
        Sample().load(WRONG)
    return dict(leaves(refused.value.normalized_messages()))


def test_every_complaint_has_a_code_and_both_languages() -> None:
    found = complaints()
    assert {pointer: words.code for pointer, words in found.items() if isinstance(words, Phrase)} == CODES
    assert all(isinstance(words, Phrase) and words.en.isascii() and not words.zh.isascii() for words in found.values())
    assert not any("{" in words for words in found.values())


def test_a_complaint_is_said_in_the_language_of_the_request(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        english = complaints()
    assert english["/count"] == "Must be greater than or equal to 1 and less than or equal to 5."
    assert english["/above"] == "Must be greater than 0."
    assert complaints()["/count"] == "须不小于 1 且不大于 5"
    assert said(english["/above"]) == "须大于 0"


def test_a_phrase_can_be_filled_in_and_copied() -> None:
    phrase = Phrase("最多 {max}", "At most {max}", "range").format(max=3)
    twin = copy.deepcopy(phrase)
    assert (twin, twin.zh, twin.en, twin.code) == ("最多 3", "最多 3", "At most 3", "range")


def test_what_is_no_phrase_is_said_as_it_is() -> None:
    assert (said("别的"), said(5)) == ("别的", "5")
    assert leaves({"_schema": ["整体"], "a": {"_schema": ["里面"]}}) == [("", "整体"), ("/a", "里面")]
