"""A contract has all twelve points, a digest that any change breaks, and two signatures given once."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts.gateway import read, templates
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
    Template,
    after_signature,
    contract_text,
    contract_type,
    must_name_the_text,
    points_of,
    signature_state,
    template_on,
    text_sha256,
    worded,
)

# GB/T 37932-2025, 9.2 d: what the electronic contract of a data trade holds
POINTS_OF_THE_STANDARD = [
    "数据交易参与方", "数据的内容描述", "服务产品的算法逻辑和说明", "合约有效期", "定价与收益方式", "交付质量",
    "交付方式", "使用和加工目的", "使用和加工范围", "安全保护责任和义务", "使用对象", "使用期限",
]  # fmt: skip
DAY = date(2026, 7, 20)
PROVISION = template_on(templates(), ContractType.PROVISION, DAY)
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
    text = worded(template_on(templates(), kind, DAY), "CON-2026-000001", DEAL)
    assert "CON-2026-000001" in text
    for position, heading in enumerate(POINTS_OF_THE_STANDARD, start=1):
        assert f"{position}. {heading}\n" in text


@pytest.mark.parametrize("field", [field.name for field in fields(Deal)])
def test_every_fact_of_the_deal_stands_in_the_contract(field):
    assert f"〔{field}〕" in worded(PROVISION, "CON-2026-000001", DEAL)


@pytest.mark.parametrize("missing", list(Point))
def test_a_contract_without_one_of_the_points_is_not_drafted(missing):
    points = points_of(DEAL, PROVISION) | {missing: "  \n"}
    with pytest.raises(PointsMissing, match=HEADINGS[missing]) as caught:
        contract_text(PROVISION, "CON-2026-000001", points, DEAL)
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


@pytest.mark.parametrize("kind", list(ContractType))
def test_each_kind_says_what_follows_from_breach_dispute_end_and_how_long_records_are_kept(kind):
    text = worded(template_on(templates(), kind, DAY), "CON-2026-000001", DEAL)
    for words in (
        "13. 违约责任",
        "14. 争议解决",
        "15. 变更与解除",
        "16. 记录保存",
        "〔retention_years〕 年",
        "含增值税价",
    ):
        assert words in text
    assert "{" not in text


def test_the_four_kinds_have_titles_and_words_of_their_own():
    titles = [template_on(templates(), kind, DAY).title for kind in ContractType]
    assert titles == ["数据提供合同", "数据委托处理服务合同", "数据融合开发合同", "数据中介服务合同"]
    assert len({worded(template_on(templates(), kind, DAY), "-", DEAL) for kind in ContractType}) == len(titles)


@pytest.mark.parametrize(
    ("inputs", "of_buyer", "is_brokered", "kind"),
    [(3, 0, False, ContractType.PROVISION), (0, 0, False, ContractType.PROVISION),
     (2, 2, False, ContractType.ENTRUSTED_PROCESSING), (3, 1, False, ContractType.FUSION_DEVELOPMENT),
     (3, 1, True, ContractType.INTERMEDIARY)],
)  # fmt: skip
def test_the_kind_follows_from_whose_data_is_traded(inputs, of_buyer, is_brokered, kind):
    assert contract_type(inputs=inputs, of_buyer=of_buyer, is_brokered=is_brokered) is kind


def test_newer_words_apply_from_their_day_and_leave_the_other_kinds_alone():
    newer = replace(PROVISION, title="数据提供合同（新）", effective_from=date(2026, 8, 1))
    known = [*templates(), newer]
    assert template_on(known, ContractType.PROVISION, date(2026, 7, 31)) == PROVISION
    assert template_on(known, ContractType.PROVISION, date(2026, 8, 1)) is newer
    assert template_on(known, ContractType.PROVISION, date(2020, 1, 1)) == PROVISION
    assert template_on(known, ContractType.INTERMEDIARY, date(2026, 8, 1)).title == "数据中介服务合同"
    with pytest.raises(ValueError, match="no template"):
        template_on([newer], ContractType.INTERMEDIARY, DAY)


def test_a_file_that_lacks_a_kind_is_not_read():
    with pytest.raises(KeyError):
        read("from: 2026-01-01\nbasis: x\ncommon: {points: {}, clauses: {}}\nkinds: {}")


@given(st.text(max_size=40))
def test_braces_and_anything_else_in_a_fact_are_words_and_not_placeholders(words):
    made: Template = PROVISION
    text = worded(made, "CON-1", replace(DEAL, scenario="{buyer}" + words))
    assert "{buyer}" + words in text
