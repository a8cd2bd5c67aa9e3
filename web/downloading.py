"""Downloads of the data plane: lists, links, and the bytes, piece by piece with access asked again for each."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.http import current_actor, hand_out, policy_book, requires
from kernel.identity import Permission
from market.delivery.schemas import ProductFileOut
from market.downloads import commands, queries
from market.downloads.commands import Given
from settlement.calls.commands import count_delivery
from settlement.metering.rules import subject_digest

blueprint = Blueprint("downloads", __name__, url_prefix="/exchange/v1")
pages = Blueprint("download_pages", __name__)
PIECE_BYTES = 256 * 1024


class AccessEnded(RuntimeError):
    """Access ended while a file was on its way: the answer breaks off."""


@blueprint.get("/entitlements/<number>/files")
@requires(Permission.EXCHANGE_CALL)
def browse(number: str) -> Response:
    """List the files and reports that an entitlement of your organisation gives."""
    session = db.session()
    held = queries.own(session, current_actor(), number)
    return jsonify(items=ProductFileOut(many=True).dump(queries.available(session, held)))


@blueprint.post("/entitlements/<number>/files/<uuid:file_id>/links")
@requires(Permission.EXCHANGE_CALL)
def link(number: str, file_id: UUID) -> tuple[Response, int]:
    """Make a link that lives five minutes and gives each byte of the file once, to your organisation only."""
    token, expires_at = _new_link(number, file_id)
    url = url_for("downloads.download", token=token, _external=True)
    return jsonify(url=url, expires_at=expires_at), 201


@blueprint.get("/downloads/<token>")
@requires(Permission.EXCHANGE_CALL)
def download(token: str) -> Response:
    """Give the file behind a link, or the range that is asked for, once; the file is counted once."""
    actor, now, book = current_actor(), clock.now(), policy_book()
    if request.method == "HEAD":
        return _head(token)
    with db.transaction() as session:
        given = commands.give(session, actor, token, request.headers.get("Range"), book=book, now=now)
        name = f"file:{given.file.id}"
        count_delivery(session, actor, given.held, reference=name, subject=subject_digest(None, name), now=now)
    return _with_headers(Response(pieces(given), mimetype=given.file.media_type), given)


@pages.post("/entitlements/<number>/files/<uuid:file_id>/download")
@requires(Permission.EXCHANGE_CALL)
def download_now(number: str, file_id: UUID) -> AnyResponse:
    """Make a link and follow it: the button on the page of the entitlement."""
    token, _expires_at = _new_link(number, file_id)
    return redirect(url_for("downloads.download", token=token), code=303)


def _new_link(number: str, file_id: UUID) -> tuple[str, str]:
    with db.transaction() as session:
        made, token = commands.open_link(
            session, current_actor(), number, file_id, book=policy_book(), now=clock.now()
        )  # fmt: skip
        return token, made.expires_at.isoformat()


def _head(token: str) -> Response:
    session, now = db.session(), clock.now()
    found = queries.link(session, current_actor(), token, now)
    response = Response(mimetype="application/octet-stream")
    response.headers["Content-Length"] = str(found.size_bytes)
    response.headers["Accept-Ranges"] = "bytes"
    return response


def _with_headers(response: Response, given: Given) -> Response:
    span, file = given.span, given.file
    headers = response.headers
    hand_out(response, file.file_name)
    headers["Content-Length"] = str(span.size)
    headers["Accept-Ranges"] = "bytes"
    headers["Cache-Control"] = "no-store"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Huiyi-Entitlement"] = given.held.number
    headers["ETag"] = f'"{file.sha256}"'
    headers["Repr-Digest"] = f"sha-256=:{_base64(file.sha256)}:"
    if span.is_part:
        response.status_code = 206
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{file.size_bytes}"
    return response


def _base64(digest: str) -> str:
    return b64encode(bytes.fromhex(digest)).decode()


def pieces(given: Given) -> Iterator[bytes]:
    """Yield the bytes piece by piece; before each one access is asked again.

    Raises:
        AccessEnded: it has ended; the reader sees that the answer is not whole.
    """
    database, book, moment = db.database(), policy_book(), clock.now
    first, last = given.span.first, given.span.last

    def flow() -> Iterator[bytes]:
        position = first
        while position <= last:
            size = min(PIECE_BYTES, last - position + 1)
            with database.new_session() as session:
                piece = queries.piece(session, given.held.id, given.file.sha256, position, size, moment(), book=book)
            if not piece:
                raise AccessEnded(f"{given.held.number}: access ended at byte {position}")
            yield piece
            position += len(piece)

    return flow()
