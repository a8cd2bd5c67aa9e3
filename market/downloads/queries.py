"""Reading links, the log of downloads, and the bytes themselves, piece by piece and only while access holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.files import EvidenceFile
from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.delivery import queries as delivery
from market.delivery.model import ProductFile
from market.downloads.model import Download, DownloadLink
from market.downloads.rules import LinkSpent, NoSuchLink
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.entitlements.rules import may_use
from market.orders.model import Order
from registry.products.model import Product


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def own(session: Session, actor: Actor, number: str) -> Entitlement:
    """Return an entitlement of the actor's own organisation: whoever else may read it gets no data.

    Raises:
        NoSuchEntitlement: there is none, or it is another organisation's.
    """
    found = entitlements.visible(session, actor, number)
    if actor.org_id is None or found.buyer_id != actor.org_id:
        raise entitlements.NoSuchEntitlement(
            f"没有使用权 {number}，或不属于本单位", detail_en=f"No entitlement {number}"
        )
    return found


def available(session: Session, held: Entitlement) -> Sequence[ProductFile]:
    """Return the files and reports that an entitlement gives."""
    return delivery.files_within(session, held.version_id, held.valid_from, held.valid_until)


def must_have(session: Session, held: Entitlement, file_id: UUID, now: datetime, *, book: PolicyBook) -> ProductFile:
    """Return a file of an entitlement, if everything holds at this moment.

    Raises:
        NoSuchProductFile: it is of another version, or of a period that was not bought.
        OutOfTerm: the term does not cover today.
        Closed: the entitlement rests on something that does not hold now.
    """
    found = delivery.file_within(session, held.version_id, file_id, held.valid_from, held.valid_until)
    may_use(held.terms, 0, now)
    entitlements.must_hold(session, held, now, book=book)
    return found


def link(session: Session, actor: Actor, token: str, now: datetime) -> DownloadLink:
    """Return the link behind a token, for the organisation that it was made for.

    Raises:
        NoSuchLink: there is none, or it was made for another organisation.
        LinkSpent: its time is over.
    """
    found = session.scalar(sa.select(DownloadLink).where(DownloadLink.token_sha256 == digest(token)))
    if found is None or actor.org_id is None or found.buyer_id != actor.org_id:
        raise NoSuchLink("没有这个下载链接，或不属于本单位", detail_en="No such link")
    if now >= found.expires_at:
        raise spent()
    return found


def spent() -> LinkSpent:
    """Return the refusal of a link that gives nothing any more."""
    return LinkSpent(
        "下载链接只能使用一次，五分钟内有效；请重新获取（同一文件不重复计量）",
        detail_en="A link is used once, within five minutes; ask for another, it is not counted again",
    )


def log_of(session: Session, entitlement_id: UUID) -> Sequence[Download]:
    """Return every download under an entitlement, the newest first."""
    query = sa.select(Download).where(Download.entitlement_id == entitlement_id).order_by(Download.id.desc())
    return session.scalars(query).all()


def piece(
    session: Session, held_id: UUID, sha256: str, first: int, size: int, now: datetime, *, book: PolicyBook
) -> bytes | None:
    """Return some bytes of a file, or None when access has ended meanwhile; both are asked in one statement."""
    holds = (
        sa.select(sa.literal(1))
        .select_from(Entitlement)
        .join(Order, Order.id == Entitlement.order_id)
        .join(Product, Product.id == Entitlement.product_id)
        .where(Entitlement.id == held_id, entitlements.open_condition(now, book))
        .exists()
    )
    content = sa.func.substr(EvidenceFile.content, first + 1, size, type_=sa.LargeBinary)
    found = session.scalar(sa.select(content).where(EvidenceFile.sha256 == sha256, holds))
    return None if found is None else bytes(found)
