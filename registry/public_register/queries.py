"""Reading what the register shows to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.errors import NotFound
from registry.codes.rules import read_code
from registry.parties.model import Party
from registry.products.model import Product, ProductInput, ProductVersion
from registry.registrations.model import Objection, Registration
from registry.registrations.queries import NoSuchRegistration, effective_clause
from registry.registrations.rules import RegistrationState
from registry.resources.model import Resource

PUBLIC_MAX = 100


class NoSuchCertificate(NotFound):
    """The code is well formed, but nobody ever assigned it."""

    code = "certificate.unknown"
    title = "没有这个登记编码"
    title_en = "No such registration code"


def certificate(session: Session, text: str, *, on: date) -> Registration:
    """Return the registration behind a code in any spelling: the effective one, else the newest that had it.

    Raises:
        CodeMistyped: it is no code, or its check character does not fit.
        NoSuchCertificate: nobody ever assigned it.
    """
    code = read_code(text)
    is_effective = sa.case((effective_clause(on), 0), else_=1)
    query = (
        sa.select(Registration)
        .where(Registration.code == code)
        .order_by(is_effective, Registration.valid_from.desc(), Registration.coded_at.desc())
        .limit(1)
        .options(
            joinedload(Registration.product).joinedload(Product.agreement),
            joinedload(Registration.product_version)
            .selectinload(ProductVersion.inputs)
            .joinedload(ProductInput.resource)
            .joinedload(Resource.source_department),
            joinedload(Registration.registrant),
        )
    )
    found = session.scalar(query)
    if found is None:
        raise NoSuchCertificate(
            f"登记编码 {code} 校验位正确，但登记簿中没有这一编码：证书可能系伪造。请向登记机构核实，并举报来源",
            detail_en=f"{code} is well formed but was never assigned; the certificate may be forged",
            rule="REG-03",
        )
    return found


def notices(session: Session, on: date, *, place: str | None = None) -> Sequence[Registration]:
    """Return the registrations whose public notice runs on that day, the one that ends first on top (REG-06)."""
    query = _public().where(
        Registration.state.in_((RegistrationState.PUBLIC_NOTICE, RegistrationState.OBJECTED)),
        Registration.notice_start <= on,
        Registration.notice_end >= on,
    )
    return session.scalars(_at(query, place).order_by(Registration.notice_end, Registration.id)).all()


def notice(session: Session, registration_id: UUID) -> Registration:
    """Return a registration whose public notice has begun, with product and registrant.

    Raises:
        NoSuchRegistration: there is none, or it was never put on public notice.
    """
    found = session.scalar(_public().where(Registration.id == registration_id, Registration.notice_start.is_not(None)))
    if found is None:
        raise NoSuchRegistration(f"没有编号为 {registration_id} 的公示", detail_en="No such public notice")
    return found


def objection(session: Session, objection_id: UUID) -> Objection:
    """Return an objection.

    Raises:
        NoSuchRegistration: there is none.
    """
    found = session.get(Objection, objection_id)
    if found is None:
        raise NoSuchRegistration(f"没有编号为 {objection_id} 的异议", detail_en="No such objection")
    return found


def register(session: Session, *, q: str = "", place: str | None = None) -> Sequence[Registration]:
    """Return coded, revoked and cancelled registrations that match, newest first; at most a hundred."""
    query = _public().where(Registration.code.is_not(None), Registration.state != RegistrationState.REPLACED)
    for word in q.split():
        like = f"%{_escaped(word)}%"
        query = query.where(
            sa.or_(*(column.ilike(like, escape="\\") for column in (Product.title, Party.name, Registration.code)))
        )
    query = _at(query, place).order_by(Registration.coded_at.desc(), Registration.id.desc())
    return session.scalars(query.limit(PUBLIC_MAX)).all()


def _public() -> sa.Select[Registration]:
    return (
        sa.select(Registration)
        .join(Product, Product.id == Registration.product_id)
        .join(Party, Party.id == Registration.registrant_id)
        .options(joinedload(Registration.product), joinedload(Registration.registrant))
    )


def _at(query: sa.Select[Registration], place: str | None) -> sa.Select[Registration]:
    return query if not place else query.where(Registration.place == place)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
