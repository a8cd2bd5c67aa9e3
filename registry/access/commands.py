"""Deciding about access, and writing it down."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.access import queries
from registry.access.model import AccessDecision
from registry.access.rules import Fact, Outcome, Purpose, Verdict, refusal
from registry.accounts import queries as accounts
from registry.accounts.model import Account
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement


def decide(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    resource_ids: Sequence[UUID],
    book: PolicyBook,
    now: datetime,
    account_id: UUID | None = None,
    scope: Fact | None = None,
) -> AccessDecision:
    """Decide whether a person may use data now, and log it, whatever the outcome.

    People ask for themselves; the operating institution, its authority and the auditors may ask for anybody under
    an agreement of theirs.

    Args:
        session: the session.
        actor: who asks.
        agreement_id: under which agreement.
        resource_ids: what is to be used.
        book: the rules.
        now: the moment.
        account_id: for whom; for the actor where nobody is named.
        scope: handed in for people who are not the operator's own.

    Raises:
        NotAllowed: the actor asks for somebody else without being allowed to.
        NoSuchAgreement: there is none, or none that the actor may know of.
        NoSuchAccount: there is no such person.

    Source:
        ACC-03: all recorded in an access decision log.
    """
    actor.must(Permission.ACCOUNT_OWN)
    agreement = agreements.visible(session, actor, agreement_id)
    wanted = account_id if account_id is not None else actor.id
    if wanted != actor.id:
        actor.must(Permission.ACCESS_READ, org_id=agreement.operating_institution_id, place=agreement.place)
    account = accounts.get(session, wanted)
    found = queries.verdict(
        session, account.id, agreement.id, resource_ids, on=business_date(now), book=book, scope=scope
    )
    made = _decision(session, actor, account, agreement, resource_ids, found, now)
    session.add(made)
    session.flush()
    audit.record(session, actor, "access.decide", made, at=now, note=found.code or found.outcome)
    return made


def admit(
    session: Session,
    actor: Actor,
    *,
    purpose: Purpose,
    agreement_id: UUID,
    organisation_id: UUID,
    resource_ids: Collection[UUID],
    book: PolicyBook,
    now: datetime,
) -> None:
    """Let somebody do something with data under an agreement, or refuse; the decision is logged either way.

    The calling command has checked that the actor may act for the organisation. A refusal undoes the work of the
    caller and is therefore logged by the edge, in a transaction of its own. Whoever has no account (a job) appears in
    the audit log alone.

    Raises:
        AccessRefused: one of the five conditions does not hold; each that fails is named.
        NoSuchAgreement: there is no such agreement.
        NoSuchParty: there is no such organisation.

    Source:
        ACC-03, TRN-01.
    """
    agreement = agreements.get(session, agreement_id)
    found = queries.verdict_on_act(
        session, actor, agreement, organisation_id, resource_ids, new_scenario=purpose is Purpose.ASK_FOR_DATA,
        on=business_date(now), book=book,
    )  # fmt: skip
    account = session.get(Account, actor.id) if actor.id is not None else None
    made = _decision(session, actor, account, agreement, resource_ids, found, now) if account is not None else None
    subject = (AccessDecision.__tablename__, agreement.number)

    def keep(kept_in: Session) -> None:
        if made is not None:
            kept_in.add(made)
        audit.record(
            kept_in, actor, "access.admit", subject, at=now, note=found.code or found.outcome,
            detail={"purpose": purpose.value, "resources": len(resource_ids)},
        )  # fmt: skip

    if found.outcome is Outcome.DENIED:
        refused = refusal(found, actor.name, agreement.number)
        refused.leaves_behind = keep
        raise refused
    keep(session)


def _decision(
    session: Session,
    actor: Actor,
    account: Account,
    agreement: Agreement,
    resource_ids: Collection[UUID],
    found: Verdict,
    now: datetime,
) -> AccessDecision:
    return AccessDecision(
        account_id=account.id, account_name=account.name, agreement_id=agreement.id, agreement_number=agreement.number,
        operating_institution_id=agreement.operating_institution_id, place=agreement.place, outcome=found.outcome,
        resource_codes=queries.codes_of(session, set(resource_ids)), code=found.code,
        looked=[one.as_dict() for one in found.looked], asked_by=actor.id, asked_by_name=actor.name, decided_at=now,
    )  # fmt: skip
