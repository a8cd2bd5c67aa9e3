"""Closes one gate of a sellable product at a time, in the rows themselves: a truth table closes thousands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import Role
from registry.accounts.model import RoleGrant
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.egress.model import EgressCheck
from registry.egress.rules import EgressState
from registry.incidents import commands as incidents
from registry.incidents.rules import Risk
from registry.operator_reviews.model import OperatorReview
from registry.parties.model import Party
from registry.parties.rules import Standing
from registry.products.model import Product, ProductInput, ProductVersion
from registry.records.model import RegistrationRecord, RegistrationRecordEnd
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationState
from registry.resources.model import Resource
from registry.reviews.model import Review
from registry.reviews.rules import ReviewState
from registry.service_agreements.model import ServiceAgreement
from registry.service_agreements.rules import ServiceState
from tests.make.registry_base import NOW, actor, book

_serial = count(1)


def suspend_seller(session: Session, product: Product) -> None:
    """The seller may not act."""
    session.execute(sa.update(Party).where(Party.id == product.owner_id).values(standing=Standing.SUSPENDED))


def end_service_agreement(session: Session, product: Product) -> None:
    """The seller's agreement with the operator ended."""
    ended = {"state": ServiceState.ENDED, "ended_at": NOW}
    mine = sa.and_(
        ServiceAgreement.partner_id == product.owner_id, ServiceAgreement.agreement_id == product.agreement_id
    )
    session.execute(sa.update(ServiceAgreement).where(mine).values(ended))


def suspend_agreement(session: Session, product: Product) -> None:
    """The authorization is suspended."""
    _agreement(session, product, state=AgreementState.SUSPENDED)


def lose_emergency_plan(session: Session, product: Product) -> None:
    """The authorization has no emergency plan."""
    _agreement(session, product, emergency_plan_sha256=None)


def _agreement(session: Session, product: Product, **values: object) -> None:
    session.execute(sa.update(Agreement).where(Agreement.id == product.agreement_id).values(values))


def dismiss_trained_people(session: Session, product: Product) -> None:
    """Nobody who passed the training works for the operator any more."""
    of_operator = RoleGrant.party_id == session.get_one(Agreement, product.agreement_id).operating_institution_id
    revoked = {"revoked_at": NOW, "revoked_by": product.owner_id}
    session.execute(sa.update(RoleGrant).where(of_operator, RoleGrant.role == Role.OPERATOR).values(revoked))


def outdate_operator_review(session: Session, product: Product) -> None:
    """The operator's security review is over."""
    of_operator = OperatorReview.operator_id == session.get_one(
        Agreement, product.agreement_id
    ).operating_institution_id  # fmt: skip
    session.execute(
        sa.update(OperatorReview).where(of_operator).values(valid_until=business_date(NOW) + timedelta(days=1))
    )


def report_incident(session: Session, product: Product) -> None:
    """A risk was found, and nobody has dealt with it."""
    incidents.detect(
        session, actor(Role.SUPERVISOR, place=product.place), agreement_id=product.agreement_id,
        title=f"关联风险 {next(_serial)}", description="多源关联后可推断个人身份", risks=[Risk.PERSONAL_INFORMATION],
        book=book(demonstration=True), now=NOW,
    )  # fmt: skip


def bar_resource(session: Session, product: Product) -> None:
    """A resource behind the product is barred from opening."""
    used = sa.select(ProductInput.resource_id).join(ProductVersion, ProductVersion.id == ProductInput.version_id)
    used = used.where(ProductVersion.product_id == product.id)
    session.execute(sa.update(Resource).where(Resource.id.in_(used)).values(barred=True, barred_reason="不予开放"))


def refuse_review(session: Session, product: Product) -> None:
    """The version's review did not pass."""
    versions = sa.select(ProductVersion.id).where(ProductVersion.product_id == product.id)
    session.execute(
        sa.update(Review).where(Review.subject_id.in_(versions)).values(state=ReviewState.REFUSED, decided_at=NOW)
    )


def fail_egress(session: Session, product: Product) -> None:
    """The version may not leave the domain."""
    session.execute(sa.update(EgressCheck).where(EgressCheck.product_id == product.id).values(state=EgressState.FAILED))


def revoke_registration(session: Session, product: Product) -> None:
    """The registration was revoked."""
    revoked = {"state": RegistrationState.REVOKED, "closed_at": NOW}
    session.execute(sa.update(Registration).where(Registration.product_id == product.id).values(revoked))


def end_local_records(session: Session, product: Product) -> None:
    """The product stands in no other register any more."""
    for record in session.scalars(sa.select(RegistrationRecord).where(RegistrationRecord.product_id == product.id)):
        session.add(
            RegistrationRecordEnd(record_id=record.id, ended_on=business_date(NOW), reason="注销", ended_at=NOW)
        )
    session.flush()


CLOSERS: dict[str, Callable[[Session, Product], None]] = {
    "seller_in_order": suspend_seller,
    "service_agreement": end_service_agreement,
    "agreement_in_force": suspend_agreement,
    "emergency_plan": lose_emergency_plan,
    "operator_trained": dismiss_trained_people,
    "operator_reviewed": outdate_operator_review,
    "no_open_incident": report_incident,
    "request_approved": bar_resource,
    "review_passed": refuse_review,
    "egress_passed": fail_egress,
    "registration_effective": revoke_registration,
    "local_register": end_local_records,
}
