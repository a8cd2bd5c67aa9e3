"""Whatever a place demands besides request, review and registration before a product may be sold there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count

from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import Role
from registry.accounts.model import Account, RoleGrant
from registry.agreements.model import Agreement
from registry.gates.queries import gates
from registry.operator_reviews import commands as operator_reviews
from registry.parties.model import Party
from registry.procedures.rules import Procedure
from registry.products.model import Product
from registry.records import commands as records
from registry.records.queries import demanded
from registry.records.rules import Upload
from registry.reviews import queries as reviews
from registry.training import commands as training
from registry.training.queries import requirement
from tests.make import authorization, authorizations
from tests.make.data import make_check
from tests.make.registry_base import NOW, acting_for, book, supervisor
from tests.make.registry_products import CODED_AT, calendar, reviewer

_serial = count(1)


def open_gates(session: Session, product: Product, *, now: datetime = NOW, shown_at: datetime = CODED_AT) -> None:
    """Open every gate of the place that is still closed for the product and has an opener here."""
    session.flush()
    law = book(demonstration=True)
    for gate in gates(session, product, now=shown_at, book=law):
        if not gate.open and gate.code in OPENERS:
            OPENERS[gate.code](session, product, now)
    session.flush()


def train_operator(session: Session, operator: Party, *, place: str, now: datetime = NOW) -> Account:
    """A person of an operating institution who passed the training of every kind that the place names."""
    person = Account(
        login=f"trained.{next(_serial)}", name="受训人员", password_hash="!", party_id=operator.id, created_at=now
    )
    session.add(person)
    session.flush()
    session.add(RoleGrant(account_id=person.id, role=Role.OPERATOR, party_id=operator.id, place=place, granted_at=now))
    law = book(demonstration=True)
    for kind in requirement(law, place, business_date(now)).kinds:
        training.record(
            session, supervisor(place), account_id=person.id, place=place, role_kind=kind, course="岗前培训",
            trained_on=business_date(now), passed=True, examiner="考核组", book=law, now=now,
        )  # fmt: skip
    session.flush()
    return person


def review_operator(session: Session, operator: Party, *, place: str, now: datetime = NOW) -> None:
    """Let the operating institution pass its basic and technical security review."""
    law = book(demonstration=True)
    made = authorization.make_operator_review(session, operator, place=place)
    person = acting_for(operator, Role.OPERATOR, place=place)
    operator_reviews.submit(session, person, made.id, book=law, calendar=calendar(), now=now)
    session.flush()
    review = reviews.of_subject(session, Procedure.OPERATOR, made.id)
    assert review is not None
    authorization.agree(session, review.id, now=now)


def _operator(session: Session, product: Product) -> Party:
    agreement = session.get_one(Agreement, product.agreement_id)
    return session.get_one(Party, agreement.operating_institution_id)


def _train(session: Session, product: Product, now: datetime) -> None:
    train_operator(session, _operator(session, product), place=product.place, now=now)


def _review(session: Session, product: Product, now: datetime) -> None:
    review_operator(session, _operator(session, product), place=product.place, now=now)


def _serve(session: Session, product: Product, now: datetime) -> None:
    agreement = session.get_one(Agreement, product.agreement_id)
    partner = session.get_one(Party, product.owner_id)
    authorizations.make_service_agreement(
        session, agreement=agreement, partner=partner, term=(agreement.term_start, agreement.term_end), now=now
    )


def _check(session: Session, product: Product, now: datetime) -> None:
    make_check(session, product, now=now)


def _register(session: Session, product: Product, now: datetime) -> None:
    on = business_date(now)
    for kind in demanded(book(demonstration=True), product.place, on):
        records.record_registration(
            session, reviewer(product.place), product.id, kind=kind, issuer="当地登记平台",
            reference=f"LOCAL-{next(_serial)}", valid_from=on, now=now,
            upload=Upload(b"certificate", "证书.pdf", "application/pdf"),
        )  # fmt: skip


OPENERS: dict[str, Callable[[Session, Product, datetime], None]] = {
    "operator_trained": _train,
    "operator_reviewed": _review,
    "service_agreement": _serve,
    "egress_passed": _check,
    "local_register": _register,
}
