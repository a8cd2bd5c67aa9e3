"""What the grants of an actor let it read of sealed settlements."""

from __future__ import annotations

from kernel.errors import NotAllowed
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from settlement.scopes.rules import Scope


class NothingToReport(NotAllowed):
    """Reports are for parties of settlements and for those who watch over them."""

    code = "report.not_allowed"


def scope_of(actor: Actor) -> Scope:
    """Return whose figures the actor may read.

    Raises:
        NothingToReport: the actor neither takes part in settlements nor watches over them.
    """
    grants = [grant for grant in actor.grants if grant.role in ROLES_OF[Permission.STATEMENT_READ]]
    watching = [grant for grant in grants if grant.role in WATCHERS]
    orgs = frozenset(grant.org_id for grant in grants if grant.org_id is not None and grant.role not in WATCHERS)
    if not watching and not orgs:
        raise NothingToReport(
            "报表只供结算各当事方和所在地的财务、审计、主管人员查看；请以相应身份登录",
            detail_en="Reports are for the parties of settlements and their watchers",
        )
    if any(grant.place is None for grant in watching):
        return Scope(None, orgs)
    return Scope(frozenset(grant.place for grant in watching if grant.place is not None), orgs)
