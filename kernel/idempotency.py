"""Repetition without double effect: the key is stored in the transaction of the effect.

A crash before the commit leaves neither effect nor key; a second request with the same key waits for the first
(unique index), then gets its answer again with ``Idempotency-Replayed: true``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes
from flask import Response, current_app, make_response, request
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, db
from kernel.db import Base
from kernel.errors import DomainError, Invalid, Malformed

KEY_PATTERN = re.compile(r"[A-Za-z0-9_-]{16,128}")
STORED_REFUSALS = (409, 422)


class KeyMissing(Malformed):
    """A POST that changes something came without a key."""

    code = "idempotency.key_missing"


class KeyMalformed(Malformed):
    """The key is not 16 to 128 letters, digits, hyphens or underscores."""

    code = "idempotency.key_malformed"


class KeyReused(Invalid):
    """The same key came with another request."""

    code = "idempotency.key_reused"


class IdempotencyKey(Base):
    """One key of one organisation on one route, with the answer that was given."""

    __tablename__ = "idempotency_key"

    scope: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[str | None]
    etag: Mapped[str | None]
    media_type: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


def fingerprint(user: str) -> str:
    """Return the SM3 over everything that makes this request what it is."""
    running = hashes.Hash(hashes.SM3())
    parts = (request.method, request.path, request.query_string.decode(), request.content_type or "", user)
    for part in (*(text.encode() for text in parts), request.get_data(cache=True)):
        running.update(len(part).to_bytes(8, "big") + part)
    return running.finalize().hex()


def repeatable(view: Callable[..., Any], actor: Callable[[], Any]) -> Callable[..., Any]:
    """Wrap an API view that changes something, so that sending it again does nothing twice."""

    @functools.wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            raise KeyMissing(
                "缺少请求头 Idempotency-Key：请为每笔新业务生成一个 16–128 位的键，重试时沿用原键",
                detail_en="Send an Idempotency-Key header (16–128 characters) and reuse it on retries",
            )
        if not KEY_PATTERN.fullmatch(key):
            raise KeyMalformed("Idempotency-Key 只能由 16–128 位字母、数字、- 或 _ 组成")
        who = actor()
        scope, route = str(who.org_id or who.id), f"{request.method} {request.url_rule}"
        identity = {"scope": scope, "route": route, "key": key, "fingerprint": fingerprint(str(who.id))}
        return _first_time(view, identity, args, kwargs) or _again(identity)

    return wrapped


def _first_time(view: Callable[..., Any], identity: dict[str, str], args: Any, kwargs: Any) -> Response | None:
    """Run the view under a key that is new, and keep its answer; None when the key is known already.

    One statement asks and claims: where the same key is being worked on, it waits for the end of that.
    """
    try:
        with db.joinable_transaction() as session:
            if not _claim(session, identity):
                return None
            response = make_response(view(*args, **kwargs))
            answer = {"status": response.status_code, "media_type": response.content_type,
                      "body": response.get_data(as_text=True), "etag": response.headers.get("ETag")}  # fmt: skip
            session.execute(sa.update(IdempotencyKey.__table__).where(*_named(identity)).values(answer))  # type: ignore[arg-type]
            return response
    except DomainError as refusal:
        if refusal.status not in STORED_REFUSALS:
            raise
        return _store_refusal(identity, refusal)


def _claim(session: Session, identity: dict[str, str]) -> bool:
    """Write the key; say whether it was new."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(IdempotencyKey).values(**identity, created_at=clock.now()).on_conflict_do_nothing()
    return session.execute(statement.returning(IdempotencyKey.key)).scalar_one_or_none() is not None


def _named(identity: dict[str, str]) -> list[sa.ColumnElement[bool]]:
    return [getattr(IdempotencyKey, name) == identity[name] for name in ("scope", "route", "key")]


def _again(identity: dict[str, str]) -> Response:
    """Return the answer that was given under the key.

    Raises:
        KeyReused: the key came with another request before.
        RuntimeError: nothing is stored under it.
    """
    stored = _stored(db.session(), IdempotencyKey(**identity))
    if stored is None:
        raise RuntimeError("a key was known and is gone: keys are removed only long after their answers")
    return stored


def _store_refusal(identity: dict[str, str], refusal: DomainError) -> Response:
    response = make_response(current_app.handle_user_exception(refusal))
    row = IdempotencyKey(
        **identity, created_at=clock.now(), status=response.status_code, body=response.get_data(as_text=True),
        media_type=response.content_type,
    )  # fmt: skip
    try:
        with db.transaction() as session:
            session.add(row)
    except IntegrityError:
        # the same request was refused twice in one moment: the answer that was stored first is the answer
        return _stored(db.session(), IdempotencyKey(**identity)) or response
    return response


def _stored(session: Session, wanted: IdempotencyKey) -> Response | None:
    query = sa.select(IdempotencyKey).where(
        IdempotencyKey.scope == wanted.scope, IdempotencyKey.route == wanted.route, IdempotencyKey.key == wanted.key
    )
    found = session.scalar(query)
    if found is None:
        return None
    if found.fingerprint != wanted.fingerprint:
        raise KeyReused(
            "同一 Idempotency-Key 已用于另一请求：新业务请换新键", detail_en="This key was used for another request"
        )
    response = Response(found.body or "", status=found.status or 200)
    response.content_type = found.media_type or "application/json"
    response.headers["Idempotency-Replayed"] = "true"
    if found.etag:
        response.headers["ETag"] = found.etag
    return response
