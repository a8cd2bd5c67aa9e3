"""Files and reports: put up by the seller, downloaded once per link by the buyer alone, counted once (C3, C4, K10)."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from market.downloads.model import Download
from registry.egress.model import Export
from registry.parties import commands as parties
from registry.parties.rules import Capacity
from registry.products.rules import DeliveryForm
from settlement.metering.model import UsageEvent, UsageTotal
from tests.make import delivering as make
from tests.make import market
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send
from web import downloading

FILE = make.CSV.encode()
LARGE, SLOW, CUT_SECONDS = 7 << 20, 4_096, 5


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The day on which everything is sold."""
    with clock.set_to(market.SALE):
        yield


@pytest.fixture
def site_day() -> Iterator[None]:
    """The same day for the threads that serve the site."""
    clock.run_from(market.SALE)
    yield
    clock.run_from(None)


@pytest.fixture
def sold(app: Flask) -> make.Sold:
    """A product in files, bought for five."""
    return make.make_sold(app, form=DeliveryForm.FILE)


def put_up(client: FlaskClient, sold: make.Sold, content: bytes = FILE, name: str = "七月.csv", **facts: Any) -> Any:
    """Put a file up as the seller's program does."""
    sent = {"file_name": name, "content_base64": base64.b64encode(content).decode(), **facts}
    return client.post(f"/api/v1/products/{sold.product.code}/files", json=sent, headers=key(sold.seller))


def link(client: FlaskClient, sold: make.Sold, file_id: str, who: dict[str, str] | None = None) -> Any:
    """Ask for a link."""
    url = f"/exchange/v1/entitlements/{sold.terms.number}/files/{file_id}/links"
    return client.post(url, headers=who or sold.buyer)


def path_of(answer: Any) -> str:
    """The address of a link on this site."""
    assert answer.status_code == 201, answer.text
    return "/exchange" + str(answer.json["url"]).split("/exchange", 1)[1]


@pytest.mark.both_databases
def test_a_file_is_put_up_downloaded_once_per_link_and_counted_once(
    client: FlaskClient, app: Flask, sold: make.Sold
) -> None:
    made = put_up(client, sold)
    assert (made.status_code, made.json["media_type"], made.json["row_count"]) == (201, "text/csv", 2), made.text
    listed = client.get(f"/exchange/v1/entitlements/{sold.terms.number}/files", headers=sold.buyer).json["items"]
    assert [one["sha256"] for one in listed] == [hashlib.sha256(FILE).hexdigest()]

    path = path_of(link(client, sold, made.json["id"]))
    answer = client.get(path, headers=sold.buyer)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, FILE, "text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-store")
    again = client.get(path, headers=sold.buyer)
    assert (again.status_code, again.json["code"]) == (410, "download.link_spent")

    assert client.get(path_of(link(client, sold, made.json["id"])), headers=sold.buyer).data == FILE
    with app.app_context():
        session = db.session()
        assert session.scalar(sa.select(UsageTotal.used)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Download)) == 2


def test_parts_are_given_in_order_and_no_byte_twice(client: FlaskClient, app: Flask, sold: make.Sold) -> None:
    path = path_of(link(client, sold, put_up(client, sold).json["id"]))

    def part(wanted: str) -> Any:
        return client.get(path, headers={**sold.buyer, "Range": wanted})

    first = part("bytes=0-9")
    assert (first.status_code, first.data) == (206, FILE[:10])
    assert first.headers["Content-Range"] == f"bytes 0-9/{len(FILE)}"
    assert part("bytes=5-12").status_code == 410
    assert part(f"bytes={len(FILE)}-").status_code == 416
    assert part("bytes=10-").data == FILE[10:]
    assert part("bytes=10-").status_code == 410
    with app.app_context():
        assert db.session().scalar(sa.select(UsageTotal.used)) == 1


def test_asking_for_the_head_spends_nothing(client: FlaskClient, sold: make.Sold) -> None:
    path = path_of(link(client, sold, put_up(client, sold).json["id"]))
    assert client.head(path, headers=sold.buyer).headers["Content-Length"] == str(len(FILE))
    assert client.get(path, headers=sold.buyer).status_code == 200


def test_a_link_serves_nobody_else_not_after_five_minutes_and_not_when_altered(
    client: FlaskClient, app: Flask, sold: make.Sold
) -> None:
    made = put_up(client, sold).json["id"]
    with app.app_context(), db.transaction() as session:
        stranger = base.make_party(session, Capacity.BUYER)
    other = as_program(app, Role.BUYER, party=stranger)
    path = path_of(link(client, sold, made))
    assert link(client, sold, made, other).status_code == 404
    for _replay in range(50):
        assert client.get(path, headers=other).status_code == 404
    assert client.get(path).status_code == 401
    assert client.get(path, headers=sold.seller).status_code == 403
    for position in range(len("/exchange/v1/downloads/"), len(path)):
        altered = path[:position] + ("A" if path[position] != "A" else "B") + path[position + 1 :]
        assert client.get(altered, headers=sold.buyer).status_code == 404
    with clock.set_to(market.SALE + timedelta(minutes=5)):
        assert client.get(path, headers=sold.buyer).status_code == 410
    with clock.set_to(market.SALE + timedelta(minutes=5) - timedelta(seconds=1)):
        assert client.get(path, headers=sold.buyer).status_code == 200


def test_a_suspended_seller_closes_links_that_are_out_already_and_files_on_their_way(
    client: FlaskClient, app: Flask, sold: make.Sold
) -> None:
    large = b"score,level\n" + b"712,A\n" * (downloading.PIECE_BYTES // 4)
    made = put_up(client, sold, large).json["id"]
    waiting, running = (path_of(link(client, sold, made)) for _ in range(2))
    flow = iter(client.get(running, headers=sold.buyer).response)
    assert next(flow) == large[: downloading.PIECE_BYTES]
    with app.app_context(), db.transaction() as session:
        parties.suspend(session, base.supervisor(), sold.product.owner_id, reason="超范围使用", now=market.SALE)
    with pytest.raises(downloading.AccessEnded):
        next(flow)
    answer = client.get(waiting, headers=sold.buyer)
    assert (answer.status_code, answer.json["code"]) == (409, "entitlement.closed")
    assert link(client, sold, made).json["code"] == "entitlement.closed"


def test_over_the_wire_a_download_on_its_way_breaks_off_when_access_ends(
    client: FlaskClient, app: Flask, sold: make.Sold, live_url: str, site_day: None
) -> None:
    large = b"score,level\n" + b"712,A\n" * (LARGE // 6)
    path = path_of(link(client, sold, put_up(client, sold, large).json["id"]))
    address = urlsplit(live_url)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW)  # a reader that takes little at a time
        reader.settimeout(CUT_SECONDS)
        reader.connect((address.hostname, address.port))
        own = (f"{name}: {text}" for name, text in sold.buyer.items())
        heads = [f"GET {path} HTTP/1.1", f"Host: {address.netloc}", *own]
        reader.sendall("\r\n".join([*heads, "", ""]).encode())
        taken = len(reader.recv(SLOW))
        with app.app_context(), db.transaction() as session:
            parties.suspend(session, base.supervisor(), sold.product.owner_id, reason="超范围使用", now=market.SALE)
        while more := len(reader.recv(LARGE)):
            taken += more
    assert SLOW <= taken < len(large) // 2


def test_a_used_up_quota_gives_known_files_again_and_no_new_one(client: FlaskClient, app: Flask) -> None:
    sold = make.make_sold(app, form=DeliveryForm.FILE, quantity=1)
    one = put_up(client, sold).json["id"]
    other = put_up(client, sold, b"score,level\n1,C\n").json["id"]
    assert client.get(path_of(link(client, sold, one)), headers=sold.buyer).status_code == 200
    answer = client.get(path_of(link(client, sold, other)), headers=sold.buyer)
    assert (answer.status_code, answer.json["code"]) == (409, "entitlement.quota_exhausted")
    assert client.get(path_of(link(client, sold, one)), headers=sold.buyer).status_code == 200


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"score,level,identity_number\n1,A,330624199001010010\n", "product_file.refused"),
        (b'[{"score": {"identity_number": "330624199001010010"}}]', "product_file.refused"),
        (b"score,level\n", "product_file.refused"),
        (b'[{"score": ', "data_set.unreadable"),
    ],
)
def test_what_nobody_reviewed_is_not_put_up(client: FlaskClient, sold: make.Sold, content: bytes, code: str) -> None:
    answer = put_up(client, sold, content, "rows.json" if content[:1] == b"[" else "rows.csv")
    assert (answer.status_code, answer.json["code"]) == (422, code)


def test_an_interface_takes_no_files_and_a_file_no_period(client: FlaskClient, app: Flask, sold: make.Sold) -> None:
    assert (
        put_up(client, sold, period_start="2026-07-01", period_end="2026-07-31").json["code"] == "product_file.period"
    )
    assert put_up(client, make.make_sold(app)).json["code"] == "product_file.wrong_form"


def test_a_report_is_given_to_those_who_bought_its_period(client: FlaskClient, app: Flask) -> None:
    sold = make.make_sold(app, form=DeliveryForm.REPORT)
    july = {"period_start": "2026-07-01", "period_end": "2026-07-31"}
    june = {"period_start": "2026-06-01", "period_end": "2026-06-30"}
    assert put_up(client, sold, make.REPORT, "七月.pdf").json["code"] == "product_file.period"
    assert put_up(client, sold, b"no report", "七月.pdf", **july).json["code"] == "product_file.refused"
    bought = put_up(client, sold, make.REPORT, "七月.pdf", **july).json["id"]
    earlier = put_up(client, sold, "<!DOCTYPE html><p>六月</p>".encode(), "六月.html", **june).json["id"]
    answer = client.get(path_of(link(client, sold, bought)), headers=sold.buyer)
    assert (answer.data, answer.mimetype) == (make.REPORT, "application/pdf")
    refused = link(client, sold, earlier)
    assert (refused.status_code, refused.json["code"]) == (404, "product_file.not_found")


def test_where_egress_is_checked_a_file_is_put_up_after_the_check_and_recorded_as_an_export(
    client: FlaskClient, app: Flask
) -> None:
    sold = make.make_sold(app, form=DeliveryForm.FILE, place="guangzhou")
    answer = put_up(client, sold)
    with app.app_context():
        exports = db.session().scalars(sa.select(Export)).all()
    assert answer.status_code == 201, answer.text
    assert [(one.file_sha256, one.units) for one in exports] == [(hashlib.sha256(FILE).hexdigest(), 2)]


def test_a_person_puts_a_file_up_and_another_downloads_it_with_one_press(app: Flask, sold: make.Sold) -> None:
    with app.app_context():
        owner = db.session().get_one(type(sold.party), sold.product.owner_id)
    seller = as_person(app, Role.MERCHANT, party=owner, place=sold.product.place)
    page = f"/products/{sold.product.code}/files"
    empty = send(seller, page, {}, form_at=page)
    assert empty.status_code == 422
    sent = send(seller, page, {"file": (BytesIO(FILE), "七月.csv")}, form_at=page)
    assert sent.status_code == 303, sent.text
    assert "七月.csv" in seller.get(page).text
    buyer = as_person(app, Role.BUYER, party=sold.party)
    shown = buyer.get(f"/entitlements/{sold.terms.number}").text
    assert "七月.csv" in shown
    form = shown.split('action="/entitlements/', 1)[1].split('"', 1)[0]
    answer = send(buyer, f"/entitlements/{form}", {}, form_at=f"/entitlements/{sold.terms.number}",
                  follow_redirects=True)  # fmt: skip
    assert (answer.status_code, answer.data) == (200, FILE)
