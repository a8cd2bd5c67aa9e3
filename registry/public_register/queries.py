"""Reading what the register shows to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from kernel.errors import NotFound
from registry.codes.rules import read_code
from registry.parties.model import Party
from registry.products.model import Product, ProductInput, ProductVersion
from registry.public_register.rules import EntryState
from registry.register_words.rules import folded, phrases
from registry.registrants.model import CoRegistrant
from registry.registrations.model import Registration
from registry.registrations.queries import NoSuchRegistration, effective_clause
from registry.registrations.rules import RegistrationKind, RegistrationState
from registry.resources.model import Resource

NOTICED = (RegistrationState.PUBLIC_NOTICE, RegistrationState.OBJECTED)
ENDINGS = (RegistrationKind.CANCELLATION, RegistrationKind.REVOCATION)


class NoSuchCertificate(NotFound):
    """The code is well formed, but nobody ever assigned it."""

    code = "certificate.unknown"
    title = "没有这个登记编码"
    title_en = "No such registration code"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search of the register asks for; empty fields ask for everything."""

    q: str = ""
    place: str = ""
    domain: str = ""
    registrant: str = ""
    state: EntryState | None = None
    kind: RegistrationKind | None = None


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
            _others(),
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


def notices(on: date, *, place: str = "") -> sa.Select[Registration]:
    """Return the query of registrations whose public notice runs on that day, with product and registrant (REG-06)."""
    query = _public().where(
        Registration.state.in_(NOTICED), Registration.notice_start <= on, Registration.notice_end >= on
    )
    return query.where(Registration.place == place) if place else query


def notice(session: Session, registration_id: UUID) -> Registration:
    """Return a registration whose public notice has begun, with product and registrants.

    Raises:
        NoSuchRegistration: there is none, or it was never put on public notice.
    """
    query = _public().where(Registration.id == registration_id, Registration.notice_start.is_not(None))
    found = session.scalar(query.options(_others()).execution_options(populate_existing=True))
    if found is None:
        raise NoSuchRegistration(f"没有编号为 {registration_id} 的公示", detail_en="No such public notice")
    return found


def search(session: Session, wanted: Wanted, *, on: date) -> sa.Select[Registration]:
    """Return the query of entries that match: coded, cancelled and revoked ones, each with product and registrant.

    Every word of ``q`` is found anywhere in title, scenario, registrants, codes and numbers; ``registrant`` is a
    unified social credit code or a part of a name. Order by id, newest first: the page does.
    """
    query = _public().where(Registration.code.is_not(None))
    if wanted.state is not EntryState.REPLACED:
        query = query.where(Registration.state != RegistrationState.REPLACED)
    wording = phrases(wanted.q)
    if wording is None:
        return query.where(sa.false())
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    for phrase in wording:
        query = query.where(_found_by_index(phrase) if is_postgresql else _found_by_looking(phrase))
    if wanted.place:
        query = query.where(Registration.place == wanted.place)
    if wanted.kind is not None:
        query = query.where(Registration.kind == wanted.kind)
    if wanted.domain:
        query = query.join(Product, Product.id == Registration.product_id).where(Product.domain == wanted.domain)
    if wanted.registrant:
        query = query.where(Registration.registrant_id.in_(_parties(wanted.registrant)))
    return query if wanted.state is None else query.where(_in_state(wanted.state, on))


def history(session: Session, code: str) -> tuple[Product, Sequence[Registration]]:
    """Return a product and its public registrations, newest first: notices, entries, cancellations, revocations.

    Raises:
        NoSuchRegistration: there is no such product, or nothing of it was ever public.
    """
    product = session.scalar(
        sa.select(Product).where(Product.code == code.strip().upper()).options(joinedload(Product.owner))
    )
    found: Sequence[Registration] = []
    if product is not None:
        is_public = sa.or_(
            Registration.code.is_not(None),
            Registration.notice_start.is_not(None),
            sa.and_(Registration.kind.in_(ENDINGS), Registration.closed_at.is_not(None)),
        )
        query = _public().where(Registration.product_id == product.id, is_public).order_by(Registration.id.desc())
        found = session.scalars(query.options(joinedload(Registration.product_version))).all()
    if product is None or not found:
        raise NoSuchRegistration(f"登记簿中没有产品 {code} 的登记或公示", detail_en="No public registration")
    return product, found


def _public() -> sa.Select[Registration]:
    return sa.select(Registration).options(joinedload(Registration.product), joinedload(Registration.registrant))


def _others() -> ExecutableOption:
    return selectinload(Registration.others).joinedload(CoRegistrant.party)


def _found_by_index(phrase: str) -> sa.ColumnElement[bool]:
    """Ask the index which entries have all the pairs, and look whether they stand side by side.

    A phrase could be asked of the index alone, but then PostgreSQL cuts the text of every candidate anew; so it looks
    first, which costs little, and asks the index only when few entries have the pairs.
    """
    # the expression is that of the index, to the letter, or PostgreSQL would not see that they are the same
    simple = sa.text("'simple'::regconfig")
    text = sa.func.to_tsvector(simple, sa.func.coalesce(Registration.search_text, sa.text("''")))
    asked = f"{phrase}:*" if len(phrase) == 1 else " & ".join(phrase.split())
    return sa.and_(text.bool_op("@@")(sa.func.to_tsquery(simple, asked)), _found_by_looking(phrase))


def _found_by_looking(phrase: str) -> sa.ColumnElement[bool]:
    return Registration.search_text.contains(phrase, autoescape=True)


def _parties(text: str) -> sa.Select[UUID]:
    is_named = Party.name.icontains(text.strip(), autoescape=True)
    return sa.select(Party.id).where(sa.or_(Party.uscc == folded(text).upper(), is_named))


def _in_state(state: EntryState, on: date) -> sa.ColumnElement[bool]:
    is_coded = Registration.state == RegistrationState.CODED
    conditions = {
        EntryState.EFFECTIVE: effective_clause(on),
        EntryState.NOT_YET: sa.and_(is_coded, Registration.valid_from > on),
        EntryState.EXPIRED: sa.and_(is_coded, Registration.valid_until < on),
    }
    closed = Registration.state == RegistrationState(state.value) if state not in conditions else sa.false()
    return conditions.get(state, closed)
