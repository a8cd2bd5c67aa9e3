"""Feeding results back, and receiving them into government sharing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, NotAllowed
from kernel.identity import Actor, Permission, Role
from kernel.policy import PolicyBook
from market.feedback import queries
from market.feedback.model import Feedback
from market.feedback.rules import FeedbackAct, FeedbackKind, after
from registry.products import queries as products


class NotAsked(Conflict):
    """The place does not ask for anything to be fed back."""

    code = "feedback.not_asked"


def deliver(
    session: Session,
    actor: Actor,
    *,
    product_code: str,
    kind: FeedbackKind,
    words: str,
    file: Mapping[str, Any],
    now: datetime,
    book: PolicyBook,
) -> Feedback:
    """Feed a result or simulated data of the newest version back to government sharing.

    Raises:
        NoSuchProduct: there is no such product.
        NotAllowed: the actor does not act for the seller.
        NotAsked: the place does not ask for it.
        FileRefused: the file is empty or too large.

    Source:
        广州 创新特色第四项 (REU-02).
    """
    product = products.by_code(session, product_code)
    actor.must(Permission.FEEDBACK_DELIVER, org_id=product.owner_id, place=product.place)
    if product.place not in queries.places(book, business_date(now)):
        raise NotAsked(f"产品 {product.code} 所在地没有成果回馈的规定，无需回馈（REU-02）。",
                       detail_en="Nothing is to be fed back there.", rule="REU-02")  # fmt: skip
    made = Feedback(
        number=numbering.number(session, "FBK", business_date(now)), place=product.place, product_id=product.id,
        version_id=products.latest_version(session, product.id).id, seller_id=product.owner_id, kind=kind, words=words,
        file_sha256=files.keep(session, now=now, **file), delivered_by=actor.id, delivered_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "feedback.deliver", made, at=now, note=kind, detail={"product": product.code})
    return made


def answer(
    session: Session, actor: Actor, feedback_id: UUID, *, act: FeedbackAct, now: datetime, reason: str | None = None
) -> Feedback:
    """Receive what was fed back, or send it back with the reason; a source department of it or the authority does.

    Raises:
        NoSuchFeedback: there is none.
        NotAllowed: the actor is neither, or no reason is given for sending it back.
        WrongState: it was received or returned before.
    """
    found = queries.locked(session, feedback_id)
    is_authority = any(g.role is Role.SUPERVISOR and g.covers(org_id=None, place=found.place) for g in actor.grants)
    is_source = actor.org_id is not None and queries.is_source(session, found, actor.org_id)
    if not (is_authority or is_source) or actor.org_id == found.seller_id:
        raise NotAllowed(f"成果回馈 {found.number} 由数源部门或公共数据主管部门接收", detail_en="Not yours to receive")
    actor.must(Permission.FEEDBACK_RECEIVE)
    state = after(found.state, act, found.number)
    found.returned_reason = (reason or "未说明") if act is FeedbackAct.RETURN else None
    found.state, found.answered_by, found.answered_by_id, found.answered_at = state, actor.id, actor.org_id, now
    audit.record(session, actor, f"feedback.{act}", found, at=now)
    return found
