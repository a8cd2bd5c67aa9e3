"""What the system finds by itself: facts with a rule, and nothing that blocks without saying so."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.parties import commands as parties
from registry.procedures.rules import Finding
from registry.product_reviews.checks import findings
from registry.products.model import Product
from registry.products.queries import inputs, latest_version
from registry.resources import commands as resources
from tests.make.registry_base import NOW, actor, book, supervisor
from tests.make.registry_products import FIELDS, make_product

TODAY = date(2026, 7, 1)


def found(session: Session, made: Product, on: date = TODAY) -> dict[str, Finding]:
    """The findings about the newest version, by code."""
    session.flush()
    newest = latest_version(session, made.id)
    return {one.code: one for one in findings(session, newest.id, on=on, book=book())}


def test_of_a_product_in_order_everything_is_met_and_cites_its_rule(session: Session) -> None:
    for one in found(session, make_product(session)).values():
        assert (one.is_met, bool(one.fact), bool(one.rule)) == (True, True, True), one
        assert one.article or not one.is_binding, one


def test_a_suspended_seller_and_an_agreement_out_of_force_are_found(session: Session) -> None:
    made = make_product(session)
    parties.suspend(session, supervisor(), made.owner_id, reason="整改", now=NOW)
    assert not found(session, made)["seller_in_order"].is_met
    assert not found(session, made, date(2028, 7, 1))["agreement_in_force"].is_met


def test_a_barred_resource_is_found_in_scope_and_requests_with_its_code(session: Session) -> None:
    made = make_product(session)
    resource = inputs(session, latest_version(session, made.id).id)[0].resource
    owner = actor(Role.SOURCE, org_id=resource.source_department_id, place=made.place)
    resources.bar(session, owner, resource.id, reason="不予开放", now=NOW)
    for code in ("within_scope", "source_requests_approved"):
        one = found(session, made)[code]
        assert (one.is_met, one.is_binding, resource.code in one.fact) == (False, True, True)


@pytest.mark.parametrize(
    ("code", "changed", "words", "is_binding"),
    [
        ("fields_listed", {"fields": [], "sample": []}, "没有列明产品字段", True),
        ("sample", {"sample": []}, "没有样例数据", False),
        ("sample", {"sample": [{"score": "1", "phone": "2"}]}, "phone", True),
        ("personal_information", {"fields": [{**FIELDS[0], "personal": True}, FIELDS[1]]}, "信用评分", False),
        ("raw_stays_in_domain", {"fields": [{**FIELDS[0], "name": "name"}], "sample": []}, "疑似原始数据", False),
    ],
)
def test_the_content_is_looked_at(
    session: Session, code: str, changed: dict[str, object], words: str, is_binding: bool
) -> None:
    one = found(session, make_product(session, **changed))[code]
    assert (one.is_met, one.is_binding) == (False, is_binding)
    assert words in one.fact


def test_an_approval_for_another_scenario_is_no_approval_for_this_one(session: Session) -> None:
    made = make_product(session, scenario="普惠金融")
    assert found(session, made)["scenario_match"].is_met
    made.scenario = "广告投放"
    one = found(session, made)["scenario_match"]
    assert (one.is_met, one.is_binding, one.rule) == (False, True, "RVW-02")
    assert "普惠金融" in one.fact
