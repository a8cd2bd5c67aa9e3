"""Who may sell, what names a version, and what the operator must not re-develop."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.parties.rules import Capacity
from registry.products.rules import (
    RedevelopmentForbidden,
    content_sha256,
    personal_fields,
    place_letters,
    refuse_redevelopment,
    seller_capacity,
)

BOTH = ("operating_institution", "data_merchant")
texts = st.text(st.characters(codec="utf-8"), max_size=20)


@pytest.mark.parametrize(
    ("held", "allowed", "capacity"),
    [
        ({Capacity.DATA_MERCHANT}, BOTH, Capacity.DATA_MERCHANT),
        ({Capacity.OPERATING_INSTITUTION}, BOTH, Capacity.OPERATING_INSTITUTION),
        ({Capacity.OPERATING_INSTITUTION}, ("data_merchant",), None),  # Guangzhou, SEP-01
        ({Capacity.BUYER, Capacity.SOURCE_DEPARTMENT}, BOTH, None),
        (set(), BOTH, None),
    ],
)
def test_a_seller_holds_a_capacity_that_the_place_admits(
    held: set[Capacity], allowed: tuple[str, ...], capacity: Capacity | None
) -> None:
    assert seller_capacity(held, allowed) is capacity


def test_the_operator_of_an_ancestor_may_not_redevelop_it_and_others_may() -> None:
    operator, merchant = uuid4(), uuid4()
    refuse_redevelopment(owner_id=merchant, ancestor_operators={operator: "XC-2026-000001"}, citation="27号 第六条")
    with pytest.raises(RedevelopmentForbidden, match=r"XC-2026-000001.*27号 第六条"):
        refuse_redevelopment(owner_id=operator, ancestor_operators={operator: "XC-2026-000001"}, citation="27号 第六条")


def test_codes_begin_with_the_letters_of_the_place() -> None:
    letters = [place_letters(place) for place in ("quzhou", "futian", "puer", "xinchang", "guangzhou", "newplace")]
    assert letters == ["QZ", "FT", "PE", "XC", "GZ", "NE"]


@given(st.dictionaries(texts, texts, max_size=4))
def test_the_digest_depends_on_the_content_and_not_on_its_order(content: dict[str, str]) -> None:
    turned = dict(reversed(content.items()))
    assert content_sha256(content) == content_sha256(turned)
    assert content_sha256(content) != content_sha256({**content, "more": "…"})


def test_personal_fields_are_named_by_their_titles() -> None:
    fields = [{"name": "a", "title": "姓名", "personal": True}, {"name": "b", "personal": True}, {"name": "c"}]
    assert personal_fields(fields) == ["姓名", "b"]
