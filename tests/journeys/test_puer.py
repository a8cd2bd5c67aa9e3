"""Pu'er: the operator sells under a cap; part of its cost is disallowed; its share begins with recovered cost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.journey import Journey, journey
from tests.rig.databases import Databases
from web.demo.places import PUER


@pytest.fixture(scope="module")
def puer(databases: Databases) -> Iterator[Journey]:
    """The told story of Pu'er."""
    with journey(databases, PUER) as told:
        yield told


def test_what_was_tried_against_the_rules_was_refused_under_their_ids(puer: Journey) -> None:
    assert puer.refusals() == [
        ("APP-01", "plan.incomplete"),
        ("APP-04", "application.incomplete"),
        ("", "selection.second_person_needed"),
        ("AGR-02", "agreement.term_not_allowed"),
        ("APP-04", "agreement.operator_not_allowed"),
        ("AGR-01", "agreement.items_missing"),
        ("REG-04", "registration.notice_running"),
        ("", "auth.forbidden"),
        ("PRC-03", "determination.second_person_needed"),
        ("PRC-04", "pricing.caps_above_revenue"),
        ("PRC-05", "pricing.price_above_cap"),
        ("PUB-02", "pricing.exemption_required"),
        ("", "auth.forbidden"),
        ("PRC-11", "complaint.wrong_state"),
        ("PRC-08", "assessment.year_not_over"),
    ]


def test_the_plan_passed_preliminary_review_experts_and_government_in_that_order(puer: Journey) -> None:
    assert puer.seats(puer.told.plan["review"]) == [
        ("preliminary", "agreed", "2025-11-11", "杨澄观"),
        ("expert", "agreed", "2025-11-14", "苏论证"),
        ("government", "agreed", "2025-11-19", "赵思茅"),
    ]
    assert puer.plan() == ("in_effect", "2025-11-21", "示例普政复〔2025〕41号", "示例云数备方案〔2025〕普-02")


def test_experts_review_the_applications_and_a_second_person_confirms_the_choice(puer: Journey) -> None:
    # 申请表: the four proofs are qualification, no bad record, security commitment, feasibility
    assert "尚缺 4 项" in puer.words_of("application.incomplete")
    application = puer.told.applications["operator"]
    assert [(one["expert_name"], one["score"]) for one in application["scores"]] == [("苏论证", "92.5")]
    review = puer.get("supervisor", f"/api/v1/reviews/{application['review_id']}")
    assert puer.seats(review) == [("expert", "agreed", "2025-12-08", "苏论证")]
    assert (puer.told.call["method"], puer.told.selection["confirmed_at"][:10]) == ("open_tender", "2025-12-10")
    assert puer.result() == ("示例普洱数据产业运营有限公司", "特色农产品溯源", "2025-12-12")


def test_a_quality_problem_was_put_right_and_cost_a_resource_part_of_its_score(puer: Journey) -> None:
    ticket = puer.told.ticket
    assert [(step["event"], step["actor_name"]) for step in ticket["course"]] == [
        ("accept", "罗焙之"), ("correct", "罗焙之"), ("confirm", "白云舒"),
    ]  # fmt: skip
    assert (ticket["state"], ticket["due_date"]) == ("confirmed", "2026-01-23")  # ten working days from 9 January
    assert ticket["score"]["value"] == "0.9850"  # 1 − 0.30 × 0.05


def test_the_review_returned_all_defects_at_once_and_passed_the_second_version(puer: Journey) -> None:
    product = puer.told.products["origin"]
    review = product["review"]
    first, second = review["stages"]
    assert (first["state"], len(first["opinions"][0]["defects"]), first["due_date"]) == ("returned", 2, "2026-01-30")
    # sent in again on 19 January: ten working days anew
    assert (second["state"], second["opinions"][0]["reviewer_name"], second["due_date"]) == (
        "agreed", "李茶山", "2026-02-02",
    )  # fmt: skip
    assert (review["state"], review["round_number"]) == ("passed", 2)
    changes = [(one["section"], one["kind"], one["name"]) for one in puer.told.difference["changes"]]
    assert changes == [("fields", "removed", "owner_name"), ("sample", "changed", "1"), ("sample", "changed", "2")]


def test_the_nation_asks_for_a_legal_person_even_where_the_city_would_not(puer: Journey) -> None:
    refusal = next(found for found in puer.told.refusals if found.code == "agreement.operator_not_allowed")
    assert "法人组织" in refusal.words
    assert refusal.article == "发改数据规〔2025〕27号 第三条"


def test_what_is_disallowed_and_subsidised_brings_no_profit(puer: Journey) -> None:
    # 1 500 000 − 100 000 − 200 000 = 1 200 000; × (0.022 + 0.05) = 86 400; + 77 184
    ceiling = puer.told.ceiling
    assert ceiling["survey"]["totals"]["disallowed"] == "100000.00"
    assert (ceiling["operating_cost"], ceiling["permitted_profit"]) == ("1200000.00", "86400.00")
    assert ceiling["max_permitted_revenue"] == "1363584.00"


def test_a_margin_above_six_points_is_refused(puer: Journey) -> None:
    problem = puer.refused("price", "POST", f"{proposals(puer)}/preview", terms(puer, "0.0601"))
    assert (problem["rule"], problem["code"]) == ("PRC-02", "pricing.rate_above_cap")


def test_the_operator_cannot_propose_its_own_ceiling_and_nobody_determines_one_at_once(puer: Journey) -> None:
    assert puer.refused("operator", "POST", proposals(puer), terms(puer, "0.05"))["status"] == 403
    for person in ("price", "supervisor"):
        assert puer.refused(person, "POST", "/api/v1/ceilings", terms(puer, "0.05"))["status"] == 405


def proposals(puer: Journey) -> str:
    """Where the proposals of the told determination are."""
    return f"/api/v1/determinations/{puer.told.ceiling['determination']['id']}/proposals"


def terms(puer: Journey, margin: str) -> dict[str, str]:
    """Terms of a proposal from the told survey."""
    return {
        "survey_id": puer.told.ceiling["survey"]["id"], "margin": margin, "jointly_with": "示例局",
        "authority_level": "province",
    }  # fmt: skip


def test_a_complaint_about_the_fee_was_reviewed_and_decided_and_its_author_reads_why(puer: Journey) -> None:
    complaint = puer.told.complaint
    assert (complaint["state"], complaint["outcome"]) == ("closed", "keep")
    assert (complaint["filed_at"][:10], complaint["decided_at"][:10]) == ("2026-04-20", "2026-04-22")
    assert complaint["seen"]["outcome"] == "keep"
    assert "上限之内" in complaint["decided_reason"]


def test_the_price_is_under_its_cap_and_a_trial_fee_is_over(puer: Journey) -> None:
    (cap,) = puer.told.ceiling["caps"]
    (tariff,) = puer.told.tariffs
    assert (cap["amount"], tariff["unit_price_max"], tariff["cap_id"]) == ("4.5", "4.2", cap["id"])
    problem = puer.refused(
        "operator", "POST", "/api/v1/tariffs",
        {
            "product_id": puer.told.products["origin"]["id"], "regime": "trial", "charge_unit": "per_use",
            "model": {"model": "per_unit", "unit_price": "4.00"}, "effective_from": "2026-09-01",
            "guidance": "示例指导意见",
        },
    )  # fmt: skip
    assert (problem["rule"], problem["code"]) == ("PRC-06", "tariff.trial_over")


def test_orders_cost_what_the_tariff_says_and_welfare_costs_nothing(puer: Journey) -> None:
    assert puer.money("industry", "welfare") == [
        ("630.00", "630.00", "tariff"),  # 150 × 4.20
        ("0.00", "336.00", "public_interest"),
    ]


def test_no_trading_venue_is_demanded_there(puer: Journey) -> None:
    assert puer.told.orders["industry"]["venue"] is None


def test_cost_is_recovered_first_and_the_rest_is_divided(puer: Journey) -> None:
    # 168.00 − 9.51 = 158.49; recovered 20.00; 30 % of 138.49 = 41.54; 15 % of 96.95 = 14.54; rest 82.41
    # pool 41.54 by 0.2·½ + 0.6·0.6:0.9 + 0.2·½ = 0.44 : 0.56 = 18.28 : 23.26
    line = puer.lines()["industry"]
    assert (line["billable"], line["gross"], line["tax"], line["net"]) == (40, "168.00", "9.51", "158.49")
    assert puer.payees() == {
        "operator": ("102.41", {"own_account": "102.41"}),
        "source_a": ("18.28", {"treasury_non_tax": "18.28"}),
        "source_b": ("23.26", {"held": "23.26"}),
        "authority": ("14.54", {"treasury_non_tax": "14.54"}),
    }


def test_the_journal_holds_every_yuan_of_the_bank_as_earned_or_still_owed(puer: Journey) -> None:
    assert puer.balances() == {
        "asset:bank:puer": "630.00",
        "liability:unearned:industry": "-462.00",
        "liability:output_tax:puer": "-9.51",
        "liability:payable:operator": "-102.41",
        "liability:treasury:source_a": "-18.28",
        "liability:treasury:authority": "-14.54",
        "liability:held:source_b": "-23.26",
    }


def test_the_exemption_is_bound_to_its_quota(puer: Journey) -> None:
    code = puer.told.products["origin"]["code"]
    wish = {"product_code": code, "purpose": "public_welfare", "scenario": "脱贫户咖啡销售帮扶", "quantity": 1}
    problem = puer.refused("public_body", "POST", "/api/v1/quotes", wish)
    assert problem["rule"] == "PUB-02"  # all 80 units of the approval are ordered


def test_gate_by_gate_it_is_explained_why_the_product_may_be_sold(puer: Journey) -> None:
    facts = puer.gates("origin")
    assert list(facts) == [
        "seller_in_order", "service_agreement", "agreement_in_force", "emergency_plan", "operator_trained",
        "operator_reviewed", "no_open_incident", "request_approved", "review_passed", "egress_passed",
        "registration_effective", "local_register",
    ]  # fmt: skip
    assert facts["review_passed"].startswith("第 2 版")
    assert "有效期至 2029-02-09" in facts["registration_effective"]  # three years; the agreement lasts longer
