"""What the auditors should see about disclosures; findings in words, never refusals."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from registry.disclosures.model import Disclosure
from registry.disclosures.queries import digest


def run(session: Session) -> list[str]:
    """Return every disclosure whose content is not what its digest was taken over."""
    return [
        f"信息披露 {found.number} 的内容与其摘要不符，可能被改动（DIS-02）"
        for found in session.scalars(sa.select(Disclosure).order_by(Disclosure.number))
        if digest(found.content) != found.sha256
    ]
