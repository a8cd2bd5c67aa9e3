"""Canonical text is the same whether a value is written at once, in pieces, or taken from what is stored."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kernel.canonical import Written, elements, rewritten, text, woven
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


def test_what_is_written_already_is_stored_as_it_is() -> None:
    assert to_json(Written('{"a":1}')) == '{"a":1}'
