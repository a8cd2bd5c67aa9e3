"""The evidence store: a file is named by its content, kept once, and never changed."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base
from kernel.errors import Invalid, NotFound

SIZE_MAX = 10 * 1024 * 1024


class NoSuchFile(NotFound):
    """No evidence is kept under that digest."""

    code = "file.not_found"


class FileRefused(Invalid):
    """The file cannot be kept as evidence."""

    code = "file.refused"


class EvidenceFile(Base):
    """One kept file. It lives in the database, so that evidence and effect are committed together."""

    __tablename__ = "evidence_file"
    __table_args__ = (
        sa.CheckConstraint("length(sha256) = 64", name="sha256_hex"),
        {"info": {"guard": "append_only"}},
    )

    sha256: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(deferred=True)
    kept_at: Mapped[datetime]


def keep(session: Session, content: bytes, *, name: str, media_type: str, now: datetime) -> str:
    """Keep ``content`` and return its SHA-256; the same content is kept once.

    Raises:
        FileRefused: the file is empty or larger than 10 MiB.
    """
    if not content or len(content) > SIZE_MAX:
        raise FileRefused(
            f"证据文件 {name} 为空或超过 10 MiB，请压缩或拆分后重新上传", detail_en=f"{name} is empty or over 10 MiB"
        )
    sha256 = hashlib.sha256(content).hexdigest()
    if session.get(EvidenceFile, sha256) is None:
        session.add(
            EvidenceFile(
                sha256=sha256, name=name, media_type=media_type, size=len(content), content=content, kept_at=now
            )
        )
        session.flush()
    return sha256


def get(session: Session, sha256: str) -> EvidenceFile:
    """Return the kept file with its content.

    Raises:
        NoSuchFile: nothing is kept under that digest.
    """
    found = session.get(EvidenceFile, sha256, options=[sa.orm.undefer(EvidenceFile.content)])
    if found is None:
        raise NoSuchFile(f"没有摘要为 {sha256[:12]}… 的证据文件")
    return found
