"""Guangzhou: only merchants sell, silence of reviewers consents, the operator lives on break-even fees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.journey import Journey, journey
from tests.rig.databases import Databases
from web.demo.places import GUANGZHOU


@pytest.fixture(scope="module")
def guangzhou(databases: Databases) -> Iterator[Journey]:
    """The told story of Guangzhou."""
    with journey(databases, GUANGZHOU) as told:
        yield told


def test_what_was_tried_against_the_rules_was_refused_under_their_ids(guangzhou: Journey) -> None:
    assert guangzhou.refusals() == [
        ("SEP-01", "party.operator_merchant_separation"),
        ("APP-04", "onboarding.already_applied"),
        ("APP-01", "plan.incomplete"),
        ("AGR-02", "agreement.term_not_allowed"),
        ("AGR-01", "agreement.items_missing"),
        ("ACC-03", "access.refused"),
        ("SEP-02", "review.ground_missing"),
        ("SEP-01", "product.seller_not_allowed"),
        ("", "product_draft.incomplete"),
        ("SEP-01", "product.seller_related_to_operator"),
        ("REG-04", "registration.notice_running"),
        ("PRC-10", "service_fee.above_break_even"),
        ("PRC-10", "service_fee.above_break_even"),
        ("MKT-02", "listing.venue_missing"),
        ("PUB-02", "pricing.exemption_required"),
        ("", "usage.grace_running"),
        ("", "auth.forbidden"),  # who drew the figures does not open them
        ("", "auth.forbidden"),  # a department objects to its own figure
        ("", "auth.forbidden"),  # who opened them decides no objection
        ("", "auth.forbidden"),  # who prepared the settlement does not check it
        ("", "auth.forbidden"),  # nor confirms the account that was named
        ("", "payout.nothing_to_pay"),
        ("", "auth.forbidden"),  # who prepared the payouts does not check them
        ("", "auth.forbidden"),  # nor send them
        ("", "auth.forbidden"),  # and who checked them does not send them either
        ("", "outbound.address_refused"),
        ("", "approval.second_person"),
        ("", "approval.needed"),
        ("", "approval.second_person"),
        ("", "bank_line.share_differs"),
        ("", "auth.forbidden"),  # who proposed to close a break does not confirm it
        ("", "download.not_found"),
        ("", "download.link_spent"),
        ("", "auth.forbidden"),  # who started the closing does not finish it
        ("", "settlement.wrong_state"),
        ("", "book_closing.wrong_state"),
        ("", "invoice.invoiced_already"),
        ("", "refund.more_than_paid"),
        ("", "auth.forbidden"),
    ]


def test_the_merchant_was_asked_once_for_what_was_missing_and_then_admitted(guangzhou: Journey) -> None:
    admission = guangzhou.told.admissions["merchant"]
    assert (admission["state"], admission["round_number"], admission["uscc"]) == ("passed", 2, "91440100MAEX00006B")
    kinds = [[document["kind"] for document in round_["documents"]] for round_ in admission["statements"]]
    assert kinds == [["certificate"], ["certificate", "authorization"]]


def test_the_operator_was_found_by_negotiation_under_a_plan_that_the_government_approved(guangzhou: Journey) -> None:
    assert guangzhou.seats(guangzhou.told.plan["review"]) == [("government", "agreed", "2025-11-19", "容越秀")]
    assert guangzhou.plan() == ("in_effect", "2025-11-21", "示例穗府复〔2025〕126号", "示例粤数备方案〔2025〕穗-21")
    assert guangzhou.told.call["method"] == "negotiation"
    assert guangzhou.result() == ("示例广州公共数据运营有限公司", "医药流通", "2025-12-12")


def test_the_merchant_signed_the_development_agreement_and_saw_simulated_data_before_asking(
    guangzhou: Journey,
) -> None:
    signed = guangzhou.told.service_agreement
    assert (signed["text"]["kind"], signed["state"], signed["signed_at"][:10]) == (
        "development_use", "signed", "2026-01-06",
    )  # fmt: skip
    simulated = guangzhou.told.simulated
    assert (simulated["is_uploaded"], [row["street"] for row in simulated["rows"]]) == (True, ["仿真甲街", "仿真乙街"])


def test_the_operator_refuses_only_on_a_ground_of_the_closed_list(guangzhou: Journey) -> None:
    assert "法定理由清单" in guangzhou.words_of("review.ground_missing")
    request = guangzhou.told.requests["index"]
    # submitted on 6 January, three working days for the check; checked on the 7th
    assert (request["check_due"], request["checked_at"][:10]) == ("2026-01-09", "2026-01-07")


def test_a_company_that_the_operator_controls_may_not_sell_either(guangzhou: Journey) -> None:
    words = guangzhou.words_of("product.seller_related_to_operator")
    assert "示例广州公共数据应用有限公司 与运营机构 示例广州公共数据运营有限公司 存在控制关系" in words


def test_the_product_passed_the_egress_check_of_the_operator(guangzhou: Journey) -> None:
    check = guangzhou.told.egress["index"]
    assert (check["state"], check["version_number"], check["minimum_group_size"]) == ("passed", 1, 20)
    assert check["decided_at"][:10] == "2026-01-19"
    assert "出域" in guangzhou.gates("index")["egress_passed"]


def test_the_merchant_sells_and_the_operator_may_not(guangzhou: Journey) -> None:
    assert guangzhou.told.products["index"]["owner"]["name"] == "示例珠江健康数据有限公司"
    refusal = next(found for found in guangzhou.told.refusals if found.code == "product.seller_not_allowed")
    assert "穗政数〔2024〕44号" in refusal.article


def test_two_reviewers_were_silent_for_five_working_days_and_that_is_consent(guangzhou: Journey) -> None:
    request = guangzhou.told.requests["index"]
    assert (request["state"], request["basis"], request["due_date"]) == ("approved", "deemed", "2026-01-14")
    seats = {seat["party"]["name"]: seat["deemed"] for seat in request["opinions"]}
    assert seats == {
        "示例广州市政务服务和数据管理局": False,
        "示例广州市市场监督管理局": False,
        "示例广州市越秀公立医院": True,
        "示例广州市政务大数据中心": True,
    }


def test_an_opinion_after_the_last_day_comes_too_late(guangzhou: Journey) -> None:
    request = guangzhou.told.requests["index"]
    answer = guangzhou.stage.call(
        "POST", f"/api/v1/data-requests/{request['id']}/opinions", who="guangzhou.source_b",
        body={"decision": "refuse", "reason": "迟到的意见"}, of=request,
    )  # fmt: skip
    assert answer.status_code == 409


def test_the_operators_fees_leave_five_per_cent_and_no_fen_more(guangzhou: Journey) -> None:
    fees = guangzhou.get(None, "/api/v1/service-fees?place=guangzhou")["items"]
    assert sorted((fee["service"], fee["unit_cost"], fee["price"], fee["margin_max"]) for fee in fees) == [
        ("computing", "0.8", "0.84", "0.05"),
        ("data_processing", "2", "2.1", "0.05"),
    ]
    assert all(any(source["is_overlay"] for source in fee["sources"]) for fee in fees)


def test_a_hundred_and_twenty_calls_reach_the_lower_price_and_welfare_costs_nothing(guangzhou: Journey) -> None:
    assert guangzhou.money("industry", "welfare") == [
        ("3000.00", "3000.00", "tariff"),  # all 120 at 25.00
        ("0.00", "1800.00", "public_interest"),  # 60 at 30.00
    ]
    assert guangzhou.told.orders["industry"]["venue"] == "广州数据交易所"


def test_the_month_is_divided_and_public_institutions_are_paid_by_the_configured_rule(guangzhou: Journey) -> None:
    # 40 × 30 = 1200.00 = 1132.08 + 67.92 tax; 2 % of 1200 24.00; of 1132.08: 10 % 113.20, 5 % 56.60, 20 % 226.41
    # pool 226.41 by ½·½ + 0.3·½ (both scored alike) + 0.2·40:60 = 0.48 : 0.52 = 108.68 : 117.73; rest 711.87
    line = guangzhou.lines()["industry"]
    assert (line["billable"], line["gross"], line["tax"], line["net"]) == (40, "1200.00", "67.92", "1132.08")
    assert guangzhou.payees() == {
        "venue": ("24.00", {"own_account": "24.00"}),
        "operator": ("113.20", {"own_account": "113.20"}),
        "agency": ("56.60", {"own_account": "56.60"}),
        "source_a": ("108.68", {"treasury_non_tax": "108.68"}),
        "source_b": ("117.73", {"own_account": "117.73"}),
        "merchant": ("711.87", {"own_account": "711.87"}),
    }


def test_the_rule_that_pays_an_institution_is_marked_as_a_demonstration(guangzhou: Journey) -> None:
    hospital = next(share for share in guangzhou.told.shares if share["name"] == "示例广州市越秀公立医院")
    assert hospital["rule"] == "REV-04；REV-05 非法规 演示"


def test_the_journal_holds_every_yuan_of_the_bank_as_earned_or_still_owed(guangzhou: Journey) -> None:
    # 3000.00 + 300.00 + 260.00 + 150.00 + 500.00 in advance − 60.00 − 1860.00 given back; a short line came and went;
    # 1132.08 of March and 280.21 of April were paid out
    assert guangzhou.balances() == {
        "asset:bank:guangzhou": "877.71",
        "asset:clawback:agency": "0.00",
        "asset:clawback:source_b": "0.00",
        "asset:clawback:operator": "0.00",
        "asset:clawback:merchant": "0.00",
        "asset:clawback:venue": "1.20",  # its April is below what netting leaves
        "asset:treasury_claim:source_a": "5.43",  # never netted
        "liability:in_transit:guangzhou": "0.00",
        "liability:unearned:industry": "0.00",
        "liability:unearned:calls": "-210.00",
        "liability:unearned:file": "0.00",
        "liability:unearned:short": "-120.00",
        "liability:unearned:prepaid": "-210.00",
        "liability:prepaid:company": "-260.00",
        "liability:unapplied:guangzhou": "0.00",
        "liability:output_tax:guangzhou": "-84.34",
        "liability:payable:venue": "0.00",
        "liability:payable:operator": "0.00",
        "liability:payable:agency": "0.00",
        "liability:payable:source_b": "0.00",
        "liability:payable:merchant": "0.00",
        "liability:treasury:source_a": "0.00",
    }


def test_gate_by_gate_it_is_explained_why_the_product_may_be_sold(guangzhou: Journey) -> None:
    facts = guangzhou.gates("index")
    assert list(facts) == [
        "seller_in_order", "service_agreement", "agreement_in_force", "emergency_plan", "operator_trained",
        "operator_reviewed", "no_open_incident", "request_approved", "review_passed", "egress_passed",
        "registration_effective", "local_register",
    ]  # fmt: skip
    assert guangzhou.told.service_agreement["number"] in facts["service_agreement"]
    assert facts["local_register"] == "当地不要求另行登记或备案"
