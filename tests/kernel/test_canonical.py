"""Canonical text is the same whether a value is written at once, in pieces, or taken from what is stored."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kernel.canonical import (
    HOLE,
    Digested,
    Written,
    elements,
    gap_before,
    objects,
    rewritten,
    streamed,
    text,
    woven,
)
from kernel.db import to_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcxyz_", min_size=1), VALUES, max_size=6), st.data())
def test_an_object_woven_from_written_pieces_is_the_object_written_at_once(
    values: dict[str, Any], data: st.DataObject
) -> None:
    pieces = {name: text(value) if data.draw(st.booleans()) else value for name, value in values.items()}
    assert woven(pieces) == to_json(values) == text(values)


@given(st.lists(VALUES, max_size=6), st.booleans())
def test_the_elements_of_a_stored_list_are_canonical_however_it_is_stored(
    values: list[Any], is_canonical: bool
) -> None:
    stored = to_json(values) if is_canonical else json.dumps(values, indent=1)
    found = list(elements(stored, is_canonical=is_canonical))
    assert found == [text(value) for value in values]
    assert rewritten(stored) == to_json(values)


@given(st.lists(st.dictionaries(st.text(), st.text() | st.lists(st.text()), max_size=4), min_size=1, max_size=6))
def test_objects_that_begin_alike_are_parted_without_being_parsed(values: list[dict[str, Any]]) -> None:
    stored = to_json([{"": index, **value, " ": 0} | {"": index} for index, value in enumerate(values)]).encode()
    assert list(objects(stored, "")) == list(elements(stored.decode(), is_canonical=True))
    assert stored.count(gap_before("")) == len(values) - 1


@given(st.dictionaries(st.text("abcxyz_", min_size=1), VALUES, max_size=4), st.lists(VALUES, max_size=230))
def test_a_value_streamed_in_pieces_is_the_value_written_at_once(values: dict[str, Any], many: list[Any]) -> None:
    whole = {**values, "zz": many, "zzz": [{"one": many}, {"other": many[:1]}]}
    going = Digested(streamed(
        {**values, "zz": map(text, many), "zzz": iter([{"one": iter(many)}, {"other": map(text, many[:1])}])}
    ), around=text([0, 1]).replace("1", HOLE))  # fmt: skip
    assert "".join(going) == to_json(whole)
    assert going.hex() == hashlib.sha256(f"[0,{to_json(whole)}]".encode()).hexdigest()


def test_what_is_written_already_is_stored_as_it_is() -> None:
    assert to_json(Written('{"a":1}')) == '{"a":1}'
