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
        ("APP-01", "plan.incomplete"),
        ("APP-02", "application.not_invited"),
        ("DIS-11", "selection.filing_missing"),
        ("RVW-01", "review.second_seat"),
        ("AGR-02", "agreement.term_not_allowed"),
        ("AGR-01", "agreement.items_missing"),
        ("EMG-01", "agreement.emergency_plan_missing"),
        ("TRN-01", "access.refused"),
        ("RVW-02", "data_request.clearance_missing"),
        ("REG-04", "registration.notice_running"),
        ("MKT-02", "listing.venue_missing"),
        ("PUB-02", "pricing.exemption_required"),
        ("REU-01", "reuse.not_for_you"),
        ("", "auth.forbidden"),
        ("PRC-06", "determination.not_ready"),
    ]


def test_the_operator_was_invited_and_the_result_filed_with_the_provincial_government(xinchang: Journey) -> None:
    assert xinchang.seats(xinchang.told.plan["review"]) == [("government", "agreed", "2025-11-19", "梅天姥")]
    assert xinchang.plan() == ("in_effect", "2025-11-21", "示例新政复〔2025〕63号", "示例浙数备方案〔2025〕新-09")
    assert xinchang.told.call["method"] == "invited_tender"
    assert xinchang.told.selection["filing_reference"] == "示例浙政备〔2025〕新昌-04"
    assert "三（四）3（4）" in xinchang.words_of("selection.filing_missing")
    assert xinchang.result() == ("示例新昌数据运营有限公司", "水旱灾害风险", "2025-12-12")


def test_two_persons_reviewed_basic_and_technical_security_and_it_lasts_two_years(xinchang: Journey) -> None:
    review = xinchang.told.security_review
    assert (review["state"], review["passed_on"], review["valid_until"]) == ("passed", "2025-12-19", "2027-12-19")
    seats = xinchang.seats(xinchang.get("supervisor", f"/api/v1/reviews/{review['review_id']}"))
    assert seats == [
        ("basic_security", "agreed", "2025-12-19", "潘辨微"),
        ("technical_security", "agreed", "2025-12-19", "求副理"),
    ]


def test_nobody_untrained_had_access_and_after_the_second_examination_it_was_granted(xinchang: Journey) -> None:
    decided = [(one["account_name"], one["outcome"], one["code"]) for one in xinchang.told.access]
    assert decided == [("俞初学", "denied", "BLOCKED_TRAINING"), ("俞初学", "granted", "")]
    assert [look["condition"] for look in xinchang.told.access[0]["looked"] if not look["is_met"]] == ["training"]


def test_six_departments_wrote_the_one_emergency_plan_and_a_drill_was_held(xinchang: Journey) -> None:
    (plan,) = xinchang.told.emergency["plans"]
    assert plan["participants"] == [
        "data_authority", "cyberspace", "cryptography", "secrecy", "police", "state_security",
    ]  # fmt: skip
    (drill,) = xinchang.told.emergency["drills"]
    assert (drill["held_on"], drill["outcome"]) == ("2026-01-09", "passed")
    assert xinchang.told.emergency["drill_due"] == "2027-01-09"  # twelve months later


def test_the_scenario_passed_network_security_and_the_provincial_system_before_it_was_reviewed(
    xinchang: Journey,
) -> None:
    clearances = [(one["kind"], one["reference"]) for one in xinchang.told.requests["risk"]["clearances"]]
    assert clearances == [("network_security", "示例新网安评〔2025〕17号"), ("irs", "示例IRS-XC-2025-0331")]


def test_the_product_is_registered_with_the_exchange_zone_before_it_is_sold(xinchang: Journey) -> None:
    assert xinchang.told.closed == {"risk": ["local_register"]}
    record = xinchang.told.records["risk"]
    assert (record["kind"], record["issuer"]) == ("local_record", "浙江大数据交易服务平台新昌专区")


def test_the_half_yearly_report_is_handed_in_on_time_and_what_is_owed_is_listed(xinchang: Journey) -> None:
    assert xinchang.duties("security_report", "operation_report", "emergency_drill", "resource_use_disclosure") == [
        ("resource_use_disclosure", "2026-06-30", "overdue"),
        ("security_report", "2026-07-15", "fulfilled"),  # 30 June and 15 days
        ("resource_use_disclosure", "2026-12-31", "upcoming"),
        ("emergency_drill", "2027-01-05", "fulfilled"),
        ("emergency_drill", "2027-01-09", "upcoming"),
        ("security_report", "2027-01-15", "upcoming"),
        ("operation_report", "2027-02-05", "upcoming"),  # a year from 6 January 2026 and 30 days
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


def test_before_a_complete_year_an_application_finds_no_basis_for_a_determination(xinchang: Journey) -> None:
    assert [(step["state"], step["actor_name"]) for step in xinchang.told.early["steps"]] == [
        ("applied", "石长庚"), ("refused", "金持衡"),
    ]  # fmt: skip
    assert "2027 年" in xinchang.words_of("determination.not_ready")  # sold since February 2026
    assert xinchang.told.ceiling == {}


def test_the_platforms_five_charges_of_march_are_drawn_once_each_into_the_survey_of_the_year(
    xinchang: Journey,
) -> None:
    # CST-01: 12 000 + 3 000 + 1 000 + 500 + 2 500
    charges = xinchang.told.charges
    assert charges["total"] == "19000.00"
    assert [one["amount"] for one in charges["kinds"]] == ["12000.00", "3000.00", "1000.00", "500.00", "2500.00"]
    survey = charges["survey"]
    assert len({line["charge"] for line in survey["lines"]}) == 6  # five charges, and the operator's own staff
    # (120 000 + 19 000) × 40 : 50
    assert survey["totals"]["industry"] == "111200.00"


def test_free_use_goes_on_after_its_term_by_a_new_decision(xinchang: Journey) -> None:
    renewal = xinchang.told.renewal
    assert (renewal["state"], renewal["valid_from"], renewal["valid_until"]) == ("approved", "2027-01-01", "2027-12-31")
    assert renewal["renews_id"] == xinchang.told.exemptions["welfare"]["id"]


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


def test_gate_by_gate_it_is_explained_why_the_product_may_be_sold(xinchang: Journey) -> None:
    facts = xinchang.gates("risk")
    assert list(facts) == [
        "seller_in_order", "service_agreement", "agreement_in_force", "emergency_plan", "operator_trained",
        "operator_reviewed", "no_open_incident", "request_approved", "review_passed", "egress_passed",
        "registration_effective", "local_register",
    ]  # fmt: skip
    assert facts["operator_trained"] == "2 名指派人员中 2 名岗前培训合格"
    assert "有效至 2027-12-18" in facts["operator_reviewed"]
    assert "应急预案第 1 版已提交" in facts["emergency_plan"]
    assert "浙江大数据交易服务平台新昌专区" in facts["local_register"]
