"""What the auditors look for among accounts; findings in words, never refusals."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.accounts.model import Account, AccountPerson, RoleGrant
from registry.accounts.rules import FORBIDDEN_PAIRS, ORGANISATION_ROLES, ROLE_TITLES


def run(session: Session) -> list[str]:
    """Return every account that joins duties which must be separate, or acts for an organisation not its own; and
    every person who joins such duties through several accounts.

    The commands refuse both; whoever writes to the database by hand is found here.
    """
    held: dict[Account, list[RoleGrant]] = defaultdict(list)
    query = sa.select(Account, RoleGrant).join(RoleGrant.account).where(RoleGrant.revoked_at.is_(None))
    for account, grant in session.execute(query.order_by(Account.login, RoleGrant.id)):
        held[account].append(grant)
    alone = [
        words for account, grants in held.items() for words in (*_joined(account, grants), *_foreign(account, grants))
    ]
    return [*alone, *_joined_by_person(session, held)]


def _joined(account: Account, grants: list[RoleGrant]) -> list[str]:
    roles = [role for role in Role if any(grant.role is role for grant in grants)]
    return [
        f"账号 {account.login} 兼任“{ROLE_TITLES[one]}”和“{ROLE_TITLES[other]}”，属不相容职务"
        for one, other in combinations(roles, 2)
        if frozenset((one, other)) in FORBIDDEN_PAIRS
    ]


def _joined_by_person(session: Session, held: dict[Account, list[RoleGrant]]) -> list[str]:
    person_of = {row.account_id: row.person_id for row in session.execute(sa.select(AccountPerson.__table__))}
    together: dict[object, list[tuple[Account, RoleGrant]]] = defaultdict(list)
    for account, grants in held.items():
        if account.id in person_of:
            together[person_of[account.id]] += [(account, grant) for grant in grants]
    return [
        f"账号 {one[0].login}（{ROLE_TITLES[one[1].role]}）和 {other[0].login}（{ROLE_TITLES[other[1].role]}）属同一人"
        "，属不相容职务"
        for grants in together.values()
        for one, other in combinations(grants, 2)
        if one[0] is not other[0] and frozenset((one[1].role, other[1].role)) in FORBIDDEN_PAIRS
    ]


def _foreign(account: Account, grants: list[RoleGrant]) -> list[str]:
    return [
        f"账号 {account.login} 的“{ROLE_TITLES[grant.role]}”职责不属于其所属单位"
        for grant in grants
        if grant.party_id != (account.party_id if grant.role in ORGANISATION_ROLES else None)
    ]
