"""Changing data products: a new one, or a new version of one. Nothing is ever edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.access import commands as access
from registry.access.rules import Purpose
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.parties import queries as parties
from registry.parties.model import PartyCapacity
from registry.parties.rules import CAPACITY_TITLES, Capacity
from registry.products import queries
from registry.products.model import (
    Product,
    ProductDerivation,
    ProductInput,
    ProductVersion,
    VersionEvidence,
    VersionOrigin,
)
from registry.products.rules import (
    DeliveryForm,
    Input,
    InputsNotAllowed,
    Origin,
    OriginsNotAllowed,
    SellerNotAllowed,
    content_sha256,
    place_letters,
    refuse_redevelopment,
    refuse_related_seller,
    seller_capacity,
)
from registry.relations import queries as relations
from registry.requests import queries as requests
from registry.resources.model import Resource
from registry.resources.rules import AccessKind


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
    origins: Sequence[Origin] = (),
    evidence: Sequence[Mapping[str, Any]] = (),
) -> Product:
    """Enter a product with its first version.

    ``owner_id`` is the seller: a data merchant, or the operating institution where the place allows that. ``fields``
    say what the product contains ({name, title, type, personal}), ``sample`` is a few made-up or masked records.
    Each input needs an approved request for the same scenario. ``origins`` names the versions of other products that
    this one is made from (DEV-01), ``derived_from`` products whose newest version was paid for. ``evidence`` is files
    of the version: {title, name, media_type, content}, or {title, name, sha256} of one that is kept already.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchAgreement, NoSuchProduct, NoSuchParty: there is no such agreement, product to derive from, or seller.
        PolicyGap: the place does not say who may sell.
        SellerNotAllowed: the seller may not sell at this place, or is suspended.
        InputsNotAllowed: an input is outside the agreement, barred, or not approved for this scenario.
        AccessRefused: the agreement is not in force, or a person of the operator is untrained (ACC-03, TRN-01).
        SellerRelated: seller and operating institution must be separate there and are tied by control.
        OriginsNotAllowed: a product is named twice.
        RedevelopmentForbidden: the seller, or a party related to it, operates the authorization of an ancestor.
        FileRefused: a file is empty or too large.
    """
    agreement = agreements.get(session, agreement_id)
    actor.must(Permission.PRODUCT_WRITE, org_id=owner_id, place=agreement.place)
    _check_seller(session, owner_id, agreement, book, now)
    made_from = [*origins, *_newest_paid(session, derived_from)]
    _check_origins(session, owner_id, made_from, None, agreement.place, book, now)
    product = Product(
        code=numbering.number(session, place_letters(agreement.place), business_date(now)), place=agreement.place,
        owner_id=owner_id, agreement_id=agreement_id, title=title, scenario=scenario, domain=domain,
        delivery_form=delivery_form, source_statement=source_statement, created_at=now, created_by=actor.id,
    )  # fmt: skip
    session.add(product)
    session.flush()
    _add_version(
        session, actor, product, number=1, description=description, fields=fields, sample=sample, inputs=inputs,
        origins=made_from, evidence=evidence, book=book, now=now,
    )  # fmt: skip
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
    book: PolicyBook,
    now: datetime,
    origins: Sequence[Origin] | None = None,
    evidence: Sequence[Mapping[str, Any]] = (),
) -> ProductVersion:
    """Enter a new version; from now on it is the one that has to be reviewed.

    Without ``origins`` it is made from the same versions of other products as the version before.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchProduct: there is none, or none to derive from.
        InputsNotAllowed: an input is outside the agreement, barred, or not approved for this scenario.
        AccessRefused: the agreement is not in force, or a person of the operator is untrained (ACC-03, TRN-01).
        OriginsNotAllowed: it would be made from itself, or a product is named twice.
        RedevelopmentForbidden: the seller, or a party related to it, operates the authorization of an ancestor.
        FileRefused: a file of evidence is empty or too large.
    """
    product = queries.get(session, product_id, lock=True)
    actor.must(Permission.PRODUCT_WRITE, org_id=product.owner_id, place=product.place)
    newest = queries.latest_version(session, product_id)
    made_from = origins
    if made_from is None:
        made_from = [Origin(one.origin_version_id, one.access) for one in newest.origins]
    _check_origins(session, product.owner_id, made_from, product, product.place, book, now)
    made = _add_version(
        session, actor, product, number=newest.number + 1, description=description, fields=fields, sample=sample,
        inputs=inputs, origins=made_from, evidence=evidence, book=book, now=now,
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
    origins: Sequence[Origin],
    evidence: Sequence[Mapping[str, Any]],
    book: PolicyBook,
    now: datetime,
) -> ProductVersion:
    _check_inputs(session, product, inputs, now)
    access.admit(
        session, actor, purpose=Purpose.MAKE_PRODUCT, agreement_id=product.agreement_id,
        organisation_id=product.owner_id, resource_ids=[one.resource_id for one in inputs], book=book, now=now,
    )  # fmt: skip
    wanted = {found.resource_id for found in inputs}
    by_id = {found.id: found for found in session.scalars(sa.select(Resource).where(Resource.id.in_(wanted)))}
    lineage = sorted((by_id[one.resource_id].code, str(one.weight_input), str(one.quality)) for one in inputs)
    kept = [_kept(session, one, now) for one in evidence]
    content = {
        "product": product.code, "number": number, "description": description, "fields": list(fields),
        "sample": list(sample), "inputs": lineage,
        "origins": sorted((str(one.version_id), str(one.access)) for one in origins),
        "evidence": sorted(kept),
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
    session.add_all(
        VersionEvidence(version_id=made.id, sha256=sha256, title=title, file_name=name) for title, name, sha256 in kept
    )
    _derive(session, made, origins)
    session.flush()
    return made


def _kept(session: Session, evidence: Mapping[str, Any], now: datetime) -> tuple[str, str, str]:
    """Keep a file of evidence, or find it where it is kept already; return title, name and digest."""
    if "content" in evidence:
        media_type = evidence.get("media_type", "application/octet-stream")
        sha256 = files.keep(session, evidence["content"], name=evidence["name"], media_type=media_type, now=now)
    else:
        sha256 = files.get(session, evidence["sha256"]).sha256
    return evidence["title"], evidence["name"], sha256


def _derive(session: Session, made: ProductVersion, origins: Sequence[Origin]) -> None:
    """Write the lineage of the version, and of the product whatever is new in it: that is never forgotten."""
    session.add_all(
        VersionOrigin(version_id=made.id, origin_version_id=one.version_id, access=one.access) for one in origins
    )
    known = {found.id for found in queries.derived_from(session, made.product_id)}
    named = sa.select(ProductVersion.product_id).where(ProductVersion.id.in_([one.version_id for one in origins]))
    session.add_all(
        ProductDerivation(product_id=made.product_id, ancestor_id=ancestor_id)
        for ancestor_id in sorted(set(session.scalars(named)) - known)
    )


def _newest_paid(session: Session, product_ids: Sequence[UUID]) -> list[Origin]:
    wanted = dict.fromkeys(product_ids)
    return [Origin(queries.latest_version(session, one).id, AccessKind.PAID) for one in wanted]


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
    separation = book.get(agreement.place, "seller.operator_merchant_separation", on=business_date(now))
    if separation is not None and separation.boolean():
        operator = agreement.operating_institution
        chain = relations.related_path(session, owner_id, operator.id, on=business_date(now), share_min=None)
        if chain:
            words = relations.path_words(session, chain)
            refuse_related_seller(owner.name, operator.name, words, citation=separation.citation())


def _check_origins(
    session: Session,
    owner_id: UUID,
    origins: Sequence[Origin],
    own: Product | None,
    place: str,
    book: PolicyBook,
    now: datetime,
) -> None:
    if not origins:
        return
    product_ids = [queries.version(session, one.version_id).product_id for one in origins]
    if len(set(product_ids)) < len(product_ids) or (own is not None and own.id in product_ids):
        raise OriginsNotAllowed(
            "每个来源产品列明一次（一个版本），且不得为本产品自身（DEV-01）",
            detail_en="Name each product once, and never the product itself",
            rule="DEV-01",
            errors=[{"pointer": "/origins", "code": OriginsNotAllowed.code, "message": "来源产品重复或为本产品"}],
        )
    on = business_date(now)
    if own is not None and own.id in queries.lineage_paths(session, product_ids):
        raise OriginsNotAllowed(
            f"来源产品本身源自 {own.code}，不得互为来源（DEV-01）",
            detail_en=f"The origin is itself derived from {own.code}",
            rule="DEV-01",
        )
    ban = book.get(place, "seller.operator_redevelopment_forbidden", on=on)
    if ban is not None and ban.boolean():
        share = relations.share_rule(book, place, on)
        share_min = share.decimal() if share else None
        involved = queries.involvements(session, owner_id, product_ids, on=on, share_min=share_min)
        refuse_redevelopment(involved, citation=ban.citation())


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
