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
        ("AGR-02", "agreement.term_not_allowed"),
        ("AGR-01", "agreement.items_missing"),
        ("REG-04", "registration.notice_running"),
        ("MKT-02", "listing.venue_missing"),
        ("PUB-02", "pricing.exemption_required"),
        ("", "auth.forbidden"),
    ]


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
    assert review["state"] == "passed"


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
    (tariff,) = futian.told.tariffs
    assert (tariff["regime"], tariff["cap_id"]) == ("market_value_based", None)
    assert futian.told.ceiling == {}


def test_the_partner_may_not_call_its_price_a_guided_one(futian: Journey) -> None:
    problem = futian.refused(
        "merchant", "POST", "/api/v1/tariffs",
        {
            "product_id": futian.told.products["vitality"]["id"], "regime": "gov_guided", "charge_unit": "per_use",
            "model": {"model": "per_unit", "unit_price": "1.00"}, "effective_from": "2026-06-01",
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
        "asset:bank:futian": "1250.00",
        "liability:unearned:industry": "-750.00",
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
