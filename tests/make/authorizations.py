"""Suspended, ended and shared authorizations, made through the real commands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.calendar import BEIJING
from kernel.identity import Actor, Role
from registry.agreements import commands as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState, ExitGround
from registry.exits import commands as exits
from registry.exits.model import ExitFile
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.service_agreements import commands as services
from registry.service_agreements.model import ServiceAgreement, StandardText
from registry.service_agreements.rules import TextKind
from registry.suspensions import commands as suspensions
from registry.suspensions.model import CorrectionReport
from tests.make import registry_base as make

BREACH = datetime(2026, 9, 1, 10, tzinfo=BEIJING)  # the worked example of ACC-01
CORRECTION_DUE = date(2026, 9, 16)
FILE = {"content": b"evidence", "name": "证据.pdf", "media_type": "application/pdf"}


def moment(day: date, hour: int = 10) -> datetime:
    """An hour of a Beijing day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=BEIJING)


def operator_of(agreement: Agreement) -> Actor:
    """A person of the operating institution."""
    return make.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)


def make_suspended(session: Session, *, resources: int = 2, place: str = make.PLACE) -> Agreement:
    """An agreement over some resources, suspended on 2026-09-01 with 15 days to correct."""
    department = make.make_department(session, place=place)
    scope = [make.make_resource(session, department, place=place) for _ in range(resources)]
    agreement = make.make_agreement(session, place=place, scope=scope)
    agreements.suspend(
        session, make.supervisor(place), agreement.id, reason="超出场景使用数据", correction_due=CORRECTION_DUE,
        now=BREACH,
    )  # fmt: skip
    session.flush()
    return agreement


def report(session: Session, agreement: Agreement, on: date) -> CorrectionReport:
    """The operator reports its correction on that day."""
    return suspensions.report_correction(
        session, operator_of(agreement), agreement.id, text="已停止越界使用并清除结果", **FILE, now=moment(on)
    )


def end_part(session: Session, agreement: Agreement, resource_ids: Collection[UUID], on: date) -> Agreement:
    """Two persons end the authorization of these resources on that day."""
    part = suspensions.ask_end_of_part(
        session, make.supervisor(agreement.place), agreement.id, resource_ids=resource_ids, reason="逾期未整改",
        coordination_record="纪要〔2026〕9号", now=moment(on), book=make.book(),
    )  # fmt: skip
    return suspensions.confirm_end_of_part(
        session, make.supervisor(agreement.place), agreement.id, part.id, now=moment(on, 11)
    )


def terminate(session: Session, agreement: Agreement, on: date, ground: ExitGround = ExitGround.BREACH) -> Agreement:
    """Two persons end an agreement on that day."""
    for hour in (10, 11):
        exits.terminate(
            session, make.supervisor(agreement.place), agreement.id, ground=ground, reason="严重违约",
            coordination_record="纪要〔2026〕10号", now=moment(on, hour), book=make.book(),
        )  # fmt: skip
    session.flush()
    return agreement


def certify(session: Session, found: ExitFile, actor: Actor, on: date, **changes: object) -> ExitFile:
    """Certify the deletion of the operator's data on that day, but for the changes."""
    said = {
        "what": "平台上的全部中间数据和模型副本", "method": "覆写并核验", "deleted_at": moment(on),
        "deleted_by": "张三", **FILE, "now": moment(on, 12), **changes,
    }  # fmt: skip
    return exits.certify(session, actor, found.id, **said)


def make_merchant(session: Session, *, place: str) -> Party:
    """A data merchant of a place."""
    return make.make_party(session, Capacity.DATA_MERCHANT, place=place)


def make_text(session: Session, *, place: str, now: datetime = make.NOW) -> StandardText:
    """Publish a standard text."""
    return services.publish_text(
        session, make.supervisor(place), place=place, kind=TextKind.PLATFORM_SERVICE, title="平台服务协议（示范文本）",
        content=b"standard text", name="文本.docx", media_type="application/octet-stream", now=now, book=make.book(),
    )  # fmt: skip


def make_service_agreement(
    session: Session,
    *,
    agreement: Agreement | None = None,
    partner: Party | None = None,
    signed: bool = True,
    place: str = "futian",
    term: tuple[date, date] = make.TERM,
    now: datetime = make.NOW,
) -> ServiceAgreement:
    """Draft a service agreement, and let both sides sign it."""
    agreement = agreement or make.make_agreement(session, place=place, state=AgreementState.ACTIVE, now=now)
    partner = partner or make_merchant(session, place=agreement.place)
    text = make_text(session, place=agreement.place, now=now)
    merchant = make.acting_for(partner, Role.MERCHANT, place=agreement.place)
    made = services.draft(
        session, merchant, agreement_id=agreement.id, partner_id=partner.id, text_id=text.id, start_date=term[0],
        end_date=term[1], particulars="每月调用不超过约定次数", now=now, book=make.book(),
    )  # fmt: skip
    if signed:
        services.sign(session, merchant, made.id, now=now + timedelta(minutes=1))
        services.sign(session, operator_of(agreement), made.id, now=now + timedelta(minutes=2))
    session.flush()
    return made
