"""Publishing standard texts; drafting, signing and ending service agreements."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission, Role
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import STANDING
from registry.parties.rules import Capacity, check_in_order
from registry.service_agreements import queries
from registry.service_agreements.model import ServiceAgreement, ServiceSignature, StandardText
from registry.service_agreements.rules import (
    AuthorizationNotOpen,
    NotAPartner,
    ServiceEvent,
    SideHasSigned,
    TextKind,
    TextNotForPlace,
    after,
    check_term,
    digest,
)


def publish_text(
    session: Session,
    actor: Actor,
    *,
    place: str,
    kind: TextKind,
    title: str,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
    book: PolicyBook,
) -> StandardText:
    """Publish a standard text of a place; its digest stands in every agreement that follows it (AGR-06).

    The data authority of the place does so, or an operating institution there.

    Raises:
        NotAllowed: the actor is neither.
        NoSuchPlace: there is no such place.
        FileRefused: the file is empty or too large.
    """
    book.place(place)
    if not actor.may(Permission.AGREEMENT_WRITE, place=place):
        actor.must(Permission.SERVICE_AGREEMENT_SIGN, place=place)
        actor.must_be(Role.OPERATOR, place=place)
    text = StandardText(
        place=place, kind=kind, title=title, published_at=now, published_by=actor.id, publisher_name=actor.name,
        sha256=files.keep(session, content, name=name, media_type=media_type, now=now),
    )  # fmt: skip
    session.add(text)
    session.flush()
    audit.record(session, actor, "service_agreement.publish_text", text, at=now, note=text.sha256)
    return text


def draft(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    partner_id: UUID,
    text_id: UUID,
    start_date: date,
    end_date: date,
    now: datetime,
    book: PolicyBook,
    particulars: str = "",
) -> ServiceAgreement:
    """Draft a service agreement from a standard text, for either side; ``end_date`` is not covered any more.

    Raises:
        NotAllowed: the actor acts for neither side.
        NoSuchAgreement: there is no such authorization.
        AuthorizationNotOpen: it is a draft or has ended.
        NoSuchParty: there is no such partner.
        NotInOrder: the partner is suspended or ended.
        NotRegisteredAs: the partner is not registered as data merchant there.
        NotAPartner: the partner is the operating institution itself.
        NoSuchText: there is no such standard text.
        TextNotForPlace: the text belongs to another place.
        NotAPeriod: the end does not follow the start.
        TermOutside: the term reaches beyond that of the authorization.
    """
    agreement = agreements.get(session, agreement_id)
    operator_id = agreement.operating_institution_id
    _side(actor, agreement.place, operator_id, partner_id)
    _check_open(agreement, now)
    if partner_id == operator_id:
        raise NotAPartner(
            "运营机构无须与自己签订服务协议；请选择数据商", detail_en="Choose a data merchant.", rule="AGR-06"
        )
    agreements.registered_party(session, book, partner_id, Capacity.DATA_MERCHANT, agreement.place, "partner_id")
    text = queries.text(session, text_id)
    if text.place != agreement.place:
        raise TextNotForPlace(
            f"格式文本“{text.title}”属于其他地区；请选用当地的文本", detail_en="Another place's.", rule="AGR-06"
        )
    check_term(start_date, end_date, agreement.term)
    number = numbering.number(session, "SVA", business_date(now))
    signed = {
        "number": number, "agreement": agreement.number, "operating_institution": str(operator_id),
        "partner": str(partner_id), "text": text.sha256, "particulars": particulars, "start": str(start_date),
        "end": str(end_date),
    }  # fmt: skip
    made = ServiceAgreement(
        number=number, place=agreement.place, agreement_id=agreement.id, partner_id=partner_id,
        operating_institution_id=operator_id, text_id=text.id, particulars=particulars, start_date=start_date,
        end_date=end_date, content_sha256=digest(signed), drafted_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "service_agreement.draft", made, at=now, note=made.content_sha256)
    return made


def sign(session: Session, actor: Actor, service_agreement_id: UUID, *, now: datetime) -> ServiceAgreement:
    """Sign for one's own side; with the second signature the agreement holds.

    Raises:
        NotAllowed: the actor acts for neither side.
        NoSuchServiceAgreement: there is none.
        WrongState: both sides have signed, or it was withdrawn or ended.
        SideHasSigned: this side has signed already.
        AuthorizationNotOpen: the authorization has ended meanwhile.
        NotInOrder: one of the two organisations is suspended or ended.
    """
    found = queries.get(session, service_agreement_id, lock=True)
    party_id = _side(actor, found.place, found.operating_institution_id, found.partner_id)
    signed = after(found.state, ServiceEvent.SIGN)
    for signature in found.signatures:
        if party_id == signature.party_id or actor.id == signature.signed_by:
            raise SideHasSigned(
                f"服务协议 {found.number} 本方已经签署，须由另一方的人员签署",
                detail_en="The other side has to sign.",
                rule="AGR-06",
            )
    _check_open(found.agreement, now)
    for party in (found.operating_institution, found.partner):
        check_in_order(party.name, party.standing)
    session.add(
        ServiceSignature(
            service_agreement_id=found.id, party_id=party_id, content_sha256=found.content_sha256, signed_at=now,
            signed_by=actor.id, signer_name=actor.name,
        )
    )  # fmt: skip
    found.signed_at = now if found.signatures else None
    found.state = signed
    audit.record(session, actor, "service_agreement.sign", found, at=now, note=found.content_sha256)
    return found


def withdraw(session: Session, actor: Actor, service_agreement_id: UUID, *, now: datetime) -> ServiceAgreement:
    """Withdraw what both sides have not signed yet.

    Raises:
        NotAllowed: the actor acts for neither side.
        NoSuchServiceAgreement: there is none.
        WrongState: both sides have signed, or it is withdrawn already.
    """
    found = queries.get(session, service_agreement_id, lock=True)
    _side(actor, found.place, found.operating_institution_id, found.partner_id)
    found.state = after(found.state, ServiceEvent.WITHDRAW)
    audit.record(session, actor, "service_agreement.withdraw", found, at=now)
    return found


def end(session: Session, actor: Actor, service_agreement_id: UUID, *, reason: str, now: datetime) -> ServiceAgreement:
    """End a service agreement at once; either side may, and so may the data authority.

    Raises:
        NotAllowed: the actor acts for neither side nor for the authority.
        NoSuchServiceAgreement: there is none.
        WrongState: it is not signed by both, or has ended.
    """
    found = queries.get(session, service_agreement_id, lock=True)
    if not actor.may(Permission.AGREEMENT_WRITE, place=found.place):
        _side(actor, found.place, found.operating_institution_id, found.partner_id)
    found.state = after(found.state, ServiceEvent.END)
    found.ended_at, found.end_reason = now, reason
    audit.record(session, actor, "service_agreement.end", found, at=now, note=reason)
    return found


def _side(actor: Actor, place: str, *parties: UUID) -> UUID:
    """Return the party that the actor acts for."""
    for party_id in parties:
        if any(grant.org_id == party_id for grant in actor.grants) and actor.may(
            Permission.SERVICE_AGREEMENT_SIGN, org_id=party_id, place=place
        ):
            return party_id
    actor.must(Permission.SERVICE_AGREEMENT_SIGN, place=place)
    raise NotAllowed("只有运营机构和数据商双方的人员可以办理本协议", detail_en="You act for neither side.")


def _check_open(agreement: Agreement, now: datetime) -> None:
    if agreement.state not in STANDING or agreement.has_ended(business_date(now)):
        raise AuthorizationNotOpen(
            f"授权运营协议 {agreement.number} 尚未签订或已经终止，不能签订服务协议",
            detail_en=f"{agreement.number} is a draft or has ended.",
            rule="AGR-06",
        )
