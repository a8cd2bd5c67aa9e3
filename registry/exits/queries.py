"""Reading exits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.calendar import Period, business_date
from kernel.errors import NotFound
from kernel.identity import Actor
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import ENDED, STANDING, AgreementState
from registry.exits.model import EndingAsk, ExitFile, PartialDeletion
from registry.exits.rules import NotEnded, PartNotEnded, Task, logs_kept_until, tasks
from registry.policy import RegistryPolicy
from registry.suspensions import queries as suspensions
from registry.suspensions.model import PartialEnd


class NoSuchExit(NotFound):
    """There is no such exit, or none that the actor may know of."""

    code = "exit.not_found"


def get(session: Session, exit_id: UUID, *, lock: bool = False) -> ExitFile:
    """Return the file of an exit with agreement and certificate; locked and read afresh on demand.

    Raises:
        NoSuchExit: there is none.
    """
    query = _whole(sa.select(ExitFile).where(ExitFile.id == exit_id))
    if lock:
        query = query.with_for_update(of=ExitFile).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(exit_id)
    return found


def of_agreement(session: Session, agreement_id: UUID) -> ExitFile | None:
    """Return the file of the exit from an agreement, or ``None`` while nobody has opened it."""
    query = _whole(sa.select(ExitFile).where(ExitFile.agreement_id == agreement_id))
    return session.scalar(query.execution_options(populate_existing=True))


def visible(session: Session, actor: Actor, exit_id: UUID) -> ExitFile:
    """Return the file of an exit, read afresh, if its agreement lies within the actor's scope.

    Raises:
        NoSuchExit: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(ExitFile.id == exit_id).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(exit_id)
    return found


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[ExitFile]:
    """Return the query of exits from the agreements within the actor's scope."""
    reached = sa.select(Agreement.id).where(agreements.in_scope(actor))
    query = sa.select(ExitFile).where(ExitFile.agreement_id.in_(reached))
    return _whole(query if place is None else query.where(ExitFile.place == place))


def waiting(session: Session, actor: Actor, on: date, *, limit: int = 50) -> Sequence[Agreement]:
    """Return the agreements within the actor's scope that have ended without a file, those long over first.

    Expiry included: on the day after its term an agreement stands here by itself.
    """
    over = sa.and_(Agreement.state.in_(STANDING), Agreement.term_end <= on)
    query = agreements.listed(actor).where(
        sa.or_(over, Agreement.state.in_(ENDED)),
        ~sa.exists().where(ExitFile.agreement_id == Agreement.id),
    )
    return session.scalars(query.order_by(Agreement.term_end, Agreement.id).limit(limit)).all()


def standing_ask(session: Session, agreement: Agreement) -> EndingAsk | None:
    """Return on what ground the end that waits for its second person was asked for, or ``None``."""
    if agreement.pending_event is None:
        return None
    query = sa.select(EndingAsk).where(
        EndingAsk.agreement_id == agreement.id, EndingAsk.event == agreement.pending_event,
        EndingAsk.asked_by == agreement.pending_by,
    )  # fmt: skip
    return session.scalar(query.order_by(EndingAsk.id.desc()).limit(1))


def ended_part(session: Session, agreement: Agreement, part_id: UUID) -> PartialEnd:
    """Return a part of the agreement's data whose authorization was ended, locked.

    Raises:
        NoSuchPart: nobody asked for that end.
        PartNotEnded: nobody confirmed it.
    """
    found = suspensions.part(session, agreement.id, part_id)
    if found.confirmed_at is None:
        raise PartNotEnded(
            f"协议 {agreement.number} 的这部分数据尚未终止授权：须由另一位主管人员确认后，再删除并出具证明",
            detail_en="The end of that part waits for its second person.",
            rule="ACC-01",
        )
    return found


def deletion_of_part(session: Session, part_id: UUID) -> PartialDeletion | None:
    """Return the certificate of deletion of an ended part, or ``None``."""
    return session.scalar(sa.select(PartialDeletion).where(PartialDeletion.part_id == part_id))


def visible_deletion(session: Session, actor: Actor, agreement_id: UUID, part_id: UUID) -> PartialDeletion:
    """Return the certificate of deletion of an ended part, if its agreement lies within the actor's scope.

    Raises:
        NoSuchAgreement: there is no such agreement, or none that the actor may know of.
        NoSuchPart: nobody asked for that end.
        PartNotEnded: nobody confirmed it.
        NoSuchExit: nobody has certified the deletion.
    """
    agreement = agreements.visible(session, actor, agreement_id)
    ended = ended_part(session, agreement, part_id)
    found = deletion_of_part(session, ended.id)
    if found is None:
        raise NoSuchExit(
            f"协议 {agreement.number} 终止授权的这部分数据尚未出具删除证明", detail_en="No certificate yet."
        )
    return found


def parts_waiting(session: Session, actor: Actor, *, limit: int = 50) -> Sequence[tuple[PartialEnd, Agreement]]:
    """Return the ended parts within the actor's scope whose deletion nobody has certified, the oldest first."""
    reached = sa.select(Agreement.id).where(agreements.in_scope(actor))
    query = (
        sa.select(PartialEnd, Agreement)
        .join(Agreement, Agreement.id == PartialEnd.agreement_id)
        .where(PartialEnd.confirmed_at.is_not(None), PartialEnd.agreement_id.in_(reached))
        .where(~sa.exists().where(PartialDeletion.part_id == PartialEnd.id))
        .options(joinedload(Agreement.operating_institution))
        .order_by(PartialEnd.confirmed_at, PartialEnd.id)
    )
    return [(part, agreement) for part, agreement in session.execute(query.limit(limit))]


def exit_date(agreement: Agreement, on: date) -> date:
    """Return the day of the exit: the last day of a term that is over, or the day on which the agreement was ended.

    Raises:
        NotEnded: the authorization has not ended on that day.
    """
    if not agreement.has_ended(on):
        raise NotEnded(
            f"协议 {agreement.number} 的授权尚未终止，不能办理退出；请先办理届满、终止或撤销",
            detail_en=f"{agreement.number} has not ended.",
            rule="AGR-04",
        )
    last_day = Period(agreement.term_start, agreement.term_end).last_day
    if agreement.ended_at is None or agreement.state is AgreementState.EXPIRED:
        return last_day
    return min(business_date(agreement.ended_at), last_day)


def logs_until(agreement: Agreement, day: date, *, book: PolicyBook) -> date:
    """Return until when the network logs must be kept after an exit on that day.

    Raises:
        PolicyGap: no rule says how long.
    """
    months = RegistryPolicy.at(book, agreement.place, day).require("retention_log_months_min")
    return logs_kept_until(day, months.integer())


def checklist(found: ExitFile, on: date) -> tuple[Task, ...]:
    """Return what an exit demands and what of it is done on that day."""
    return tasks(
        exit_date=found.exit_date, today=on, logs_until=found.logs_until, settlement=found.settlement_reference,
        certified_on=business_date(found.certified_at) if found.certified_at else None,
    )  # fmt: skip


def _whole(query: sa.Select[ExitFile]) -> sa.Select[ExitFile]:
    return query.options(
        joinedload(ExitFile.certificate),
        joinedload(ExitFile.agreement).joinedload(Agreement.operating_institution),
        joinedload(ExitFile.agreement).joinedload(Agreement.authorizing_entity),
    )


def _none(exit_id: UUID) -> NoSuchExit:
    return NoSuchExit(f"没有编号为 {exit_id} 的退出档案，或不在您的职责范围内", detail_en="No such exit.")
