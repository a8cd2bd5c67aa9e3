"""Changing data products: a new one, or a new version of one. Nothing is ever edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.parties import queries as parties
from registry.parties.model import PartyCapacity
from registry.parties.rules import CAPACITY_TITLES, Capacity
from registry.products import queries
from registry.products.model import Product, ProductDerivation, ProductInput, ProductVersion
from registry.products.rules import (
    DeliveryForm,
    Input,
    InputsNotAllowed,
    SellerNotAllowed,
    content_sha256,
    place_letters,
    refuse_redevelopment,
    seller_capacity,
)
from registry.requests import queries as requests
from registry.resources.model import Resource


def create(
    session: Session,
    actor: Actor,
    *,
    owner_id: UUID,
    agreement_id: UUID,
    title: str,
    scenario: str,
    domain: str,
    delivery_form: DeliveryForm,
    source_statement: str,
    description: str,
    fields: Sequence[dict[str, Any]],
    sample: Sequence[dict[str, Any]],
    inputs: Sequence[Input],
    book: PolicyBook,
    now: datetime,
    derived_from: Sequence[UUID] = (),
) -> Product:
    """Enter a product with its first version.

    ``owner_id`` is the seller: a data merchant, or the operating institution where the place allows that. ``fields``
    say what the product contains ({name, title, type, personal}), ``sample`` is a few made-up or masked records.
    Each input must be covered by an approved request for the same scenario; ``derived_from`` names the products
    that this one is made from (DEV-01).

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchAgreement: there is no such agreement.
        NoSuchProduct: there is no such product to derive from.
        NoSuchParty: there is no such seller.
        PolicyGap: the place does not say who may sell.
        SellerNotAllowed: the seller may not sell at this place, or is suspended.
        InputsNotAllowed: an input is outside the agreement, barred, or not approved for this scenario.
        RedevelopmentForbidden: the seller operates the authorization of a product that this one is derived from.
    """
    agreement = agreements.get(session, agreement_id)
    actor.must(Permission.PRODUCT_WRITE, org_id=owner_id, place=agreement.place)
    _check_seller(session, owner_id, agreement, book, now)
    _check_lineage(session, owner_id, derived_from, agreement.place, book, now)
    prefix = place_letters(agreement.place)
    product = Product(
        code=numbering.number(session, prefix, business_date(now)), place=agreement.place, owner_id=owner_id,
        agreement_id=agreement_id, title=title, scenario=scenario, domain=domain, delivery_form=delivery_form,
        source_statement=source_statement, created_at=now, created_by=actor.id,
    )  # fmt: skip
    session.add(product)
    session.flush()
    session.add_all(
        ProductDerivation(product_id=product.id, ancestor_id=found) for found in dict.fromkeys(derived_from)
    )
    _add_version(
        session, actor, product, number=1, description=description, fields=fields, sample=sample, inputs=inputs, now=now
    )
    audit.record(session, actor, "product.create", product, at=now, detail={"code": product.code})
    return product


def add_version(
    session: Session,
    actor: Actor,
    product_id: UUID,
    *,
    description: str,
    fields: Sequence[dict[str, Any]],
    sample: Sequence[dict[str, Any]],
    inputs: Sequence[Input],
    now: datetime,
) -> ProductVersion:
    """Enter a new version; from now on it is the one that has to be reviewed.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchProduct: there is none.
        InputsNotAllowed: an input is outside the agreement, barred, or not approved for this scenario.
    """
    product = queries.get(session, product_id, lock=True)
    actor.must(Permission.PRODUCT_WRITE, org_id=product.owner_id, place=product.place)
    last = session.scalar(sa.select(sa.func.max(ProductVersion.number)).where(ProductVersion.product_id == product_id))
    made = _add_version(
        session, actor, product, number=(last or 0) + 1, description=description, fields=fields, sample=sample,
        inputs=inputs, now=now,
    )  # fmt: skip
    audit.record(
        session,
        actor,
        "product.add_version",
        product,
        at=now,
        detail={"number": made.number, "sha256": made.content_sha256},
    )
    return made


def _add_version(
    session: Session,
    actor: Actor,
    product: Product,
    *,
    number: int,
    description: str,
    fields: Sequence[dict[str, Any]],
    sample: Sequence[dict[str, Any]],
    inputs: Sequence[Input],
    now: datetime,
) -> ProductVersion:
    _check_inputs(session, product, inputs, now)
    wanted = {found.resource_id for found in inputs}
    by_id = {found.id: found for found in session.scalars(sa.select(Resource).where(Resource.id.in_(wanted)))}
    lineage = sorted((by_id[one.resource_id].code, str(one.weight_input), str(one.quality)) for one in inputs)
    content = {
        "product": product.code, "number": number, "description": description, "fields": list(fields),
        "sample": list(sample), "inputs": lineage,
    }  # fmt: skip
    made = ProductVersion(
        product_id=product.id, number=number, description=description, fields=list(fields), sample=list(sample),
        content_sha256=content_sha256(content), created_at=now, created_by=actor.id, created_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add_all(
        ProductInput(
            version_id=made.id, resource_id=one.resource_id, access=by_id[one.resource_id].access,
            weight_input=one.weight_input, quality=one.quality,
        )
        for one in inputs
    )  # fmt: skip
    session.flush()
    return made


def _check_seller(session: Session, owner_id: UUID, agreement: Agreement, book: PolicyBook, now: datetime) -> None:
    allowed = book.find(agreement.place, "seller.capacities", on=business_date(now))
    owner = parties.get(session, owner_id)
    registered = sa.select(PartyCapacity.capacity).where(
        PartyCapacity.party_id == owner_id, PartyCapacity.place == agreement.place
    )
    held = set(session.scalars(registered))
    if owner_id != agreement.operating_institution_id:
        held.discard(Capacity.OPERATING_INSTITUTION)  # of this agreement it is not the operator
    if seller_capacity(held, allowed.items()) is None or not owner.is_in_order:
        who = "、".join(CAPACITY_TITLES[Capacity(kind)] for kind in allowed.items())
        raise SellerNotAllowed(
            f"{owner.name} 不能在此出售产品：{book.place(agreement.place).title}只允许{who}出售"
            f"（SEP-01，{allowed.citation()}），且须状态正常；请由符合条件的单位申请",
            detail_en=f"{owner.name} may not sell there; sellers are {', '.join(allowed.items())}",
            rule="SEP-01",
            article=allowed.citation(),
            errors=[{"pointer": "/owner_id", "code": SellerNotAllowed.code, "message": f"允许的主体：{who}"}],
        )


def _check_lineage(
    session: Session, owner_id: UUID, derived_from: Sequence[UUID], place: str, book: PolicyBook, now: datetime
) -> None:
    if not derived_from:
        return
    found = queries.ancestors(session, derived_from)
    missing = set(derived_from) - {product.id for product in found}
    if missing:
        raise queries.NoSuchProduct(f"没有编号为 {next(iter(missing))} 的来源产品", detail_en="No such product")
    ban = book.get(place, "seller.operator_redevelopment_forbidden", on=business_date(now))
    if ban is not None and ban.boolean():
        operators = {product.agreement.operating_institution_id: product.code for product in found}
        refuse_redevelopment(owner_id=owner_id, ancestor_operators=operators, citation=ban.citation())


def _check_inputs(session: Session, product: Product, inputs: Sequence[Input], now: datetime) -> None:
    wanted = [one.resource_id for one in inputs]
    in_scope = {resource.id for resource in requests.scope(session, product.agreement_id)}
    approved = requests.approved_resources(
        session, applicant_id=product.owner_id, agreement_id=product.agreement_id, scenario=product.scenario,
        on=business_date(now),
    )  # fmt: skip
    outside = [str(found) for found in wanted if found not in in_scope]
    unapproved = [str(found) for found in wanted if found in in_scope and found not in approved]
    if not wanted or len(set(wanted)) < len(wanted):
        words = "须列明所用数据资源，每项一次"
    elif outside:
        words = f"{len(outside)} 项数据资源不在授权范围内或不予开放"
    elif unapproved:
        words = f"{len(unapproved)} 项数据资源在场景“{product.scenario}”下没有已同意的使用申请"
    else:
        return
    raise InputsNotAllowed(
        f"{words}（RVW-02、DEV-02）：产品只能使用授权范围内、同一场景已获同意的数据",
        detail_en="Inputs must lie within the agreement and be approved for the same scenario",
        rule="RVW-02",
        errors=[
            {"pointer": "/inputs", "code": InputsNotAllowed.code, "message": words, "resources": outside + unapproved}
        ],
    )
