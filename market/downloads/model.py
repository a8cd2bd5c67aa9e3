"""Links, and every download that they gave."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Entity, new_id


class DownloadLink(Entity):
    """One link: to one file, for one buyer under one entitlement; ``position`` is the first byte it still gives."""

    __tablename__ = "market_download_link"
    __table_args__ = (
        sa.CheckConstraint("length(token_sha256) = 64", name="token_sha256_hex"),
        sa.CheckConstraint("position >= 0 AND position <= size_bytes", name="position_within"),
        sa.CheckConstraint("expires_at > issued_at", name="lives"),
    )

    token_sha256: Mapped[str] = mapped_column(unique=True)
    entitlement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_entitlement.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"))
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"))
    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_product_file.id"), index=True)
    size_bytes: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    issued_at: Mapped[datetime]
    issued_by: Mapped[UUID | None]
    expires_at: Mapped[datetime]


class Download(Base):
    """One answer that gave bytes of a file: who got which, when; never changed, kept as delivery log."""

    __tablename__ = "market_download"
    __table_args__ = (
        sa.CheckConstraint("first_byte >= 0 AND last_byte >= first_byte", name="bytes_ordered"),
        {"info": {"guard": "append_only"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    link_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_download_link.id"))
    entitlement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_entitlement.id"), index=True)
    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_product_file.id"), index=True)
    first_byte: Mapped[int]
    last_byte: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    by_name: Mapped[str]
