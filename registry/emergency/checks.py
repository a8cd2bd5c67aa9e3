"""What the authority should see about emergency plans and drills; findings in words, never refusals."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.emergency import queries
from registry.emergency.rules import DEPARTMENT_TITLES, Department, missing_departments


def run(session: Session, *, on: date, book: PolicyBook) -> list[str]:
    """Return what is amiss on that day: no plan, departments that took no part, drills that are overdue (EMG)."""
    operating = (AgreementState.ACTIVE, AgreementState.SUSPENDED)
    query = sa.select(Agreement).where(Agreement.state.in_(operating), Agreement.term_end > on)
    found = session.scalars(query.order_by(Agreement.number)).all()
    return [words for agreement in found for words in of_agreement(session, agreement, on=on, book=book)]


def of_agreement(session: Session, agreement: Agreement, *, on: date, book: PolicyBook) -> list[str]:
    """Return what is amiss with plan and drills of one authorization on that day."""
    said: list[str] = []
    plan = queries.current(session, agreement.id)
    is_open, fact, _since = queries.emergency_plan_gate_fact(session, agreement.id, on=on, book=book)
    if not is_open:
        said.append(f"{fact}（EMG-01）")
    if plan is not None and (missing := missing_departments([Department(one) for one in plan.participants])):
        names = "、".join(DEPARTMENT_TITLES[one] for one in missing)
        said.append(f"协议 {agreement.number} 的应急预案未记明参加编制的部门：{names}（EMG-02）")
    due = queries.drill_due(session, agreement, on, book=book)
    if due is not None and on > due:
        said.append(f"协议 {agreement.number} 的应急演练应于 {due} 前举行，尚未举行（EMG-03）")
    return said
