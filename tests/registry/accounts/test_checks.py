"""The auditors find duties that somebody joined by hand."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.accounts import checks
from registry.accounts.model import RoleGrant
from registry.parties.rules import Capacity
from tests.make import registry_base as make


def test_what_the_commands_grant_is_in_order(session: Session) -> None:
    make.make_account(session, Role.FINANCE_PREPARER, place="puer")
    make.make_account(session, Role.BUYER, party=make.make_party(session, Capacity.BUYER))
    assert checks.run(session) == []


def test_joined_duties_and_foreign_organisations_are_found_until_they_are_revoked(session: Session) -> None:
    account = make.make_account(session, Role.FINANCE_PREPARER, login="zhang.san")
    other = make.make_party(session, Capacity.BUYER)
    made = [
        RoleGrant(account_id=account.id, role=Role.FINANCE_PAYER, granted_at=make.NOW),
        RoleGrant(account_id=account.id, role=Role.BUYER, party_id=other.id, granted_at=make.NOW),
    ]
    session.add_all(made)
    session.flush()
    assert checks.run(session) == [
        "账号 zhang.san 兼任“结算经办”和“付款”，属不相容职务",
        "账号 zhang.san 的“买方”职责不属于其所属单位",
    ]
    for grant in made:
        grant.revoked_at, grant.revoked_by = make.NOW, account.id
    session.flush()
    assert checks.run(session) == []
