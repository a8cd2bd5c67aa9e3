"""Futian: a partner sells at a value-based price, after filing and review, through the data exchange."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.journey import Journey, journey
from tests.rig.databases import Databases
from web.demo.places import FUTIAN


@pytest.fixture(scope="module")
def futian(databases: Databases) -> Iterator[Journey]:
    """The told story of Futian."""
    with journey(databases, FUTIAN) as told:
        yield told


def test_what_was_tried_against_the_rules_was_refused_under_their_ids(futian: Journey) -> None:
    assert futian.refusals() == [
        ("APP-04", "onboarding.already_applied"),
        ("APP-01", "plan.incomplete"),
        ("APP-03", "selection.status_approval_missing"),
        ("AGR-02", "agreement.term_not_allowed"),
        ("AGR-01", "agreement.items_missing"),
        ("ACC-03", "access.refused"),
        ("REG-04", "registration.notice_running"),
        ("PRC-01", "value_basis.missing"),
        ("MKT-02", "listing.venue_missing"),
        ("PUB-02", "pricing.exemption_required"),
        ("", "auth.forbidden"),
        ("", "buyer_account.no_credit"),
        ("DSP-02", "dispute.not_heard"),
        ("DSP-02", "dispute.second_person_needed"),
        ("", "download.not_found"),
        ("", "download.link_spent"),
    ]


def test_the_partner_asked_to_be_admitted_by_itself_and_another_spelling_of_its_code_is_recognised(
    futian: Journey,
) -> None:
    admission = futian.told.admissions["merchant"]
    assert (admission["state"], admission["round_number"], admission["uscc"]) == ("passed", 1, "91440304MAEX00005C")
    assert "91440304MAEX00005C" in futian.words_of("onboarding.already_applied")
    party = futian.told.parties["merchant"]
    assert [one["capacity"] for one in party["capacities"]] == ["data_merchant"]


def test_the_operator_was_found_by_negotiation_and_its_status_approved_by_the_district_government(
    futian: Journey,
) -> None:
    assert futian.seats(futian.told.plan["review"]) == [("government", "agreed", "2025-11-19", "欧阳区治")]
    assert futian.plan() == ("in_effect", "2025-11-21", "示例福府函〔2025〕57号", "示例粤数备方案〔2025〕福-06")
    selection = futian.told.selection
    assert (futian.told.call["method"], selection["status_approved_by"]) == ("negotiation", "district_government")
    assert selection["status_approval_record"] == "示例福府办〔2025〕102号：审定授权运营单位资格"
    assert "区人民政府审定" in futian.words_of("selection.status_approval_missing")
    assert futian.result() == ("示例福田数据授权运营有限公司", "商业活力", "2025-12-12")


def test_partner_and_operator_both_signed_the_platform_service_agreement_before_any_data(futian: Journey) -> None:
    signed = futian.told.service_agreement
    assert (signed["text"]["kind"], signed["state"], signed["in_force"]) == ("platform_service", "signed", True)
    assert (signed["start_date"], signed["end_date"]) == ("2026-01-06", "2030-01-05")
    assert [one["signer_name"] for one in signed["signatures"]] == ["罗致远", "梁启航"]
    assert {one["content_sha256"] for one in signed["signatures"]} == {signed["content_sha256"]}


def test_the_agreement_lacks_one_content_and_the_refusal_names_it_with_its_article(futian: Journey) -> None:
    refusal = next(found for found in futian.told.refusals if found.rule == "AGR-01")
    assert "争议解决方式" in refusal.words
    assert refusal.article == "发改数据规〔2025〕27号 第十四条"
    assert len(futian.told.agreement["items"]) == 13


def test_the_product_is_filed_before_the_authority_reviews_it(futian: Journey) -> None:
    review = futian.told.products["vitality"]["review"]
    assert [(stage["kind"], stage["state"]) for stage in review["stages"]] == [
        ("filing", "agreed"),
        ("data_authority", "agreed"),
    ]
    # ten working days each: from Friday 16 January, and from Monday 19 January when the second seat opened
    assert [stage["due_date"] for stage in review["stages"]] == ["2026-01-30", "2026-02-02"]
    assert review["state"] == "passed"


def test_an_objection_stopped_the_code_until_it_was_rechecked_and_dismissed(futian: Journey) -> None:
    seen = futian.told.objection
    assert (seen["state"], seen["filed_at"][:10], seen["rechecked_at"][:10]) == (
        "dismissed", "2026-01-29", "2026-02-04",
    )  # fmt: skip
    assert "名称相近不影响登记" in seen["reason"]
    registration = futian.told.registrations["vitality"]
    # ten working days: 27–30 January, 2–6 and 9 February
    assert (registration["notice_start"], registration["notice_end"]) == ("2026-01-27", "2026-02-09")
    assert (registration["state"], registration["valid_from"]) == ("coded", "2026-02-10")


def test_until_the_filing_is_entered_the_product_cannot_be_sold(futian: Journey) -> None:
    assert futian.told.closed == {"vitality": ["local_register"], "report": ["local_register"]}
    record = futian.told.records["vitality"]
    assert (record["kind"], record["reference"]) == ("filing", "示例福数备〔2026〕3号")


def test_authority_and_source_departments_all_had_to_agree_to_the_use_of_their_data(futian: Journey) -> None:
    request = futian.told.requests["vitality"]
    seats = sorted((seat["capacity"], seat["party"]["name"], seat["decision"]) for seat in request["opinions"])
    assert seats == [
        ("data_authority", "示例福田区政务服务和数据管理局", "agree"),
        ("source_department", "示例福田区住房和建设局", "agree"),
        ("source_department", "示例福田区城市停车管理中心", "agree"),
    ]
    assert request["basis"] == "decided"


def test_the_partner_sets_a_market_price_and_needs_no_cap(futian: Journey) -> None:
    found = [(tariff["regime"], tariff["cap_id"]) for tariff in futian.told.tariffs]
    assert found == [("market_value_based", None)] * 2
    assert futian.told.ceiling == {}


def test_the_partner_may_not_call_its_price_a_guided_one(futian: Journey) -> None:
    problem = futian.refused(
        "merchant", "POST", "/api/v1/tariffs",
        {
            "product_id": futian.told.products["vitality"]["id"], "regime": "gov_guided", "charge_unit": "per_use",
            "model": {"model": "per_unit", "unit_price": "1.00"}, "effective_from": "2026-09-01",
        },
    )  # fmt: skip
    assert (problem["rule"], problem["code"]) == ("PRC-01", "tariff.regime_not_allowed")


def test_a_hundred_calls_cost_five_packages_and_public_governance_nothing(futian: Journey) -> None:
    assert futian.money("industry", "welfare") == [
        ("1250.00", "1250.00", "tariff"),  # 5 packages of 20 at 250
        ("0.00", "750.00", "public_interest"),
    ]
    assert futian.told.orders["industry"]["venue"] == "深圳数据交易所"


def test_forty_calls_have_used_up_two_packages_and_a_miss_is_free(futian: Journey) -> None:
    line = futian.lines()["industry"]
    assert (line["billable"], line["gross"], line["tax"], line["net"]) == (40, "500.00", "28.30", "471.70")
    assert futian.told.used == {"industry": 40, "welfare": 10}


def test_the_month_is_divided_between_venue_operator_sources_authority_and_partner(futian: Journey) -> None:
    # 3 % of 500 = 15.00; of 471.70: 20 % 94.34, 15 % 70.75, 5 % 23.58; rest 268.03
    # pool 70.75 by 0.4·½ + 0.4·0.80:0.95 + 0.2·30:70 = 0.442857 : 0.557143
    assert futian.payees() == {
        "venue": ("15.00", {"own_account": "15.00"}),
        "operator": ("94.34", {"own_account": "94.34"}),
        "source_a": ("31.33", {"treasury_non_tax": "31.33"}),
        "source_b": ("39.42", {"held": "39.42"}),
        "authority": ("23.58", {"treasury_non_tax": "23.58"}),
        "merchant": ("268.03", {"own_account": "268.03"}),
    }


def test_the_journal_holds_every_yuan_of_the_bank_as_earned_or_still_owed(futian: Journey) -> None:
    assert futian.balances() == {
        "asset:bank:futian": "2450.00",
        "asset:receivable:company": "0.00",  # 1200.00 on the month's account, and the statement paid
        "liability:unapplied:futian": "0.00",
        "liability:unearned:industry": "-750.00",
        "liability:unearned:report": "-1200.00",
        "liability:output_tax:futian": "-28.30",
        "liability:payable:venue": "-15.00",
        "liability:payable:operator": "-94.34",
        "liability:payable:merchant": "-268.03",
        "liability:treasury:source_a": "-31.33",
        "liability:treasury:authority": "-23.58",
        "liability:held:source_b": "-39.42",
    }


def test_a_party_reads_its_own_statement_and_no_other(futian: Journey) -> None:
    own = futian.get("merchant", "/api/v1/statements")["items"]
    assert [found["total"] for found in own] == ["268.03"]
    other = next(found for found in futian.told.statements if found["total"] == "94.34")
    problem = futian.refused("merchant", "GET", f"/api/v1/statements/{other['number']}")
    assert problem["status"] == 404


def test_gate_by_gate_it_is_explained_why_the_product_may_be_sold(futian: Journey) -> None:
    facts = futian.gates("vitality")
    assert list(facts) == [
        "seller_in_order", "service_agreement", "agreement_in_force", "emergency_plan", "operator_trained",
        "operator_reviewed", "no_open_incident", "request_approved", "review_passed", "egress_passed",
        "registration_effective", "local_register",
    ]  # fmt: skip
    assert "示例福数备〔2026〕3号" in facts["local_register"]
    assert futian.told.service_agreement["number"] in facts["service_agreement"]
