"""The authority sees what waits for it."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.agreements import checks
from registry.agreements.rules import AgreementState
from registry.resources import commands as resources
from tests.make import registry_base as make


def test_late_corrections_ended_terms_and_barred_data_are_found(session: Session) -> None:
    department = make.make_department(session)
    resource = make.make_resource(session, department)
    active = make.make_agreement(session, scope=[resource])
    suspended = make.make_agreement(session, state=AgreementState.SUSPENDED, term=(date(2026, 1, 1), date(2028, 1, 1)))
    assert checks.run(session, on=date(2026, 7, 16)) == []
    late = checks.run(session, on=date(2026, 7, 17))
    assert late == [
        f"协议 {suspended.number} 的整改期限 2026-07-16 已过，应核实整改后恢复，或终止相关数据的授权（ACC-01）"
    ]
    resources.bar(session, make.acting_for(department, Role.SOURCE), resource.id, reason="涉密", now=make.NOW)
    session.flush()
    assert checks.run(session, on=date(2026, 7, 16)) == [
        f"协议 {active.number} 的范围内有不予开放的数据资源 {resource.code}，不得再使用（APP-05）"
    ]
    over = [words for words in checks.run(session, on=date(2028, 7, 1)) if "届满" in words]
    assert [words.split()[1] for words in over] == [active.number, suspended.number]
    assert not [
        words for words in checks.run(session, on=date(2028, 6, 30)) if active.number in words and "届满" in words
    ]
