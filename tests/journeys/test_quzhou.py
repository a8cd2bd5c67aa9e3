"""Quzhou: the operator sells under caps after a complete year; credit reports cost what the 2025 tariff says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.journey import Journey, journey
from tests.rig.databases import Databases
from web.demo.places import QUZHOU


@pytest.fixture(scope="module")
def quzhou(databases: Databases) -> Iterator[Journey]:
    """The told story of Quzhou."""
    with journey(databases, QUZHOU) as told:
        yield told


def test_what_was_tried_against_the_rules_was_refused_under_their_ids(quzhou: Journey) -> None:
    assert quzhou.refusals() == [
        ("APP-01", "plan.incomplete"),
        ("APP-04", "review.findings_open"),
        ("AGR-02", "agreement.term_not_allowed"),
        ("AGR-01", "agreement.items_missing"),
        ("TRN-01", "access.refused"),
        ("DEV-01", "product.redevelopment_forbidden"),
        ("REG-04", "registration.notice_running"),
        ("", "auth.forbidden"),
        ("PRC-03", "determination.second_person_needed"),
        ("PRC-04", "pricing.caps_above_revenue"),
        ("SEP-03", "buyer_class.rule_missing"),
        ("PRC-05", "pricing.price_above_cap"),
        ("PUB-02", "pricing.exemption_required"),
        ("", "payment.amount_differs"),
        ("", "auth.forbidden"),
        ("PUB-02", "misuse.hearing_open"),
        ("PRC-08", "assessment.year_not_over"),
    ]


def test_the_plan_with_its_twelve_items_was_approved_by_the_government_and_filed(quzhou: Journey) -> None:
    assert "实施方案尚缺 1 项" in quzhou.words_of("plan.incomplete")
    assert len(quzhou.told.plan["version"]["items"]) == 12
    assert quzhou.seats(quzhou.told.plan["review"]) == [("government", "agreed", "2025-11-19", "周衢江")]
    assert quzhou.plan() == ("in_effect", "2025-11-21", "示例衢政复〔2025〕88号", "示例浙数备方案〔2025〕衢-12")


def test_the_operator_won_an_open_tender_and_a_bidder_with_an_incident_in_three_years_did_not(quzhou: Journey) -> None:
    assert quzhou.told.call["method"] == "open_tender"
    states = {key: application["state"] for key, application in quzhou.told.applications.items()}
    assert states == {"operator": "passed", "rival": "refused"}
    # 2024-06-18 lies within the three years before 2025-12-08
    assert "近 3 年发生过：2024-06-18" in quzhou.words_of("review.findings_open")
    assert quzhou.result() == ("示例衢州数据运营有限公司", "企业信用", "2025-12-12")
    agreement = quzhou.told.agreement
    assert (agreement["plan_id"], agreement["selection_id"]) == (quzhou.told.plan["id"], quzhou.told.selection["id"])


def test_of_two_people_the_one_who_failed_had_no_access_until_he_passed(quzhou: Journey) -> None:
    examined = [(one["account"]["name"], one["trained_on"], one["passed"]) for one in quzhou.told.trainings]
    assert examined == [
        ("余海舟", "2025-12-17", True), ("姚初学", "2025-12-17", False), ("姚初学", "2026-01-08", True),
    ]  # fmt: skip
    decided = [(one["decided_at"][:10], one["outcome"], one["code"]) for one in quzhou.told.access]
    assert decided == [("2026-01-06", "denied", "BLOCKED_TRAINING"), ("2026-01-08", "granted", "")]
    # valid for 24 months each: the last days are 2027-12-16 and 2028-01-07
    assert quzhou.duties("training_renewal") == [
        ("training_renewal", "2027-12-16", "upcoming"), ("training_renewal", "2028-01-07", "upcoming"),
    ]  # fmt: skip


def test_a_company_that_the_operator_controls_cannot_redevelop_what_the_operator_delivered(quzhou: Journey) -> None:
    words = quzhou.words_of("product.redevelopment_forbidden")
    assert "示例衢州数据运营有限公司" in words
    assert "控制" in words
    code = quzhou.told.products["check"]["code"]
    assert code in words


def test_the_content_of_every_version_was_preserved_before_anybody_applied_for_its_registration(
    quzhou: Journey,
) -> None:
    for key, product in quzhou.told.products.items():
        records = quzhou.get("operator", f"/api/v1/products/{product['code']}/records")
        (evidence,) = records["evidence"]
        assert (evidence["provider"], evidence["preserved_at"][:10]) == ("示例电子存证服务", "2026-01-21")
        assert evidence["content_sha256"] == product["versions"][0]["content_sha256"]
        registration = quzhou.told.registrations[key]
        # accepted within three working days of 21 January, reviewed within twenty of 22 January
        assert (registration["accept_due"], registration["review_due"]) == ("2026-01-26", "2026-02-26")


def test_the_permitted_revenue_is_cost_less_subsidy_and_profit_at_yield_plus_six_points_and_tax(
    quzhou: Journey,
) -> None:
    # 10 000 000 × 0.8 − 800 000 = 7 200 000; × (0.022 + 0.06) = 590 400; + 467 424
    ceiling = quzhou.told.ceiling
    assert ceiling["survey"]["totals"] == {
        "spent": "10000000.00", "industry": "8000000.00", "disallowed": "0.00", "recognised": "8000000.00",
    }  # fmt: skip
    assert (ceiling["operating_cost"], ceiling["permitted_profit"]) == ("7200000.00", "590400.00")
    assert (ceiling["tax"], ceiling["max_permitted_revenue"]) == ("467424.00", "8257824.00")


def test_a_key_that_was_measured_wrongly_was_put_right_before_filing_and_changed_only_its_own_line(
    quzhou: Journey,
) -> None:
    # 1 800 000 × 14 000 : 20 000 = 1 260 000; × 16 000 : 20 000 = 1 440 000
    (effect,) = quzhou.told.ceiling["effects"]
    assert (effect["position"], effect["text"]) == (3, "运营和安全人员")
    assert (effect["amount_before"], effect["amount_after"]) == ("1260000.00", "1440000.00")
    survey = quzhou.told.ceiling["survey"]
    assert [line["key"] for line in survey["lines"]] == ["调用量", "调用量", "工时", "调用量", "调用量"]
    assert {key["share"] for key in survey["keys"]} == {"4/5"}


def test_three_persons_stand_behind_the_permitted_revenue_and_none_of_them_is_the_operator(quzhou: Journey) -> None:
    found = quzhou.told.ceiling["determination"]
    assert [(step["event"], step["state"], step["actor_name"]) for step in found["steps"]] == [
        (None, "applied", "徐明远"),
        ("assess", "readiness_assessed", "郑守衡"),
        ("propose", "proposed", "郑守衡"),
        ("confirm", "mpr_determined", "童复核"),
        ("set_caps", "caps_set", "徐明远"),
        ("report_caps", "caps_reported", "徐明远"),
    ]
    inputs = quzhou.told.ceiling["inputs"]
    assert (inputs["procedure"], inputs["proposed_by"], inputs["confirmed_by"]) == (
        found["number"], "郑守衡", "童复核",
    )  # fmt: skip
    assert quzhou.get("price", f"/api/v1/determinations/{found['id']}")["phase"] == "active"


def test_the_misused_day_alone_is_charged_at_the_price_of_that_day_and_free_use_ends(quzhou: Journey) -> None:
    misuse = quzhou.told.misuse  # 3 of the 10 free calls were made on 17 March
    assert [(line["day"], line["units"], line["amount"]) for line in misuse["lines"]] == [("2026-03-17", "3", "24.00")]
    assert (misuse["amount"], misuse["state"], misuse["paid_on"]) == ("24.00", "settled", "2026-04-15")
    assert len(misuse["statements"]) == 1
    exemption = quzhou.get("public_body", f"/api/v1/exemptions/{quzhou.told.exemptions['welfare']['id']}")
    assert exemption["state"] == "revoked"
    assert misuse["number"] in exemption["closed_reason"]


def test_the_daily_job_holds_what_was_earned_against_what_is_permitted(quzhou: Journey) -> None:
    headroom = quzhou.told.headroom
    assert (headroom["permitted"], headroom["whole"]["accrued"]) == ("8257824.00", "1509.45")
    assert headroom["whole"]["left"] == "8256314.55"
    assert headroom["alarms"] == []
    assert "2026" in quzhou.words_of("assessment.year_not_over")


def test_the_caps_fit_inside_the_permitted_revenue_and_were_reported_in_writing(quzhou: Journey) -> None:
    # 8 × 500 000 + 9 × 400 000 + 1 × 600 000 = 8 200 000 ≤ 8 257 824; with 8.20 it would be 8 300 000
    caps = [(cap["amount"], cap["subject_kind"], cap["report_number"]) for cap in quzhou.told.ceiling["caps"]]
    report = "示例衢数〔2026〕3号"
    assert caps == [("8", None, report), ("9", "enterprise", report), ("1", "personal", report)]
    too_high = next(refusal for refusal in quzhou.told.refusals if refusal.rule == "PRC-04")
    assert "8300000" in too_high.words
    assert "8257824.00" in too_high.words


def test_orders_cost_what_the_tariffs_say_and_welfare_costs_nothing(quzhou: Journey) -> None:
    assert quzhou.money("industry", "welfare") == [
        ("1600.00", "1600.00", "tariff"),  # 200 × 8.00
        ("0.00", "800.00", "public_interest"),  # 100 × 8.00 would have been asked
    ]


def test_credit_reports_cost_nine_and_one_yuan_and_half_of_it_for_a_village_bank(quzhou: Journey) -> None:
    # 发改价格〔2025〕668号: 9 and 1, preferential 4.5 and 0.5; the case of 100 enterprises and 40 persons is 470 yuan
    standard = quzhou.money("standard_enterprise", "standard_personal")
    preferred = quzhou.money("preferred_enterprise", "preferred_personal")
    assert [amount for amount, _, _ in standard] == ["1350.00", "200.00"]
    assert [amount for amount, _, _ in preferred] == ["450.00", "20.00"]


def test_repeated_reports_are_charged_once_inside_their_windows(quzhou: Journey) -> None:
    lines = quzhou.lines()
    counted = {key: (line["quantity"], line["billable"], line["gross"]) for key, line in lines.items()}
    assert counted == {
        "industry": (40, 40, "320.00"),
        "welfare": (10, 10, "0.00"),
        "standard_enterprise": (140, 80, "720.00"),  # 60 twice within 30 days; 10 again on the 31st day
        "standard_personal": (190, 90, "90.00"),  # 50 three times on one day; 20 on two days
        "preferred_enterprise": (100, 100, "450.00"),
        "preferred_personal": (40, 40, "20.00"),
    }


def test_a_transfer_that_is_a_fen_short_is_not_booked_and_says_so(quzhou: Journey) -> None:
    short = next(refusal for refusal in quzhou.told.refusals if refusal.code == "payment.amount_differs")
    assert "1600.00" in short.words
    assert "1599.99" in short.words
    assert "少 0.01 元" in short.words


def test_the_usage_file_counts_once_however_often_it_is_sent(quzhou: Journey) -> None:
    used = {found["entitlement"]: found["used"] for found in quzhou.get("bank", "/api/v1/usage")["items"]}
    numbers = {key: quzhou.told.entitlements[key]["number"] for key in ("preferred_enterprise", "preferred_personal")}
    assert [used[number] for number in numbers.values()] == [100, 40]


def test_the_month_is_earned_taxed_and_divided_to_the_fen(quzhou: Journey) -> None:
    run = quzhou.told.run
    assert run["state"] == "sealed"
    assert (run["totals"]["gross"], run["totals"]["tax"], run["totals"]["net"]) == ("1600.00", "90.55", "1509.45")
    assert (run["totals"]["lines"], run["totals"]["public_interest_lines"], run["totals"]["parked"]) == (6, 1, 0)
    # 301.89: 5 % 15.09, 25 % 75.47, 10 % 30.18, rest 181.15; 1207.56: 60.37, 301.89, 120.75, rest 724.55
    # pool 75.47 by ½·usage 50:520 + 0.3·quality 0.9:0.7 + 0.2·input 60:40 = 0.33261 : 0.66739
    assert quzhou.payees() == {
        "authority": ("150.93", {"treasury_non_tax": "150.93"}),
        "source_a": ("25.10", {"treasury_non_tax": "25.10"}),
        "source_b": ("352.26", {"held": "352.26"}),
        "operator": ("905.70", {"own_account": "905.70"}),
        "platform": ("75.46", {"own_account": "75.46"}),
    }


def test_the_journal_holds_every_yuan_of_the_bank_as_earned_or_still_owed(quzhou: Journey) -> None:
    assert quzhou.balances() == {
        "asset:bank:quzhou": "3620.00",  # 1600 + 1350 + 200 + 450 + 20
        "liability:unearned:industry": "-1280.00",
        "liability:unearned:standard_enterprise": "-630.00",
        "liability:unearned:standard_personal": "-110.00",
        "liability:unearned:preferred_enterprise": "0.00",
        "liability:unearned:preferred_personal": "0.00",
        "liability:output_tax:quzhou": "-90.55",
        "liability:treasury:authority": "-150.93",
        "liability:treasury:source_a": "-25.10",
        "liability:held:source_b": "-352.26",
        "liability:payable:operator": "-905.70",
        "liability:payable:platform": "-75.46",
    }


def test_a_public_institution_is_not_paid_before_its_payee_rule_is_known(quzhou: Journey) -> None:
    (statement,) = quzhou.get("source_b", "/api/v1/statements")["items"]
    found = quzhou.get("source_b", f"/api/v1/statements/{statement['number']}")
    assert {line["reason_code"] for line in found["lines"]} == {"PAYEE_RULE_MISSING"}
    assert [line["share"] for line in found["lines"] if line["order"] == quzhou.told.orders["industry"]["number"]] == [
        "50.37"
    ]


def test_the_free_use_of_a_public_body_is_counted_and_shown_at_zero(quzhou: Journey) -> None:
    line = quzhou.lines()["welfare"]
    assert (line["use_class"], line["gross"], line["tax"], line["shadow"]) == (
        "public_interest",
        "0.00",
        "0.00",
        "80.00",
    )


def test_a_sealed_month_cannot_be_settled_again(quzhou: Journey) -> None:
    again = quzhou.refused("preparer", "POST", "/api/v1/settlements", {"place": "quzhou", "period": "2026-03"})
    assert again["code"] == "settlement.wrong_state"


def test_a_key_opens_only_what_its_owner_bought(quzhou: Journey) -> None:
    code = quzhou.told.products["report"]["code"]
    key = quzhou.told.keys["quzhou.public_body"]
    answer = quzhou.stage.call(
        "GET", f"/exchange/v1/products/{code}/records/E-001", token=key, headers={"Client-Reference": "stranger-1"}
    )
    assert (answer.json or {})["code"] == "exchange.no_entitlement"


def test_anybody_may_check_a_certificate_and_a_forged_one_is_found_out(quzhou: Journey) -> None:
    code = quzhou.told.registrations["check"]["code"]
    shown = quzhou.get(None, f"/api/v1/certificates/{code}")
    assert (shown["is_effective"], shown["valid_from"], shown["valid_until"]) == (True, "2026-02-10", "2029-01-04")
    forged = code[:-1] + ("A" if code[-1] != "A" else "B")
    assert quzhou.refused(None, "GET", f"/api/v1/certificates/{forged}")["code"] == "certificate.mistyped"


def test_the_catalogue_shows_both_products_with_price_and_seller(quzhou: Journey) -> None:
    items = quzhou.get(None, "/api/v1/catalogue?place=quzhou")["items"]
    assert {item["title"] for item in items} == {"企业经营状态核验", "信用报告查询"}
    assert {item["seller"]["name"] for item in items} == {"示例衢州数据运营有限公司"}


def test_gate_by_gate_it_is_explained_why_the_product_may_be_sold(quzhou: Journey) -> None:
    facts = quzhou.gates("check")
    assert list(facts) == [
        "seller_in_order", "service_agreement", "agreement_in_force", "emergency_plan", "operator_trained",
        "operator_reviewed", "no_open_incident", "request_approved", "review_passed", "egress_passed",
        "registration_effective", "local_register",
    ]  # fmt: skip
    assert facts["operator_trained"] == "2 名指派人员中 2 名岗前培训合格"
    assert facts["emergency_plan"] == "当地未要求在开展授权运营前制定应急预案"
    assert facts["local_register"] == "当地不要求另行登记或备案"
