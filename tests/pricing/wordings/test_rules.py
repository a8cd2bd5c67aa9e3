"""Prices in words, in both languages."""

from __future__ import annotations

import pytest

from pricing.wordings.rules import in_words, model_node

BANDS = [
    {"up_to": "1000", "unit_price": "1", "flat_fee": "0"},
    {"up_to": None, "unit_price": "0.5", "flat_fee": "20"},
]


@pytest.mark.parametrize(
    ("model", "chinese", "english"),
    [
        ({"model": "per_unit", "unit_price": "0.8"}, ["0.8 元/次"], ["0.8 yuan per use"]),
        (
            {"model": "graduated", "tiers": BANDS, "minimum_spend": "100.00"},
            ["0至1000：1 元/次", "1000以上：0.5 元/次（另加 20 元）", "各档分别计价", "最低 100.00 元"],
            ["0 to 1000: 1 yuan per use", "above 1000: 0.5 yuan per use (plus 20 yuan)",
             "each band at its own price", "at least 100.00 yuan"],
        ),
        ({"model": "package", "package_size": "20", "package_price": "900", "free_units": "5"},
         ["每包 20 个计费单位 900 元", "每单前 5 免费"],
         ["900 yuan per pack of 20", "the first 5 of an order are free"]),
        ({"model": "flat", "flat_fee": "88", "waived_up_to": "5.00"},
         ["固定费用 88 元", "不超过 5.00 元的免收"], ["88 yuan flat", "bills up to 5.00 yuan are waived"]),
        ({"model": "included_overage", "flat_fee": "100", "included": "50", "unit_price": "2", "package_size": "1"},
         ["含 50，共 100 元", "超出部分 2 元/次"], ["50 included for 100 yuan", "beyond it 2 yuan per use"]),
        ({"model": "package_table", "packs": [{"quantity": "10", "price": "9.00"}]},
         ["每包 10 个计费单位 9.00 元"], ["9.00 yuan per pack of 10"]),
        ({"model": "volume_coefficient", "unit_price": "2", "coefficients": {"contribution": {"A": "0.5"}},
          "bands": [{"up_to": "10", "coefficient": "1"}, {"up_to": None, "coefficient": "0.7"}]},
         ["2 元/次", "0–10 × 1", "> 10 × 0.7", "贡献等级“A” × 0.5"],
         ["2 yuan per use", "0–10 × 1", "> 10 × 0.7", "contribution grade A × 0.5"]),
    ],
)  # fmt: skip
def test_a_price_is_said_with_every_number_that_it_has_in_both_languages(model, chinese, english):
    assert in_words(model, "per_use") == chinese
    assert in_words(model, "per_use", english=True) == english


def test_repeated_use_is_said_as_well():
    words = in_words({"model": "per_unit", "unit_price": "9"}, "per_use", dedup_days=30)
    assert words == ["9 元/次", "同一对象 30 日内只计一次"]


def test_a_line_of_an_explanation_names_every_term_and_the_one_rounding_point():
    found = model_node({"model": "graduated", "tiers": BANDS}, "per_use", charges_misses=True)
    assert (found["label"], found["value"]) == ("计费方式", "0至1000：1 元/次")
    assert [line["value"] for line in found["lines"]] == [
        "1000以上：0.5 元/次（另加 20 元）", "各档分别计价", "查询即计费，未查得也计",
        "各行精确相加，按订单合计一次四舍五入到分",
    ]  # fmt: skip
