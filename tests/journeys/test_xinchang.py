"""Xinchang: two years and a trial, an emergency plan, provincial data, a trial fee, free reuse by the source.

Told on SQLite and on PostgreSQL: the figures are the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.journey import Journey, journey
from tests.rig.databases import KINDS, Databases
from web.demo.places import XINCHANG


@pytest.fixture(scope="module", params=KINDS)
def xinchang(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Journey]:
    """The told story of Xinchang."""
    with journey(databases, XINCHANG, kind=request.param) as told:
        yield told


def test_what_was_tried_against_the_rules_was_refused_under_their_ids(xinchang: Journey) -> None:
    assert xinchang.refusals() == [
        ("AGR-02", "agreement.term_not_allowed"),
        ("AGR-01", "agreement.items_missing"),
        ("EMG-01", "agreement.emergency_plan_missing"),
        ("REG-04", "registration.notice_running"),
        ("MKT-02", "listing.venue_missing"),
        ("PUB-02", "pricing.exemption_required"),
        ("", "auth.forbidden"),
    ]


def test_the_term_is_two_years_after_a_trial_of_six_months_and_five_years_are_refused(xinchang: Journey) -> None:
    agreement = xinchang.told.agreement
    assert (agreement["trial_start"], agreement["trial_end"]) == ("2026-01-06", "2026-07-06")
    assert (agreement["term_start"], agreement["term_end"]) == ("2026-07-06", "2028-07-06")
    refusal = next(found for found in xinchang.told.refusals if found.rule == "AGR-02")
    assert "协议期限应为 2 年" in refusal.words
    assert "三（四）3（5）" in refusal.article


def test_the_province_agrees_too_where_its_data_flow_back(xinchang: Journey) -> None:
    seats = xinchang.told.requests["risk"]["opinions"]
    assert sorted(seat["capacity"] for seat in seats) == [
        "data_authority", "provincial_data_authority", "source_department", "source_department",
    ]  # fmt: skip


def test_the_registration_ends_with_the_authorization(xinchang: Journey) -> None:
    registration = xinchang.told.registrations["risk"]
    assert (registration["notice_start"], registration["notice_end"]) == ("2026-01-27", "2026-02-09")
    assert (registration["valid_from"], registration["valid_until"]) == ("2026-02-10", "2028-07-05")


def test_without_a_complete_year_the_fee_is_a_trial_under_guidance(xinchang: Journey) -> None:
    (tariff,) = xinchang.told.tariffs
    assert (tariff["regime"], tariff["cap_id"], tariff["unit_price_max"]) == ("trial", None, "1.25")
    assert "示例新数〔2026〕5号" in tariff["guidance"]


def test_the_source_that_gave_its_data_free_uses_the_product_free(xinchang: Journey) -> None:
    assert xinchang.money("industry", "welfare", "reuse") == [
        ("500.00", "500.00", "tariff"),  # 400 × 1.25
        ("0.00", "250.00", "public_interest"),
        ("0.00", "62.50", "source_reuse"),
    ]
    assert xinchang.told.used == {"industry": 40, "welfare": 10, "reuse": 5}


def test_the_source_that_is_paid_for_its_data_pays_for_the_product(xinchang: Journey) -> None:
    code = xinchang.told.products["risk"]["code"]
    wish = {"product_code": code, "purpose": "industry_development", "scenario": "农业气象服务", "quantity": 50}
    quote = xinchang.send("source_b", "/api/v1/quotes", wish)
    assert (quote["amount"], quote["reason"]) == ("62.50", "tariff")


def test_the_month_is_divided_and_every_share_goes_where_the_rules_send_it(xinchang: Journey) -> None:
    # 40 × 1.25 = 50.00 = 47.17 + 2.83 tax; 4 % 1.88, 30 % 14.15, 6 % 2.83, rest 28.31
    # pool 14.15 by ½·½ + 0.3·½ + 0.2·40:60 = 0.48 : 0.52 = 6.79 : 7.36
    line = xinchang.lines()["industry"]
    assert (line["billable"], line["gross"], line["tax"], line["net"]) == (40, "50.00", "2.83", "47.17")
    assert xinchang.payees() == {
        "venue": ("1.88", {"own_account": "1.88"}),
        "source_a": ("6.79", {"treasury_non_tax": "6.79"}),
        "source_b": ("7.36", {"held": "7.36"}),
        "authority": ("2.83", {"treasury_non_tax": "2.83"}),
        "operator": ("28.31", {"own_account": "28.31"}),
    }


def test_the_journal_holds_every_yuan_of_the_bank_as_earned_or_still_owed(xinchang: Journey) -> None:
    assert xinchang.balances() == {
        "asset:bank:xinchang": "500.00",
        "liability:unearned:industry": "-450.00",
        "liability:output_tax:xinchang": "-2.83",
        "liability:payable:venue": "-1.88",
        "liability:payable:operator": "-28.31",
        "liability:treasury:source_a": "-6.79",
        "liability:treasury:authority": "-2.83",
        "liability:held:source_b": "-7.36",
    }


def test_free_use_appears_on_the_statements_at_zero(xinchang: Journey) -> None:
    (statement,) = xinchang.get("operator", "/api/v1/statements")["items"]
    lines = xinchang.get("operator", f"/api/v1/statements/{statement['number']}")["lines"]
    free = sorted(
        (line["buyer"], line["gross"], line["shadow"], line["share"]) for line in lines if line["step"] is None
    )
    assert free == [
        ("示例新昌县水利局", "0.00", "6.25", "0.00"),  # 5 × 1.25
        ("示例新昌县防汛指挥保障中心", "0.00", "12.50", "0.00"),  # 10 × 1.25
    ]
