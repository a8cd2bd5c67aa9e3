"""On what each free use stands; written with its order and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity


class ReuseGround(Entity):
    """Why a department uses a product free: the agreement with its resource in scope, and the rule of the place."""

    __tablename__ = "market_reuse_ground"
    __table_args__ = (sa.UniqueConstraint("order_id", "resource_id"), {"info": {"guard": "append_only"}})

    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_order.id"))
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)  # given free
    clause: Mapped[str]  # code of the content of the agreement that names its resources
    clause_text: Mapped[str]
    rule: Mapped[dict[str, Any]]  # of the place, as it stood
    recorded_at: Mapped[datetime]
