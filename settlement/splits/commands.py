"""Drawing up a share schedule, and signing it: it counts once everybody named in it has signed (REV-01)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.db import to_json
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.accounts.queries import accounts_behind
from registry.agreements.model import Agreement
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.products import queries as products
from registry.products.model import Product
from settlement.splits import queries
from settlement.splits.model import OrderTerms, ScheduleSignature, ShareSchedule
from settlement.splits.rules import ScheduleState, read_non_money

FREEZE_MAX = 1000
# a supervisor acts for these without being their employee in the system
AUTHORITIES = (Capacity.DATA_AUTHORITY, Capacity.MUNICIPAL_DATA_AGENCY, Capacity.FINANCE_DEPARTMENT)


class PartyUnknown(Invalid):
    """A step names somebody who is not registered."""

    code = "settlement.party_unknown"


class NotOfTheAgreement(Invalid):
    """The product was not made under the agreement."""

    code = "settlement.product_of_another_agreement"


class NotNamed(Conflict):
    """The schedule does not name the organisation, so its signature means nothing."""

    code = "settlement.not_named"
    title = "分配方案未列明该单位"
    title_en = "The schedule does not name the organisation"


class RedeveloperShares(Conflict):
    """Who may not re-develop what an operator delivered shares no revenue of it either, directly or indirectly."""

    code = "settlement.redeveloper_shares"
    title = "不得参与再次开发的单位不得分享其收益"
    title_en = "Who may not re-develop shares no revenue of it"


class DatesCrossed(Invalid):
    """A schedule that ends before it begins."""

    code = "settlement.schedule_dates_crossed"
    title = "分配方案的截止日早于生效日"
    title_en = "The schedule ends before it begins"


class NotAnotherPerson(Conflict):
    """The natural person who drew the schedule up, or signed it for another party, cannot sign for this one."""

    code = "settlement.signer_not_another_person"
    title = "须由另一自然人签署"
    title_en = "Another natural person has to sign"


class SignedAlready(Conflict):
    """That organisation has signed this schedule."""

    code = "settlement.signed_already"
    title = "已经签署"
    title_en = "Signed already"


def draw_up(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    product_id: UUID | None = None,
    valid_from: date,
    steps: list[dict[str, Any]],
    now: datetime,
    book: PolicyBook,
    valid_until: date | None = None,
    clause: str = "",
    non_money: list[dict[str, Any]] | None = None,
) -> ShareSchedule:
    """Draw up the next version of the schedule of an agreement, or of one product under it.

    Parties are named by their credit codes. A pool may name ``contributors`` (coefficients of usage, quality and
    input) instead: then the source departments of each product share it by what they contributed. ``clause`` names
    the place in the agreement; ``non_money`` equity, rights and services that are signed, but never paid by money.

    Raises:
        NotAllowed, NoSuchSchedule: the actor draws up none at this place, or there is no such agreement.
        NotOfTheAgreement: the product belongs to another agreement.
        Unreadable: a step is wrongly written.
        ScheduleInvalid: the steps cannot divide everything.
        CoefficientsNotOne: coefficients do not add up to one.
        PartyUnknown: a step names an organisation that is not registered.
        DatesCrossed: it ends before it begins.
        RedeveloperShares: a party may not share in a product derived from what an operator delivered (DEV-01).

    Source:
        REV-01, REV-02; 27号 第十四条（七）: 收益分配机制由协议约定; 27号 第六条 (DEV-01).
    """
    agreement = session.scalar(sa.select(Agreement).where(Agreement.id == agreement_id).with_for_update())
    if agreement is None:
        raise queries.NoSuchSchedule(f"没有编号为 {agreement_id} 的协议", detail_en="No such agreement")
    actor.must(Permission.SCHEDULE_WRITE, place=agreement.place)
    product = _product_of(session, agreement, product_id)
    if valid_until is not None and valid_until < valid_from:
        raise DatesCrossed(f"截止日 {valid_until} 早于生效日 {valid_from}，请更正。", detail_en="Ends before it begins")
    schedule, _ = queries.read_steps(steps)
    beside = read_non_money(non_money or [])
    named = sorted({*queries.named_parties(schedule), *(line.party for line in beside)})
    known = _registered(session, named)
    _refuse_redevelopers(session, agreement.id, product_id, known.values(), on=business_date(now), book=book)
    scope = product.code if product is not None else queries.EVERY_PRODUCT
    made = ShareSchedule(
        number=numbering.number(session, "SCH", business_date(now)), place=agreement.place, agreement_id=agreement.id,
        product_id=product_id, scope=scope,
        version_number=queries.last_version(session, agreement.id, scope) + 1,
        valid_from=valid_from, valid_until=valid_until, clause=clause, steps=steps,
        non_money=[line.to_dict() for line in beside], parties=named, state=ScheduleState.DRAFT, made_at=now,
        made_by=actor.name, made_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    detail = {"agreement": agreement.number, "scope": scope, "version": made.version_number}
    audit.record(session, actor, "schedule.draw_up", made, at=now, detail=detail)
    return made


def _product_of(session: Session, agreement: Agreement, product_id: UUID | None) -> Product | None:
    product = session.get_one(Product, product_id) if product_id is not None else None
    if product is not None and product.agreement_id != agreement.id:
        raise NotOfTheAgreement(f"产品 {product.code} 不是协议 {agreement.number} 项下的产品",
                                detail_en=f"{product.code} belongs to another agreement")  # fmt: skip
    return product


def _registered(session: Session, named: list[str]) -> dict[str, Party]:
    known = queries.parties_of(session, named)
    unknown = [uscc for uscc in named if uscc not in known]
    if unknown:
        raise PartyUnknown(
            f"分配方案列明的单位未登记：{'、'.join(unknown)}；请以统一社会信用代码列明",
            detail_en=f"Not registered: {', '.join(unknown)}", rule="REV-02",
        )  # fmt: skip
    return known


def sign(
    session: Session, actor: Actor, number: str, *, now: datetime, book: PolicyBook, party_uscc: str | None = None
) -> ShareSchedule:
    """Sign a schedule for one of the organisations that it names; the last signature puts it into effect.

    Each party signs by an act of its own, over the digest of everything that is agreed, and by a natural person who
    neither drew the schedule up nor signed it for another party.

    An authority's supervisor, who acts for a place, says by ``party_uscc`` for which organisation.

    Raises:
        NoSuchSchedule: there is none that the actor may know of.
        NotNamed: it does not name the organisation.
        NotAllowed: the actor may not sign for it.
        SignedAlready: that organisation has signed.
        NotAnotherPerson: the person behind the account drew it up, or signed it for another party.
        RedeveloperShares: a party became related to the operator since the schedule was drawn up (DEV-01).
    """
    found = queries.visible(session, actor, number, lock=True)
    party = _signer(session, actor, found, party_uscc)
    actor.must(Permission.SCHEDULE_SIGN, org_id=party.id, place=found.place)
    signatures = queries.signatures(session, found.id)
    signed = {other.uscc for _, other in signatures}
    if party.uscc in signed:
        raise SignedAlready(f"{party.name}已经签署 {found.number}", detail_en=f"{party.name} has signed already")
    _must_be_another(session, actor, found, [signature for signature, _ in signatures])
    named = queries.parties_of(session, [str(uscc) for uscc in found.parties]).values()
    _refuse_redevelopers(session, found.agreement_id, found.product_id, named, on=business_date(now), book=book)
    session.add(
        ScheduleSignature(
            schedule_id=found.id, party_id=party.id, account=actor.name, account_id=actor.id, signed_at=now,
            steps_sha256=hashlib.sha256(to_json(found.steps).encode()).hexdigest(),
            content_sha256=queries.content_sha256(found),
        )
    )  # fmt: skip
    if signed | {party.uscc} >= set(found.parties):
        found.state, found.signed_at = ScheduleState.SIGNED, now
    session.flush()
    audit.record(session, actor, "schedule.sign", found, at=now, note=party.uscc, detail={"state": found.state})
    return found


def freeze_terms(session: Session, actor: Actor, *, place: str, now: datetime) -> int:
    """Write down, for the oldest orders of a place without one, the schedule that divides them; return how many.

    An order without a signed schedule waits: it is frozen when one is signed. Safe to run again at any time.

    Raises:
        NotAllowed: the actor books nothing at this place.

    Source:
        REV-01; H5: 分配方案按下单时的有效版本固定在订单上，以后的变更不影响已下订单.
    """
    actor.must(Permission.INTAKE, place=place)
    signed = queries.signed_of(session, place)
    frozen = []
    for order in queries.unfrozen(session, place, limit=FREEZE_MAX) if signed else []:
        terms = queries.effective(
            signed, agreement_id=order.agreement_id, product_id=order.product_id,
            on=business_date(order.placed_at), placed_at=order.placed_at,
        )  # fmt: skip
        if terms is not None:
            frozen.append(
                OrderTerms(
                    order_id=order.id, schedule_id=terms.id, place=place, frozen_at=now,
                    content_sha256=queries.content_sha256(terms),
                )
            )  # fmt: skip
    session.add_all(frozen)
    session.flush()
    for one in frozen:
        audit.record(session, actor, "schedule.freeze", one, at=now, detail={"schedule": str(one.schedule_id)})
    return len(frozen)


def _must_be_another(
    session: Session, actor: Actor, schedule: ShareSchedule, signatures: list[ScheduleSignature]
) -> None:
    before = {schedule.made_by_id: schedule.made_by} | {one.account_id: one.account for one in signatures}
    for account_id, name in before.items():
        if account_id is not None and actor.id in accounts_behind(session, account_id):
            raise NotAnotherPerson(
                f"分配方案 {schedule.number} 已由{name}拟定或代表另一方签署，须由另一自然人签署（REV-01，J7）",
                detail_en=f"{name} drew it up, or signed it for another party: another natural person has to sign",
                rule="REV-01",
            )


def _refuse_redevelopers(
    session: Session, agreement_id: UUID, product_id: UUID | None, parties: Iterable[Party], *, on: date,
    book: PolicyBook,
) -> None:  # fmt: skip
    shared = sorted(parties, key=lambda party: party.uscc)
    for product in queries.derived_products(session, agreement_id, product_id):
        for party in shared:
            bar = products.redevelopment_bar(session, party.id, product.id, on=on, book=book)
            if bar is not None:
                raise RedeveloperShares(
                    f"{party.name}不得分享产品 {product.code} 的收益（27号 第六条，DEV-01）：{bar}；"
                    f"请为 {product.code} 单独拟定不含该单位的分配方案",
                    detail_en=f"{party.name} may not share in {product.code}: it is, or is related to, the operator "
                    "that delivered what the product is derived from",
                    rule="DEV-01",
                )


def _signer(session: Session, actor: Actor, schedule: ShareSchedule, party_uscc: str | None) -> Party:
    named = queries.parties_of(session, [str(uscc) for uscc in schedule.parties])
    if party_uscc is None:
        party_uscc = next((party.uscc for party in named.values() if party.id == actor.org_id), None)
    if party_uscc is None or party_uscc not in named:
        raise NotNamed(
            f"分配方案 {schedule.number} 没有列明该单位，不需要其签署；列明的单位：{'、'.join(sorted(named))}",
            detail_en="Only the organisations named in the steps sign", rule="REV-01",
        )  # fmt: skip
    party = named[party_uscc]
    if party.id != actor.org_id and not any(
        parties.has_capacity(session, party.id, capacity, schedule.place) for capacity in AUTHORITIES
    ):
        raise NotAllowed(
            f"{party.name}不是数据主管部门，须由该单位自己的人员签署", detail_en=f"{party.name} signs for itself"
        )
    return party
