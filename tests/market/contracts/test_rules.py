"""A contract has all twelve points, a digest that any change breaks, and two signatures given once."""

from __future__ import annotations

from dataclasses import fields
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts.rules import (
    HEADINGS,
    AlreadySigned,
    AnotherText,
    ContractType,
    Deal,
    Point,
    PointsMissing,
    Side,
    SignatureState,
    after_signature,
    contract_text,
    must_name_the_text,
    points_of,
    signature_state,
    text_sha256,
)

# GB/T 37932-2025, 9.2 d: what the electronic contract of a data trade holds
POINTS_OF_THE_STANDARD = [
    "数据交易参与方", "数据的内容描述", "服务产品的算法逻辑和说明", "合约有效期", "定价与收益方式", "交付质量",
    "交付方式", "使用和加工目的", "使用和加工范围", "安全保护责任和义务", "使用对象", "使用期限",
]  # fmt: skip
DEAL = Deal(**{field.name: f"〔{field.name}〕" for field in fields(Deal)})
NEXT = {
    (SignatureState.DRAFTED, Side.BUYER): SignatureState.BUYER_SIGNED,
    (SignatureState.DRAFTED, Side.SELLER): SignatureState.SELLER_SIGNED,
    (SignatureState.BUYER_SIGNED, Side.SELLER): SignatureState.CONCLUDED,
    (SignatureState.SELLER_SIGNED, Side.BUYER): SignatureState.CONCLUDED,
}


def test_the_points_are_those_of_the_standard_in_its_order():
    assert [HEADINGS[point] for point in Point] == POINTS_OF_THE_STANDARD


@pytest.mark.parametrize("kind", list(ContractType))
def test_the_text_shows_number_and_every_point_numbered(kind):
    text = contract_text(kind, "CON-2026-000001", points_of(DEAL))
    assert "CON-2026-000001" in text
    for position, heading in enumerate(POINTS_OF_THE_STANDARD, start=1):
        assert f"{position}. {heading}\n" in text


@pytest.mark.parametrize("field", [field.name for field in fields(Deal)])
def test_every_fact_of_the_deal_stands_in_the_contract(field):
    assert f"〔{field}〕" in contract_text(ContractType.PROVISION, "CON-2026-000001", points_of(DEAL))


@pytest.mark.parametrize("missing", list(Point))
def test_a_contract_without_one_of_the_points_is_not_drafted(missing):
    points = points_of(DEAL) | {missing: "  \n"}
    with pytest.raises(PointsMissing, match=HEADINGS[missing]) as caught:
        contract_text(ContractType.PROVISION, "CON-2026-000001", points)
    assert [error["pointer"] for error in caught.value.errors] == [f"/{missing}"]


@pytest.mark.parametrize(("state", "side"), list(product(SignatureState, Side)))
def test_each_side_signs_once(state, side):
    if (state, side) in NEXT:
        assert after_signature(state, side) is NEXT[state, side]
    else:
        with pytest.raises(AlreadySigned):
            after_signature(state, side)


@pytest.mark.parametrize(("buyer", "seller"), list(product([False, True], repeat=2)))
def test_the_state_is_what_the_two_signatures_make_it(buyer, seller):
    wanted = {
        (False, False): SignatureState.DRAFTED, (True, False): SignatureState.BUYER_SIGNED,
        (False, True): SignatureState.SELLER_SIGNED, (True, True): SignatureState.CONCLUDED,
    }  # fmt: skip
    assert signature_state(buyer=buyer, seller=seller) is wanted[buyer, seller]


@given(st.text(min_size=1), st.text(min_size=1))
def test_the_digest_belongs_to_one_text(text, other):
    if text == other:
        must_name_the_text(text_sha256(other), text_sha256(text))
    else:
        with pytest.raises(AnotherText):
            must_name_the_text(text_sha256(other), text_sha256(text))
