"""Reading data products."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from kernel.errors import NotFound
from kernel.identity import FINANCE, SELLERS, WATCHERS, Actor, Role
from registry.agreements.model import Agreement
from registry.products.model import Product, ProductDerivation, ProductInput, ProductVersion
from registry.requests.model import DataRequest
from registry.requests.rules import RequestState
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
        .options(_lineage())
    )
    return session.scalars(query).all()


def version(session: Session, version_id: UUID) -> ProductVersion:
    """Return one version with its inputs, resources and departments.

    Raises:
        NoSuchProduct: there is none.
    """
    found = session.scalar(sa.select(ProductVersion).where(ProductVersion.id == version_id).options(_lineage()))
    if found is None:
        raise NoSuchProduct(f"没有编号为 {version_id} 的产品版本", detail_en="No such product version")
    return found


def latest_version(session: Session, product_id: UUID) -> ProductVersion:
    """Return the newest version of a product, with its inputs, resources and departments.

    Raises:
        NoSuchProduct: there is no such product; every product has a version.
    """
    query = sa.select(ProductVersion).where(ProductVersion.product_id == product_id).options(_lineage())
    found = session.scalar(query.order_by(ProductVersion.number.desc()).limit(1))
    if found is None:
        raise NoSuchProduct(f"没有编号为 {product_id} 的产品", detail_en="No such product")
    return found


def _lineage() -> ExecutableOption:
    return selectinload(ProductVersion.inputs).joinedload(ProductInput.resource).joinedload(Resource.source_department)


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


def ancestors(session: Session, product_ids: Sequence[UUID]) -> Sequence[Product]:
    """Return the products themselves and everything that they were made from, however far back, with agreements."""
    start = sa.select(Product.id.label("id")).where(Product.id.in_(product_ids)).cte("lineage", recursive=True)
    further = sa.select(ProductDerivation.ancestor_id).join(start, ProductDerivation.product_id == start.c.id)
    lineage = start.union(further)
    query = sa.select(Product).where(Product.id.in_(sa.select(lineage.c.id))).options(joinedload(Product.agreement))
    return session.scalars(query.order_by(Product.code)).all()


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
        .where(DataRequest.state == RequestState.APPROVED, DataRequest.applicant_id.in_(owners))
        .order_by(DataRequest.id.desc())
        .options(joinedload(DataRequest.agreement), joinedload(DataRequest.applicant))
    )
    return [request for request in session.scalars(query) if request.agreement.in_force(on)]
