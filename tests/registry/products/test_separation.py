"""Operator and merchant are different (B9): direct and indirect attempts, each refused, and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import pytest
from sqlalchemy.orm import Session

from kernel.errors import DomainError
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity, DutiesNotSeparated, PartyKind
from registry.products import checks, commands, queries
from registry.products.model import Product
from registry.products.rules import Origin, OriginsNotAllowed, RedevelopmentForbidden, SellerRelated
from registry.relations.rules import RelationKind
from registry.resources.rules import AccessKind
from tests.make.data import relate
from tests.make.registry_base import NOW, acting_for, book, make_agreement, make_operator, make_party, supervisor, uscc
from tests.make.registry_products import (
    add_version,
    make_merchant,
    make_product,
    make_request,
    make_reviewers,
    product_values,
)

TODAY = date(2026, 7, 1)
CONTROL, COMMON, SHARE = RelationKind.CONTROL, RelationKind.COMMON_CONTROL, RelationKind.SHARE
Ties = Callable[[Session, Party, Party], object]


def holding(session: Session, *, place: str) -> Party:
    """An organisation in between, which itself sells nothing here."""
    return make_party(session, Capacity.BUYER, place=place)


def chain(*kinds: RelationKind, upwards: bool = False) -> Ties:
    """Ties over as many organisations as there are kinds, from the operator down to the seller or upwards."""

    def tie(session: Session, operator: Party, owner: Party) -> None:
        ends = [operator, *(holding(session, place=operator.place) for _ in kinds[1:]), owner]
        for (upper, lower), kind in zip(pairwise(ends), kinds, strict=True):
            pair = (lower, upper) if upwards else (upper, lower)
            relate(session, *pair, kind, share="0.25" if kind is SHARE else None)

    return tie


def share(amount: str, *, upwards: bool = False) -> Ties:
    def tie(session: Session, operator: Party, owner: Party) -> None:
        pair = (owner, operator) if upwards else (operator, owner)
        relate(session, *pair, SHARE, share=amount)

    return tie


def parent_of_both(session: Session, operator: Party, owner: Party) -> None:
    parent = holding(session, place=operator.place)
    relate(session, parent, operator)
    relate(session, parent, owner)


BY_CONTROL: dict[str, Ties] = {
    "subsidiary": chain(CONTROL),
    "parent": chain(CONTROL, upwards=True),
    "subsidiary of a subsidiary": chain(CONTROL, CONTROL),
    "four steps down": chain(CONTROL, CONTROL, CONTROL, CONTROL),
    "parent of a parent": chain(CONTROL, CONTROL, upwards=True),
    "common control": chain(COMMON),
    "common control stated the other way round": chain(COMMON, upwards=True),
    "common control and then control": chain(COMMON, CONTROL),
    "control and then common control": chain(CONTROL, COMMON),
    "two daughters of one parent": parent_of_both,
}
BY_SHARE: dict[str, Ties] = {
    "share at the threshold": share("0.25"),
    "share over the threshold": share("0.251"),
    "whole share": share("1"),
    "the seller holds the operator": share("0.25", upwards=True),
    "control and then a share": chain(CONTROL, SHARE),
    "a share and then control": chain(SHARE, CONTROL),
    "two shares": chain(SHARE, SHARE),
}
ALLOWED: dict[str, Ties] = {
    "no relation": lambda session, operator, owner: None,
    "share just under the threshold": share("0.249999999"),
    "control that ended": lambda session, operator, owner: relate(session, operator, owner, until=TODAY),
    "control that begins tomorrow": lambda session, operator, owner: relate(
        session, operator, owner, from_date=TODAY + timedelta(days=1)
    ),
}


def delivered(session: Session, *, steps: int = 1, place: str = "xinchang") -> tuple[Agreement, Party, Product]:
    """An agreement, its operator, and a product that goes back over so many steps to one of its deliveries."""
    make_reviewers(session, place)
    agreement = make_agreement(session, place=place, operator=make_operator(session, place=place))
    found = make_product(session, agreement=agreement)
    for _ in range(steps - 1):
        found = make_product(session, agreement=agreement, derived_from=[found.id])
    return agreement, session.get_one(Party, agreement.operating_institution_id), found


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("tie", [*BY_CONTROL.values(), *BY_SHARE.values()], ids=[*BY_CONTROL, *BY_SHARE])
def test_nobody_related_to_the_operator_redevelops_what_it_delivered(session: Session, tie: Ties, steps: int) -> None:
    agreement, operator, ancestor = delivered(session, steps=steps)
    owner = make_merchant(session)
    tie(session, operator, owner)
    with pytest.raises(RedevelopmentForbidden) as refusal:
        make_product(session, agreement=agreement, owner=owner, derived_from=[ancestor.id])
    words = str(refusal.value)
    for said in ("DEV-01", ancestor.code, operator.name, owner.name, "27号 第六条"):
        assert said in words
    assert refusal.value.errors


@pytest.mark.parametrize("tie", ALLOWED.values(), ids=ALLOWED)
def test_unrelated_merchants_redevelop(session: Session, tie: Ties) -> None:
    agreement, operator, ancestor = delivered(session)
    owner = make_merchant(session)
    tie(session, operator, owner)
    made = make_product(session, agreement=agreement, owner=owner, derived_from=[ancestor.id])
    assert queries.redevelopment_bar(
        session, owner.id, made.id, on=TODAY, book=book(demonstration=True)
    ) is None  # fmt: skip


def test_without_a_threshold_no_share_counts_and_control_still_does(session: Session) -> None:
    agreement, operator, ancestor = delivered(session)
    owner = make_merchant(session)
    relate(session, operator, owner, SHARE, share="0.9")
    made = make_product(session, agreement=agreement, owner=make_merchant(session), derived_from=[ancestor.id])
    assert queries.redevelopment_bar(session, owner.id, made.id, on=TODAY, book=book()) is None
    relate(session, operator, owner, CONTROL)
    assert queries.redevelopment_bar(session, owner.id, made.id, on=TODAY, book=book()) is not None


def test_the_operator_itself_and_its_related_parties_share_no_revenue_of_such_a_product(session: Session) -> None:
    agreement, operator, ancestor = delivered(session)
    made = make_product(session, agreement=agreement, derived_from=[ancestor.id])
    partner = make_merchant(session)
    relate(session, operator, partner)
    law = book(demonstration=True)
    for party in (operator, partner):
        bar = queries.redevelopment_bar(session, party.id, made.id, on=TODAY, book=law)
        assert bar is not None
        assert f"本产品 ← {ancestor.code}" in bar
    assert queries.redevelopment_bar(session, operator.id, ancestor.id, on=TODAY, book=law) is None


def test_a_new_version_does_not_smuggle_in_what_a_first_one_could_not(session: Session) -> None:
    agreement, operator, ancestor = delivered(session)
    owner = make_merchant(session)
    made = make_product(session, agreement=agreement, owner=owner)
    newest = queries.latest_version(session, ancestor.id)
    relate(session, operator, owner)
    with pytest.raises(RedevelopmentForbidden):
        add_version(session, made, origins=[Origin(newest.id, AccessKind.FREE)])


def test_a_merchant_that_the_operator_buys_afterwards_stops_versions_and_is_found_by_the_review(
    session: Session,
) -> None:
    agreement, operator, ancestor = delivered(session)
    owner = make_merchant(session)
    made = make_product(session, agreement=agreement, owner=owner, derived_from=[ancestor.id])
    version = queries.latest_version(session, made.id)
    law = book(demonstration=True)
    before = {one.code: one.is_met for one in checks.findings(session, version.id, on=TODAY, book=law)}
    assert before["redevelopment"]
    relate(session, operator, owner, from_date=TODAY)
    after = {one.code: one for one in checks.findings(session, version.id, on=TODAY, book=law)}
    assert not after["redevelopment"].is_met
    assert after["redevelopment"].is_binding
    assert ancestor.code in after["redevelopment"].fact
    with pytest.raises(RedevelopmentForbidden):
        add_version(session, made)


@pytest.mark.parametrize("tie", BY_CONTROL.values(), ids=BY_CONTROL)
def test_in_guangzhou_no_merchant_tied_to_the_operator_by_control_sells(session: Session, tie: Ties) -> None:
    make_reviewers(session, "guangzhou")
    agreement = make_agreement(session, place="guangzhou", operator=make_operator(session, place="guangzhou"))
    operator = session.get_one(Party, agreement.operating_institution_id)
    owner = make_merchant(session, place="guangzhou")
    make_request(session, agreement=agreement, applicant=owner)
    tie(session, operator, owner)
    with pytest.raises(SellerRelated, match=r"SEP-01") as refusal:
        make_product(session, agreement=agreement, owner=owner, is_approved=False)
    assert operator.name in str(refusal.value)
    assert "穗政数" in str(refusal.value.article)


def test_in_guangzhou_a_merchant_bought_afterwards_is_found_by_the_review(session: Session) -> None:
    made = queries.get(session, make_product(session, place="guangzhou").id)
    owner = session.get_one(Party, made.owner_id)
    operator = session.get_one(Party, made.agreement.operating_institution_id)
    version, law = queries.latest_version(session, made.id), book(demonstration=True)
    assert checks.separation(session, made, on=TODAY, book=law).is_met
    relate(session, operator, owner)
    found = {one.code: one for one in checks.findings(session, version.id, on=TODAY, book=law)}
    assert not found["operator_merchant_separation"].is_met
    assert owner.name in found["operator_merchant_separation"].fact


def test_where_separation_is_not_demanded_control_is_no_obstacle_to_a_first_product(session: Session) -> None:
    make_reviewers(session, "xinchang")
    agreement = make_agreement(session, operator=make_operator(session))
    owner = make_merchant(session)
    relate(session, session.get_one(Party, agreement.operating_institution_id), owner)
    made = queries.get(session, make_product(session, agreement=agreement, owner=owner).id)
    finding = checks.separation(session, made, on=TODAY, book=book())
    assert (finding.is_met, finding.is_binding) == (True, False)


@pytest.mark.parametrize(
    "spell", [str.lower, lambda code: f"{code[:8]} {code[8:]}", lambda code: f"{code[:2]}-{code[2:]}"]
)
def test_a_second_account_under_the_same_credit_code_is_not_a_second_organisation(
    session: Session, spell: Callable[[str], str]
) -> None:
    operator = make_operator(session, place="guangzhou")
    with pytest.raises(DomainError, match=operator.uscc):
        parties.create_party(
            session, supervisor("guangzhou"), uscc=spell(operator.uscc), name="另一名称", kind=PartyKind.ENTERPRISE,
            place="guangzhou", capacities=[Capacity.DATA_MERCHANT], now=NOW, book=book(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT),
        (Capacity.DATA_MERCHANT, Capacity.OPERATING_INSTITUTION),
    ],
)
def test_in_guangzhou_nobody_becomes_the_other_one_as_well(session: Session, held: Capacity, wanted: Capacity) -> None:
    party = parties.create_party(
        session, supervisor("guangzhou"), uscc=uscc(), name="甲公司", kind=PartyKind.ENTERPRISE, place="guangzhou",
        capacities=[held], now=NOW, book=book(),
    )  # fmt: skip
    with pytest.raises(DutiesNotSeparated):
        parties.add_capacity(
            session, supervisor("guangzhou"), party.id, capacity=wanted, place="guangzhou", now=NOW, book=book()
        )


def test_a_product_is_not_made_from_itself_nor_twice_from_another_nor_in_a_circle(session: Session) -> None:
    agreement, _, first = delivered(session)
    owner = session.get_one(Party, first.owner_id)
    own = Origin(queries.latest_version(session, first.id).id, AccessKind.PAID)
    with pytest.raises(OriginsNotAllowed, match="本产品自身"):
        add_version(session, first, origins=[own])
    values = product_values()
    with pytest.raises(OriginsNotAllowed):
        commands.create(
            session, acting_for(owner, Role.MERCHANT), owner_id=owner.id, agreement_id=agreement.id, inputs=[],
            origins=[own, own], book=book(demonstration=True), now=NOW, **values,
        )  # fmt: skip
    second = make_product(session, agreement=agreement, derived_from=[first.id])
    with pytest.raises(OriginsNotAllowed, match=first.code):
        add_version(session, first, origins=[Origin(queries.latest_version(session, second.id).id, AccessKind.PAID)])


def test_words_that_hint_at_a_bundle_are_shown_to_the_reviewer_without_binding_it(session: Session) -> None:
    plain, bundled = make_product(session), make_product(session, description="须同时购买评分报告")
    law = book()
    assert checks.bundling(plain, queries.latest_version(session, plain.id), on=TODAY, book=law).is_met
    found = checks.bundling(bundled, queries.latest_version(session, bundled.id), on=TODAY, book=law)
    assert (found.is_met, found.is_binding, found.rule) == (False, False, "SEP-02")
    assert "须同时购买" in found.fact
