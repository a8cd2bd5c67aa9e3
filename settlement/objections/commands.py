"""Objecting to a contribution figure, withdrawing, and deciding by another person."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.money import plain_number
from registry.accounts.queries import accounts_behind
from settlement.notices import queries as notices
from settlement.notices.rules import NoticeState, is_over
from settlement.objections import queries
from settlement.objections.model import ContributionObjection
from settlement.objections.rules import Factor, ObjectionEvent, ObjectionState, after


class NoticeOver(Conflict):
    """The days for objections have passed, or have not begun."""

    code = "contribution.notice_over"
    title = "不在异议期内"
    title_en = "Not within the days for objections"


class ObjectedAlready(Conflict):
    """That figure is objected to already."""

    code = "contribution.objected_already"
    title = "该数字已有待处理的异议"
    title_en = "That figure is objected to already"


class NotAnotherPerson(Conflict):
    """Whoever filed the objection, drew or opened the figures does not decide it."""

    code = "contribution.decider_not_another_person"
    title = "须由另一自然人处理"
    title_en = "Another natural person has to decide"


class FigureUnusable(Invalid):
    """Use is counted in whole units."""

    code = "contribution.figure_unusable"
    title = "贡献数字无法使用"
    title_en = "The figure cannot be used"


class CorrectionMissing(Invalid):
    """Who upholds an objection says what the figure is instead; who dismisses it changes nothing."""

    code = "contribution.correction_missing"
    title = "采纳异议须写明更正后的数字"
    title_en = "Say what the figure is instead"


def file(
    session: Session, actor: Actor, notice_number: str, *, figure_id: UUID, factor: Factor, claimed: str, grounds: str,
    now: datetime,
) -> ContributionObjection:  # fmt: skip
    """Object to one figure of the actor's own department; from now on its share of that pool waits, nobody else's.

    Raises:
        NoSuchNotice: there is none that the actor may know of.
        NoSuchFigure: the notice has no such line.
        NotAllowed: the line is another department's.
        NoticeOver: the days for objections have passed.
        ObjectedAlready: that figure is objected to already.
        NotANumber: what it should be is no plain number.
        FigureUnusable: a use that is no whole number.

    Source:
        field 11.5; REV-04.
    """
    notice = notices.visible(session, actor, notice_number, lock=True)
    figure = queries.line(session, notice.id, figure_id)
    actor.must(Permission.CONTRIBUTION_OBJECT, org_id=figure.party_id)
    if notice.state is not NoticeState.OPEN or is_over(notice.objection_until, business_date(now)):
        raise NoticeOver(
            f"贡献公示 {notice.number} 的异议期截至 {notice.objection_until or '（尚未公示）'}，现不受理异议。",
            detail_en=f"Objections to {notice.number} could be filed until {notice.objection_until}", rule="REV-04",
        )  # fmt: skip
    _must_fit(factor, plain_number(claimed))
    waiting = sa.select(ContributionObjection).where(
        ContributionObjection.figure_id == figure.id, ContributionObjection.factor == factor,
        ContributionObjection.state == ObjectionState.FILED,
    )  # fmt: skip
    if session.scalar(waiting) is not None:
        raise ObjectedAlready("该数字已有待处理的异议，请等待处理或先撤回。", detail_en="An objection to it waits")
    assert actor.id is not None
    made = ContributionObjection(
        number=numbering.number(session, "COB", business_date(now)), place=notice.place, notice_id=notice.id,
        figure_id=figure.id, party_id=figure.party_id, factor=factor, claimed=claimed, grounds=grounds,
        state=ObjectionState.FILED, filed_by=actor.id, filed_by_name=actor.name, filed_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "contribution.object", made, at=now, detail={"factor": factor, "claimed": claimed})
    return made


def withdraw(session: Session, actor: Actor, number: str, *, now: datetime) -> ContributionObjection:
    """Take an objection of one's own department back; its line goes on.

    Raises:
        NoSuchObjection: there is none that the actor may know of.
        NotAllowed: it is another department's.
        WrongState: it is closed.
    """
    found = queries.visible(session, actor, number, lock=True)
    actor.must(Permission.CONTRIBUTION_OBJECT, org_id=found.party_id)
    found.state = after(found.state, ObjectionEvent.WITHDRAW, found.number)
    session.flush()
    audit.record(session, actor, "contribution.withdraw", found, at=now)
    return found


def decide(
    session: Session, actor: Actor, number: str, *, is_upheld: bool, reason: str, corrected: str | None = None,
    now: datetime,
) -> ContributionObjection:  # fmt: skip
    """Decide an objection; upheld, the figure counts as corrected and the weights of that pool follow.

    Raises:
        NoSuchObjection: there is none that the actor may know of.
        NotAllowed: the actor decides none at this place, or belongs to the department.
        NotAnotherPerson: the person behind the account filed it, or drew or opened the figures.
        WrongState: it is closed.
        CorrectionMissing: upheld without what the figure is instead, or dismissed with one.
        NotANumber, FigureUnusable: the correction is no number that the figure could have.

    Source:
        REV-04; J6, J7: 处理人须为另一自然人.
    """
    found = queries.visible(session, actor, number, lock=True)
    actor.must(Permission.CONTRIBUTION_DECIDE, place=found.place)
    notice = notices.referred(session, found.notice_id)
    if actor.org_id == found.party_id or actor.id in accounts_behind(
        session, found.filed_by, notice.drawn_by, notice.opened_by
    ):
        raise NotAnotherPerson(
            f"异议 {number} 须由未提出异议、未测算也未公示该数字的另一自然人处理（J7）。",
            detail_en="Decided by another natural person than who filed it, drew or opened the figures",
        )
    state = after(found.state, ObjectionEvent.UPHOLD if is_upheld else ObjectionEvent.DISMISS, found.number)
    if is_upheld is (corrected is None):
        raise CorrectionMissing("采纳时须写明更正后的数字，不采纳时不写。", detail_en="Only with what it is instead")
    if corrected is not None:
        found.corrected = str(_must_fit(found.factor, plain_number(corrected)))
    found.state, found.reason, found.decided_at = state, reason, now
    found.decided_by, found.decided_by_name = actor.id, actor.name
    session.flush()
    queries.as_decided(session, found.notice_id)  # refuses a correction that leaves a factor without any figure
    audit.record(session, actor, "contribution.decide", found, at=now, note=reason, detail={"state": state})
    return found


def _must_fit(factor: Factor, value: Fraction) -> Fraction:
    if factor is Factor.USAGE and value.denominator != 1:
        raise FigureUnusable("用量须为整数。", detail_en="Use is counted in whole units")
    return value
