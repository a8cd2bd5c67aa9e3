"""The operator that delivered a product, and whoever is related to it, shares no revenue of what is made from it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from registry.relations.rules import RelationKind
from settlement.splits import commands, queries
from settlement.splits.rules import ScheduleState
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.data import relate
from tests.make.registry_products import make_merchant, make_product, make_reviewers


@dataclass(frozen=True, slots=True)
class Chain:
    """What the operator delivered, and what a merchant made from it two steps further on."""

    first: Agreement
    agreement: Agreement
    operator: Party
    merchant: Party
    delivered: Product
    derived: Product


@pytest.fixture
def made(session: Session) -> Chain:
    """A lineage of three products: the first under one agreement, the other two under another operator's."""
    make_reviewers(session, base.PLACE)
    agreement, other = base.make_agreement(session), base.make_agreement(session)
    operator, merchant = session.get_one(Party, agreement.operating_institution_id), make_merchant(session)
    first = make_product(session, agreement=agreement)
    second = make_product(session, agreement=other, derived_from=[first.id])
    third = make_product(session, agreement=other, owner=merchant, derived_from=[second.id])
    return Chain(agreement, other, operator, merchant, first, third)


def refused(session: Session, made: Chain, party: Party, product: Product | None) -> str:
    """Draw up a schedule in which the party shares; return the words of the refusal."""
    with pytest.raises(commands.RedeveloperShares) as refusal:
        make.make_schedule(
            session, made.agreement, make.steps_of(party, made.merchant), signers=[], product=product, now=make.NOW
        )
    assert refusal.value.rule == "DEV-01"
    return str(refusal.value)


@pytest.mark.both_databases
def test_the_operator_shares_no_revenue_of_what_is_derived_from_its_product(session: Session, made: Chain) -> None:
    words = refused(session, made, made.operator, made.derived)
    for said in ("DEV-01", "27号 第六条", made.operator.name, made.derived.code, made.delivered.code):
        assert said in words


def test_a_related_party_is_refused_with_lineage_and_chain_of_relations(session: Session, made: Chain) -> None:
    between, partner = base.make_party(session), base.make_party(session)
    relate(session, made.operator, between, RelationKind.CONTROL)
    relate(session, between, partner, RelationKind.CONTROL)
    words = refused(session, made, partner, made.derived)
    for said in (partner.name, between.name, made.operator.name, made.delivered.code):
        assert said in words


def test_the_operator_shares_the_revenue_of_what_it_delivered_itself(session: Session, made: Chain) -> None:
    steps = make.steps_of(made.operator, made.merchant)
    drawn = make.make_schedule(session, made.first, steps, signers=[], product=made.delivered, now=make.NOW)
    assert drawn.product_id == made.delivered.id


def test_unrelated_parties_share_the_revenue_of_a_derived_product(session: Session, made: Chain) -> None:
    steps = make.steps_of(base.make_party(session), made.merchant)
    drawn = make.make_schedule(session, made.agreement, steps, signers=[], product=made.derived, now=make.NOW)
    assert drawn.state is ScheduleState.DRAFT


def test_a_schedule_for_every_product_waits_until_derived_ones_have_their_own(session: Session, made: Chain) -> None:
    refused(session, made, made.operator, None)
    exchange = base.make_party(session)
    for product in queries.derived_products(session, made.agreement.id, None):
        steps = make.steps_of(exchange, made.merchant)
        make.make_schedule(
            session, made.agreement, steps, signers=[exchange, made.merchant], product=product, now=make.NOW
        )
    steps = make.steps_of(made.operator, made.merchant)
    assert make.make_schedule(session, made.agreement, steps, signers=[], now=make.NOW).product_id is None


def test_a_relation_that_begins_after_the_drawing_up_stops_the_signature(session: Session, made: Chain) -> None:
    partner = base.make_party(session)
    steps = make.steps_of(partner, made.merchant)
    drawn = make.make_schedule(
        session, made.agreement, steps, signers=[made.merchant], product=made.derived, now=make.NOW
    )
    relate(session, made.operator, partner, RelationKind.CONTROL)
    person = base.actor(Role.OPERATOR, org_id=partner.id, place=base.PLACE)
    with pytest.raises(commands.RedeveloperShares):
        commands.sign(session, person, drawn.number, now=make.NOW, book=make.LAW)
    assert drawn.state is ScheduleState.DRAFT
