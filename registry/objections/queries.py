"""Reading objections."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel.errors import NotFound
from registry.objections.rules import ObjectionState, state_of
from registry.products.model import Product
from registry.registrations.model import Objection, Registration

SCRYPT = {"n": 2**14, "r": 8, "p": 1}


class NoSuchObjection(NotFound):
    """There is no such objection."""

    code = "objection.not_found"


def get(session: Session, objection_id: UUID) -> Objection:
    """Return an objection with its files, read afresh.

    Raises:
        NoSuchObjection: there is none.
    """
    query = sa.select(Objection).where(Objection.id == objection_id).options(selectinload(Objection.files))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchObjection(f"没有编号为 {objection_id} 的异议", detail_en="No such objection")
    return found


def by_reference(session: Session, reference: str) -> Objection:
    """Return the objection with that reference, with its registration and product.

    Raises:
        NoSuchObjection: there is none.
    """
    query = sa.select(Objection).where(Objection.reference == reference.strip().upper())
    product = joinedload(Objection.registration).joinedload(Registration.product)
    found = session.scalar(query.options(product.load_only(Product.title, Product.code)))
    if found is None:
        raise NoSuchObjection(
            f"没有查询码为 {reference.strip()[:40]} 的异议：请核对提交异议时给出的查询码", detail_en="No such objection"
        )
    return found


def state(objection: Objection) -> ObjectionState:
    """Return where an objection stands."""
    return state_of(is_rechecked=objection.rechecked_at is not None, outcome=objection.outcome)


def filed_since(session: Session, source_digest: str, since: datetime) -> Sequence[datetime]:
    """Return when objections came from one address after ``since``, the earliest first."""
    query = sa.select(Objection.filed_at).where(Objection.source_digest == source_digest, Objection.filed_at > since)
    return session.scalars(query.order_by(Objection.filed_at)).all()


def identity_digest(number: str, *, salt: str) -> str:
    """Return the digest of an identity number; slow on purpose, for there are few such numbers."""
    return hashlib.scrypt(number.encode(), salt=salt.encode(), n=SCRYPT["n"], r=SCRYPT["r"], p=SCRYPT["p"]).hex()
