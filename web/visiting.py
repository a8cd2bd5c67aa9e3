"""How often one address may read the public lists without signing in, across workers and hosts.

Each process counts for itself and hands its count to the database a twentieth of the limit at a time, so that an
ordinary visitor causes no writing at all; whoever was refused causes none either until the minute is over. So each
process may admit less than a twentieth too many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from threading import Lock

import sqlalchemy as sa
from flask import current_app, request
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.errors import TooMany
from kernel.http import current_actor
from market.limits.rules import Limit
from registry.accounts.model import SignInFailure
from registry.objections.gateway import source_digest

MINUTE = 60
STEPS = 20  # in so many parts a process hands the whole limit to the database
LISTS = frozenset({
    "catalogue.search", "catalogue.facets", "catalogue_pages.search", "feed_pages.newest", "interchange.catalogue_page",
    "price_list.browse", "price_list.browse_caps", "price_list_pages.browse", "price_list_pages.browse_caps",
    "price_list_pages.caps_table", "price_list_pages.table", "price_list_pages.workbook",
    "public_register.browse", "public_register.browse_notices", "public_register_pages.browse",
    "public_register_pages.browse_notices", "tmforum.offerings",
})  # fmt: skip


class TooManyVisits(TooMany):
    """The public lists were read too often from one address in one minute, by visitors who are not signed in."""

    code = "public.too_many_visits"
    title = "查询过于频繁"
    title_en = "Too many searches"


@dataclass(slots=True)
class Visits:
    """What this process knows of the present minute: of each address what all counted, and what it has not told yet."""

    start: int = 0
    told: dict[str, int] = field(default_factory=dict)
    untold: dict[str, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def count(self, source: str, start: int, limit: int) -> int | None:
        """Count one visit; return how many are to be told to the database now, or None when the limit is reached."""
        with self.lock:
            if start != self.start:
                self.start, self.told, self.untold = start, {}, {}
            waiting = self.untold.get(source, 0)
            if self.told.get(source, 0) + waiting >= limit:
                return None
            is_full = waiting + 1 >= max(limit // STEPS, 1)
            self.untold[source] = 0 if is_full else waiting + 1
            return waiting + 1 if is_full else 0


def admit_visit() -> None:
    """Count a visitor's reading of a public list; requests of this machine itself are not counted.

    Raises:
        TooManyVisits: the minute's limit of this address is reached.
    """
    if request.endpoint not in LISTS or current_actor().is_authenticated or _is_own(request.remote_addr):
        return
    now, limit = clock.now(), Limit(int(current_app.config["HUIYI"].visits_per_minute), MINUTE)
    visits: Visits = current_app.extensions.setdefault("huiyi_visits", Visits())
    source, start = source_digest(), limit.start(now)
    number = visits.count(source, start, limit.calls)
    is_over = number is None
    if number:
        with db.transaction() as session:
            visits.told[source] = _told(session, source, number, datetime.fromtimestamp(start, UTC))
        is_over = visits.told[source] > limit.calls
    if is_over:
        wait = limit.seconds_left(now)
        raise TooManyVisits(
            f"同一地址每分钟最多查询公开目录 {limit.calls} 次，请在 {wait} 秒后重试，或登录后查询",
            detail_en=f"One address may search {limit.calls} times a minute; come again in {wait} s, or sign in",
            headers={"Retry-After": str(wait)},
        )


def _is_own(address: str | None) -> bool:
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return False


def _told(session: Session, source: str, number: int, since: datetime) -> int:
    """Add to what all processes counted of an address since the minute began, and return it."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(SignInFailure).values(login_sha256=source, attempts=number, since=since)
    is_new = SignInFailure.since < new.excluded.since
    counted = new.on_conflict_do_update(
        index_elements=[SignInFailure.login_sha256],
        set_={
            "attempts": sa.case((is_new, new.excluded.attempts), else_=SignInFailure.attempts + new.excluded.attempts),
            "since": sa.case((is_new, new.excluded.since), else_=SignInFailure.since),
        },
    )
    return int(session.execute(counted.returning(SignInFailure.attempts)).scalar_one())
