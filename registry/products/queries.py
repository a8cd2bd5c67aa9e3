"""Reading data products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from kernel.errors import NotFound
from kernel.identity import FINANCE, SELLERS, WATCHERS, Actor, Role
from kernel.policy import PolicyBook
from registry.agreements.model import Agreement
from registry.products.model import (
    Product,
    ProductDerivation,
    ProductInput,
    ProductVersion,
    VersionOrigin,
)
from registry.products.rules import Involvement, Section, VersionFacts
from registry.relations import queries as relations
from registry.requests.model import DataRequest
from registry.requests.rules import GRANTED
from registry.resources import queries as resources
from registry.resources.model import Resource
from registry.resources.rules import AccessKind


class NoSuchProduct(NotFound):
    """There is no such product, or none that the actor may know of."""

    code = "product.not_found"


def get(session: Session, product_id: UUID, *, lock: bool = False) -> Product:
    """Return the product with its seller and agreement; locked and read afresh on demand.

    Raises:
        NoSuchProduct: there is none.
    """
    query = sa.select(Product).where(Product.id == product_id)
    query = query.options(joinedload(Product.owner), joinedload(Product.agreement))
    if lock:
        query = query.with_for_update(of=Product).execution_options(populate_existing=True)
    return _one(session.scalar(query), str(product_id))


def lock(session: Session, product_ids: Iterable[UUID]) -> None:
    """Lock the products in one order, so that no two who lock several wait for each other crosswise."""
    query = sa.select(Product.id).where(Product.id.in_(set(product_ids))).order_by(Product.id)
    session.execute(query.with_for_update())


def by_code(session: Session, code: str) -> Product:
    """Return the product with that code, with its seller and agreement.

    Raises:
        NoSuchProduct: there is none.
    """
    query = sa.select(Product).where(Product.code == code.strip().upper())
    return _one(session.scalar(query.options(joinedload(Product.owner), joinedload(Product.agreement))), code)


def visible(session: Session, actor: Actor, code: str) -> Product:
    """Return the product with that code if it lies within the actor's scope.

    Raises:
        NoSuchProduct: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(Product.code == code.strip().upper()).options(joinedload(Product.agreement))
    return _one(session.scalar(query), code)


def get_visible(session: Session, actor: Actor, product_id: UUID) -> Product:
    """Return the product if it lies within the actor's scope.

    Raises:
        NoSuchProduct: there is none, or none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(Product.id == product_id)), str(product_id))


def _one(found: Product | None, name: str) -> Product:
    if found is None:
        raise NoSuchProduct(f"没有产品 {name}，或不在您的职责范围内", detail_en=f"No product {name}")
    return found


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[Product]:
    """Return the query of products within the actor's scope, with their sellers."""
    query = sa.select(Product).where(in_scope(actor)).options(joinedload(Product.owner))
    return query if place is None else query.where(Product.place == place)


def in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition that the actor may read a product and what hangs on it.

    Sellers see their own; an operator those under its agreements; a source department those made from its resources;
    authorities, finance and auditors those of their places.
    """
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        at_place = sa.true() if grant.place is None else Product.place == grant.place
        if grant.role in WATCHERS or grant.role in FINANCE:
            reached.append(at_place)
        elif grant.role in SELLERS:
            own = sa.true() if grant.org_id is None else Product.owner_id == grant.org_id
            reached.append(own & at_place)
        if grant.role is Role.OPERATOR and grant.org_id is not None:
            operated = sa.select(Agreement.id).where(Agreement.operating_institution_id == grant.org_id)
            reached.append(Product.agreement_id.in_(operated))
        if grant.role is Role.SOURCE and grant.org_id is not None:
            used = (
                sa.select(ProductVersion.product_id)
                .join(ProductInput, ProductInput.version_id == ProductVersion.id)
                .join(Resource, Resource.id == ProductInput.resource_id)
                .where(Resource.source_department_id == grant.org_id)
            )
            reached.append(Product.id.in_(used))
    return sa.or_(sa.false(), *reached)


def versions(session: Session, product_id: UUID) -> Sequence[ProductVersion]:
    """Return the versions of a product, newest first, with their inputs, resources and departments."""
    query = (
        sa.select(ProductVersion)
        .where(ProductVersion.product_id == product_id)
        .order_by(ProductVersion.number.desc())
        .options(*_lineage())
    )
    return session.scalars(query).all()


def version(session: Session, version_id: UUID) -> ProductVersion:
    """Return one version with its inputs, resources and departments.

    Raises:
        NoSuchProduct: there is none.
    """
    found = session.scalar(sa.select(ProductVersion).where(ProductVersion.id == version_id).options(*_lineage()))
    if found is None:
        raise NoSuchProduct(f"没有编号为 {version_id} 的产品版本", detail_en="No such product version")
    return found


def latest_version(session: Session, product_id: UUID) -> ProductVersion:
    """Return the newest version of a product, with its inputs, resources and departments.

    Raises:
        NoSuchProduct: there is no such product; every product has a version.
    """
    query = sa.select(ProductVersion).where(ProductVersion.product_id == product_id).options(*_lineage())
    found = session.scalar(query.order_by(ProductVersion.number.desc()).limit(1))
    if found is None:
        raise NoSuchProduct(f"没有编号为 {product_id} 的产品", detail_en="No such product")
    return found


def _lineage() -> tuple[ExecutableOption, ...]:
    resource = selectinload(ProductVersion.inputs).joinedload(ProductInput.resource)
    return (
        resource.joinedload(Resource.source_department),
        selectinload(ProductVersion.origins).joinedload(VersionOrigin.origin).joinedload(ProductVersion.product),
        selectinload(ProductVersion.evidence),
    )


def latest_version_id(product_id: sa.ColumnElement[UUID]) -> sa.ScalarSelect[UUID]:
    """Return the newest version's id of a product as SQL, for conditions over many products."""
    newest = aliased(ProductVersion)
    query = sa.select(newest.id).where(newest.product_id == product_id).order_by(newest.number.desc()).limit(1)
    # said aloud, because by itself SQLAlchemy correlates with the next enclosing query only
    return query.correlate_except(newest).scalar_subquery()


def inputs(session: Session, version_id: UUID) -> Sequence[ProductInput]:
    """Return the inputs of a version with resources and departments, by resource code."""
    query = (
        sa.select(ProductInput)
        .join(Resource, Resource.id == ProductInput.resource_id)
        .where(ProductInput.version_id == version_id)
        .order_by(Resource.code)
        .options(joinedload(ProductInput.resource).joinedload(Resource.source_department))
    )
    return session.scalars(query).all()


def source_departments(session: Session, product_id: UUID) -> list[tuple[UUID, AccessKind, UUID]]:
    """Return (department, access, resource) of each input of the newest version, by resource code."""
    newest = latest_version(session, product_id)
    return [(used.resource.source_department_id, used.access, used.resource_id) for used in inputs(session, newest.id)]


def inputs_consented_clause(
    version_id: sa.ColumnElement[UUID] | sa.ScalarSelect[UUID] | UUID, on: date
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that no input of a version was shared in without its provider's consent (APP-05).

    Whether consent is demanded there (``request.shared_data_consent_required``) is the caller's question.
    """
    lacking = (
        sa.exists()
        .where(ProductInput.version_id == version_id, ProductInput.resource_id == Resource.id)
        .where(resources.shared_in_without_consent(on))
        .correlate_except(ProductInput, Resource)
    )
    return ~lacking


def ancestors(session: Session, product_ids: Sequence[UUID]) -> Sequence[Product]:
    """Return the products themselves and everything that they were made from, however far back, with agreements."""
    start = sa.select(Product.id.label("id")).where(Product.id.in_(product_ids)).cte("lineage", recursive=True)
    further = sa.select(ProductDerivation.ancestor_id).join(start, ProductDerivation.product_id == start.c.id)
    lineage = start.union(further)
    query = sa.select(Product).where(Product.id.in_(sa.select(lineage.c.id))).options(joinedload(Product.agreement))
    return session.scalars(query.order_by(Product.code)).all()


def lineage_paths(session: Session, product_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """Return a shortest way of derivation to each ancestor of the products, themselves included, however far back."""
    paths: dict[UUID, tuple[UUID, ...]] = {product_id: (product_id,) for product_id in product_ids}
    wave = list(paths)
    while wave:
        query = sa.select(ProductDerivation.product_id, ProductDerivation.ancestor_id)
        edges = session.execute(
            query.where(ProductDerivation.product_id.in_(wave)).order_by(ProductDerivation.id)
        ).all()
        wave = []
        for product_id, ancestor_id in edges:
            if ancestor_id not in paths:
                paths[ancestor_id] = (*paths[product_id], ancestor_id)
                wave.append(ancestor_id)
    return paths


def involvements(
    session: Session, party_id: UUID, product_ids: Sequence[UUID], *, on: date, share_min: Decimal | None
) -> list[Involvement]:
    """Return every way in which a party would re-develop, itself or through others, what an operator delivered.

    ``product_ids`` are what the new product is derived from; each operating institution under whose agreement one of
    them or of their ancestors was delivered counts, with the shortest lineage and the shortest chain of relations.

    Source:
        DEV-01.
    """
    paths = lineage_paths(session, product_ids)
    found = {product.id: product for product in _with_operators(session, list(paths))}
    related = relations.related_parties(session, party_id, on=on, share_min=share_min)
    result: dict[UUID, Involvement] = {}
    for product_id in sorted(found, key=lambda one: (len(paths[one]), found[one].code)):
        operator = found[product_id].agreement.operating_institution
        if operator.id in result or (operator.id != party_id and operator.id not in related):
            continue
        words = "" if operator.id == party_id else relations.path_words(session, related[operator.id])
        codes = tuple(found[one].code for one in paths[product_id])
        result[operator.id] = Involvement(codes, operator.name, words)
    return list(result.values())


def redevelopment_bar(session: Session, party_id: UUID, product_id: UUID, *, on: date, book: PolicyBook) -> str | None:
    """Return why a party may not own, co-own or share the revenue of a product, or ``None`` where it may (DEV-01).

    For everybody who would take a part in a product: its owner, and the parties of a revenue schedule.

    Raises:
        NoSuchProduct: there is none.
    """
    product = get(session, product_id)
    ban = book.get(product.place, "seller.operator_redevelopment_forbidden", on=on)
    origins = [one.id for one in derived_from(session, product_id)]
    if ban is None or not ban.boolean() or not origins:
        return None
    share = relations.share_rule(book, product.place, on)
    found = involvements(session, party_id, origins, on=on, share_min=share.decimal() if share else None)
    return found[0].words() if found else None


def _with_operators(session: Session, product_ids: Sequence[UUID]) -> Sequence[Product]:
    query = sa.select(Product).where(Product.id.in_(product_ids))
    return session.scalars(
        query.options(joinedload(Product.agreement).joinedload(Agreement.operating_institution))
    ).all()


def version_numbered(session: Session, product_id: UUID, number: int) -> ProductVersion:
    """Return one version of a product by its number, with inputs, origins and evidence.

    Raises:
        NoSuchProduct: the product has no such version.
    """
    query = sa.select(ProductVersion).where(ProductVersion.product_id == product_id, ProductVersion.number == number)
    found = session.scalar(query.options(*_lineage()))
    if found is None:
        raise NoSuchProduct(f"该产品没有第 {number} 版", detail_en=f"No version {number}")
    return found


def facts_of(version: ProductVersion) -> VersionFacts:
    """Return what a version (its lineage loaded) is, as :func:`rules.difference` compares it."""
    inputs = sorted(version.inputs, key=lambda one: one.resource.code)
    return VersionFacts(
        {
            Section.DESCRIPTION: {"": version.description},
            Section.FIELDS: {
                str(one["name"]): f"{one.get('title', '')} · {one.get('type', '')}"
                + (" · 个人信息" if one.get("personal") else "")
                for one in version.fields
            },
            Section.SAMPLE: {
                str(row): "；".join(f"{name}={value}" for name, value in record.items())
                for row, record in enumerate(version.sample, start=1)
            },
            Section.INPUTS: {
                one.resource.code: f"{one.resource.title} · {one.access} · {one.weight_input:f} · {one.quality:f}"
                for one in inputs
            },
            Section.ORIGINS: {
                one.origin.product.code: f"第 {one.origin.number} 版 · {one.access}" for one in version.origins
            },
            Section.EVIDENCE: {one.title: one.sha256 for one in version.evidence},
        }
    )


def newest_of_codes(session: Session, codes: Sequence[str]) -> Sequence[ProductVersion]:
    """Return the newest version of each named product, with the product."""
    query = (
        sa.select(ProductVersion)
        .join(Product, Product.id == ProductVersion.product_id)
        .where(Product.code.in_(codes), ProductVersion.id == latest_version_id(Product.__table__.c.id))
        .options(joinedload(ProductVersion.product))
    )
    return session.scalars(query).all()


def derived_from(session: Session, product_id: UUID) -> Sequence[Product]:
    """Return the products that this one was directly made from, by code."""
    query = (
        sa.select(Product)
        .join(ProductDerivation, ProductDerivation.ancestor_id == Product.id)
        .where(ProductDerivation.product_id == product_id)
        .order_by(Product.code)
        .options(joinedload(Product.owner))
    )
    return session.scalars(query).all()


def approved_requests(session: Session, actor: Actor, on: date) -> Sequence[DataRequest]:
    """Return the approved requests of the actor's organisations, newest first: what a product may start from."""
    owners = {grant.org_id for grant in actor.grants if grant.role in SELLERS and grant.org_id is not None}
    query = (
        sa.select(DataRequest)
        .where(DataRequest.state.in_(GRANTED), DataRequest.applicant_id.in_(owners))
        .order_by(DataRequest.id.desc())
        .options(joinedload(DataRequest.agreement), joinedload(DataRequest.applicant))
    )
    return [request for request in session.scalars(query) if request.agreement.in_force(on)]
