"""Products on a real database: who sells what, made from which data, and nothing ever edited."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.agreements import queries as agreements
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.products import commands, queries
from registry.products.model import Product
from registry.products.rules import Input, InputsNotAllowed, RedevelopmentForbidden, SellerNotAllowed
from registry.requests.rules import RequestState
from registry.resources.rules import AccessKind
from tests.make.registry_base import (
    NOW,
    acting_for,
    actor,
    book,
    make_agreement,
    make_operator,
    make_resource,
    supervisor,
)
from tests.make.registry_products import (
    FIELDS,
    SAMPLE,
    add_version,
    inputs_of,
    make_merchant,
    make_product,
    make_request,
    make_reviewers,
    product_values,
    seller,
)


@pytest.mark.both_databases
def test_a_product_has_a_code_of_its_place_and_a_first_version_with_lineage(session: Session) -> None:
    made = make_product(session)
    assert made.code.startswith("XC-2026-")
    newest = queries.latest_version(session, made.id)
    assert (newest.number, newest.fields, newest.sample, len(newest.content_sha256)) == (1, FIELDS, SAMPLE, 64)
    used = queries.inputs(session, newest.id)
    assert [one.access for one in used] == [AccessKind.FREE, AccessKind.FREE]
    assert [(one.weight_input, one.quality) for one in used] == [(Decimal(1), Decimal("0.9"))] * 2
    departments = queries.source_departments(session, made.id)
    assert departments == [(one.resource.source_department_id, one.access, one.resource_id) for one in used]


def test_free_or_paid_is_what_the_catalogue_says_and_not_what_the_seller_says(session: Session) -> None:
    make_reviewers(session, "xinchang")
    paid, free = make_resource(session, access=AccessKind.PAID), make_resource(session)
    made = make_product(session, agreement=make_agreement(session, scope=[paid, free]))
    found = {resource_id: access for _, access, resource_id in queries.source_departments(session, made.id)}
    assert found == {paid.id: AccessKind.PAID, free.id: AccessKind.FREE}


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry_product_version SET description = '改写'",
        "DELETE FROM registry_product_version",
        "UPDATE registry_product_input SET access = 'paid'",
        "DELETE FROM registry_product_input",
    ],
)
def test_the_database_keeps_versions_and_inputs_as_they_were(session: Session, statement: str) -> None:
    make_product(session)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.text(statement))
    session.rollback()


def test_a_new_version_follows_the_last_and_has_its_own_digest(session: Session) -> None:
    made = make_product(session)
    second = add_version(session, made)
    assert [version.number for version in queries.versions(session, made.id)] == [2, 1]
    assert len({version.content_sha256 for version in queries.versions(session, made.id)}) == 2
    assert queries.latest_version(session, made.id).id == second.id


def test_inputs_need_an_approved_request_for_the_same_scenario(session: Session) -> None:
    make_reviewers(session, "xinchang")
    agreement = make_agreement(session, scope=[make_resource(session), make_resource(session)])
    owner = make_merchant(session)
    first, second = agreements.scope_of(session, agreement.id)
    with pytest.raises(InputsNotAllowed, match="没有已同意的使用申请"):
        make_product(session, agreement=agreement, owner=owner, is_approved=False)
    make_request(session, agreement=agreement, applicant=owner, resources=[first], state=RequestState.APPROVED)
    with pytest.raises(InputsNotAllowed, match="1 项"):
        make_product(session, agreement=agreement, owner=owner, is_approved=False)
    with pytest.raises(InputsNotAllowed, match="另一场景"):
        make_product(
            session, agreement=agreement, owner=owner, resources=[first], is_approved=False, scenario="另一场景"
        )
    made = make_product(session, agreement=agreement, owner=owner, resources=[first], is_approved=False)
    with pytest.raises(InputsNotAllowed, match="RVW-02"):
        add_version(session, made, inputs=inputs_of([first, second]))


def test_inputs_lie_within_the_agreement_and_are_named_once(session: Session) -> None:
    made = make_product(session)
    used = queries.inputs(session, queries.latest_version(session, made.id).id)
    outside = make_resource(session)
    with pytest.raises(InputsNotAllowed, match="授权范围"):
        add_version(session, made, inputs=inputs_of([outside]))
    for wrong in ([], [Input(used[0].resource_id, Decimal(1), Decimal(1))] * 2):
        with pytest.raises(InputsNotAllowed, match="每项一次"):
            add_version(session, made, inputs=wrong)


def operators_product(session: Session, place: str) -> Product:
    """A product that the operating institution itself would sell."""
    make_reviewers(session, place)
    agreement = make_agreement(session, place=place, operator=make_operator(session, place=place))
    operator = session.get_one(Party, agreement.operating_institution_id)
    if place == "guangzhou":  # the operator cannot pass its own check there, so the request is not what stops it
        return make_product(session, agreement=agreement, owner=operator, is_approved=False)
    return make_product(session, agreement=agreement, owner=operator)


@pytest.mark.parametrize("place", ["quzhou", "futian", "puer", "xinchang"])
def test_the_operator_sells_its_own_products_where_the_rules_admit_it(session: Session, place: str) -> None:
    assert operators_product(session, place).place == place


def test_in_guangzhou_the_operator_sells_nothing_and_the_refusal_cites_the_article(session: Session) -> None:
    with pytest.raises(SellerNotAllowed, match="广州市只允许数据商出售") as refusal:
        operators_product(session, "guangzhou")
    assert refusal.value.rule == "SEP-01"
    assert "穗政数〔2024〕44号" in str(refusal.value.article)
    assert make_product(session, place="guangzhou").code.startswith("GZ-")


def test_neither_a_suspended_merchant_nor_the_operator_of_another_agreement_sells(session: Session) -> None:
    make_reviewers(session, "xinchang")
    agreement, owner = make_agreement(session), make_merchant(session)
    make_request(session, agreement=agreement, applicant=owner)
    parties.suspend(session, supervisor(), owner.id, reason="整改", now=NOW)
    for stranger in (owner, make_operator(session)):
        with pytest.raises(SellerNotAllowed, match="状态正常"):
            make_product(session, agreement=agreement, owner=stranger, is_approved=False)


def test_nobody_enters_products_or_versions_for_another_organisation(session: Session) -> None:
    made = make_product(session)
    stranger = acting_for(make_merchant(session), Role.MERCHANT)
    with pytest.raises(NotAllowed):
        commands.add_version(
            session, stranger, made.id, description="x", fields=FIELDS, sample=[], inputs=[], book=book(), now=NOW
        )


def test_the_operator_does_not_redevelop_what_was_delivered_under_its_authorization(session: Session) -> None:
    make_reviewers(session, "xinchang")
    agreement = make_agreement(session, operator=make_operator(session))
    operator = session.get_one(Party, agreement.operating_institution_id)
    ancestor = make_product(session, agreement=agreement)
    between = make_product(session, agreement=agreement, derived_from=[ancestor.id])
    assert [found.code for found in queries.derived_from(session, between.id)] == [ancestor.code]
    assert {found.id for found in queries.ancestors(session, [between.id])} == {between.id, ancestor.id}
    with pytest.raises(RedevelopmentForbidden, match="再开发"):
        make_product(session, agreement=agreement, owner=operator, derived_from=[between.id])


def test_a_product_cannot_be_derived_from_one_that_does_not_exist(session: Session) -> None:
    made = make_product(session)
    with pytest.raises(queries.NoSuchProduct):
        make_product(session, derived_from=[made.owner_id])


def test_people_see_the_products_of_their_scope_and_no_others(session: Session) -> None:
    made, other = make_product(session), make_product(session, place="puer")
    resource = queries.inputs(session, queries.latest_version(session, made.id).id)[0].resource
    agreement = agreements.get(session, made.agreement_id)
    seers = [
        seller(made),
        actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=made.place),
        actor(Role.SOURCE, org_id=resource.source_department_id, place=made.place),
        actor(Role.REVIEWER, place="xinchang"),
        actor(Role.FINANCE_CHECKER, place="xinchang"),
    ]
    for person in seers:
        assert list(session.scalars(queries.listed(person))) == [made]
        with pytest.raises(queries.NoSuchProduct):
            queries.visible(session, person, other.code)
    everywhere = actor(Role.AUDITOR)
    assert len(list(session.scalars(queries.listed(everywhere)))) == 2
    for blind in (actor(Role.BUYER, org_id=made.owner_id), acting_for(make_merchant(session), Role.MERCHANT)):
        assert list(session.scalars(queries.listed(blind))) == []


def test_a_product_is_found_by_its_code_in_any_case(session: Session) -> None:
    made = make_product(session)
    assert queries.by_code(session, f" {made.code.lower()} ").id == made.id
    with pytest.raises(queries.NoSuchProduct, match="XC-2026-999999"):
        queries.by_code(session, "XC-2026-999999")


def test_a_new_capacity_lets_an_organisation_sell(session: Session) -> None:
    make_reviewers(session, "xinchang")
    agreement, owner = make_agreement(session), make_operator(session)
    parties.add_capacity(
        session, supervisor(), owner.id, capacity=Capacity.DATA_MERCHANT, place="xinchang", now=NOW, book=book()
    )
    assert make_product(session, agreement=agreement, owner=owner, **product_values()).owner_id == owner.id
