"""Making links, and letting each give its bytes once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.delivery.model import ProductFile
from market.downloads import queries
from market.downloads.model import Download, DownloadLink
from market.downloads.rules import Span, wanted
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement

LIFE = timedelta(minutes=5)  # C4: never longer
TOKEN_BYTES = 32  # 256 bits


@dataclass(frozen=True, slots=True)
class Given:
    """The bytes that one request gets."""

    held: Entitlement
    file: ProductFile
    span: Span


def open_link(
    session: Session, actor: Actor, number: str, file_id: UUID, *, book: PolicyBook, now: datetime
) -> tuple[DownloadLink, str]:
    """Make a link to a file of an entitlement of the actor's organisation; return it with its token, shown once.

    Raises:
        NotAllowed: the actor does not call for an organisation that buys.
        NoSuchEntitlement: there is none, or it is another organisation's.
        NoSuchProductFile: the file is of another version, or of a period that was not bought.
        OutOfTerm: the term does not cover today.
        Closed: the entitlement rests on something that does not hold now.
    """
    actor.must(Permission.EXCHANGE_CALL, org_id=actor.org_id)
    held = queries.own(session, actor, number)
    found = queries.must_have(session, held, file_id, now, book=book)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    made = DownloadLink(
        token_sha256=queries.digest(token), entitlement_id=held.id, buyer_id=held.buyer_id, version_id=held.version_id,
        file_id=found.id, size_bytes=found.size_bytes, position=0, issued_at=now, issued_by=actor.id,
        expires_at=now + LIFE,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "download.link", made, at=now,
                 detail={"entitlement": held.number, "sha256": found.sha256})  # fmt: skip
    return made, token


def give(
    session: Session, actor: Actor, token: str, range_header: str | None, *, book: PolicyBook, now: datetime
) -> Given:
    """Let a link give the bytes that are asked for; each byte is given once, and everything is asked again.

    Raises:
        NotAllowed: the actor does not call for an organisation that buys.
        NoSuchLink: there is none, or it was made for another organisation.
        LinkSpent: its time is over, or it gave these bytes already.
        RangeUnsatisfiable: the bytes are not in the file.
        NoSuchProductFile: the file does not belong to the entitlement.
        OutOfTerm: the term does not cover today.
        Closed: the entitlement rests on something that does not hold now.
    """
    actor.must(Permission.EXCHANGE_CALL, org_id=actor.org_id)
    link = queries.link(session, actor, token, now)
    held = entitlements.get(session, link.entitlement_id)
    found = queries.must_have(session, held, link.file_id, now, book=book)
    span = wanted(range_header, found.size_bytes)
    moved = (
        sa.update(DownloadLink)
        .where(DownloadLink.id == link.id, DownloadLink.position <= span.first, DownloadLink.expires_at > now)
        .values(position=span.last + 1, version=DownloadLink.version + 1)
        .execution_options(synchronize_session=False)
    )
    if session.execute(moved.returning(DownloadLink.id)).scalar_one_or_none() is None:
        raise queries.spent()
    session.add(
        Download(link_id=link.id, entitlement_id=held.id, file_id=found.id, first_byte=span.first, last_byte=span.last,
                 at=now, by=actor.id, by_name=actor.name)
    )  # fmt: skip
    audit.record(session, actor, "download.give", link, at=now,
                 detail={"entitlement": held.number, "first": span.first, "last": span.last})  # fmt: skip
    return Given(held, found, span)
