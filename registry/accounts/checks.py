"""What the auditors look for among accounts; findings in words, never refusals."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.accounts.model import Account, RoleGrant
from registry.accounts.rules import FORBIDDEN_PAIRS, ORGANISATION_ROLES, ROLE_TITLES


def run(session: Session) -> list[str]:
    """Return every account that joins duties which must be separate, or acts for an organisation not its own.

    The commands refuse both; whoever writes to the database by hand is found here.
    """
    held: dict[Account, list[RoleGrant]] = defaultdict(list)
    query = sa.select(Account, RoleGrant).join(RoleGrant.account).where(RoleGrant.revoked_at.is_(None))
    for account, grant in session.execute(query.order_by(Account.login, RoleGrant.id)):
        held[account].append(grant)
    return [
        words for account, grants in held.items() for words in (*_joined(account, grants), *_foreign(account, grants))
    ]


def _joined(account: Account, grants: list[RoleGrant]) -> list[str]:
    roles = [role for role in Role if any(grant.role is role for grant in grants)]
    return [
        f"账号 {account.login} 兼任“{ROLE_TITLES[one]}”和“{ROLE_TITLES[other]}”，属不相容职务"
        for one, other in combinations(roles, 2)
        if frozenset((one, other)) in FORBIDDEN_PAIRS
    ]


def _foreign(account: Account, grants: list[RoleGrant]) -> list[str]:
    return [
        f"账号 {account.login} 的“{ROLE_TITLES[grant.role]}”职责不属于其所属单位"
        for grant in grants
        if grant.party_id != (account.party_id if grant.role in ORGANISATION_ROLES else None)
    ]
