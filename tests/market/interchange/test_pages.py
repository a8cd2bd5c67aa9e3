"""Reading in a product record of another platform in a browser."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from kernel import clock, db
from kernel.identity import Role
from market.interchange.schemas import RECORD_CHARACTERS_MAX
from tests.make import market as make
from tests.make.clients import as_person, send

PAGE = "/imports/records"


@pytest.fixture(autouse=True)
def on_the_day_of_the_sale():
    """Everything happens on one day."""
    with clock.set_to(make.SALE):
        yield


@pytest.fixture
def exported(app: Flask) -> Any:
    """The document of a product as this platform exports it, and its seller."""
    with app.app_context(), db.transaction() as session:
        product = make.make_offer(session)
        owner, code = product.owner, product.code
        session.expunge(owner)
    return owner, app.test_client().get(f"/api/v1/interchange/products/{code}").data


def upload(browser, content: bytes, **changed):
    """Send one file with the place where it was found."""
    fields = {"origin": "https://exchange.example", "file": (io.BytesIO(content), "dataset.jsonld")} | changed
    return send(browser, PAGE, fields, form_at=PAGE, content_type="multipart/form-data")


def test_a_record_is_read_in_shown_and_handed_on_unchanged(app: Flask, exported: Any) -> None:
    owner, content = exported
    seller = as_person(app, Role.MERCHANT, party=owner)
    made = upload(seller, content)
    assert made.status_code == 303
    shown = seller.get(made.location).text
    read = json.loads(content)
    assert all(words in shown for words in (read["dct:title"]["@value"], "https://exchange.example"))
    handed_on = seller.get(f"{made.location}/dataset.jsonld")
    assert handed_on.headers["Content-Disposition"].startswith("attachment")
    assert upload(seller, handed_on.data).location == made.location
    assert made.location in seller.get(PAGE).text


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"origin": ""}, 422, "来源"),
        ({"file": (io.BytesIO(b""), "a.jsonld")}, 422, "请选择不超过 512 KiB 的 JSON-LD 文件"),
        ({"file": (io.BytesIO(b"{"), "a.jsonld")}, 400, "JSON"),
        ({"file": (io.BytesIO(b"[]"), "a.jsonld")}, 422, "dcat:Dataset"),
    ],
)
def test_an_unusable_file_is_refused_with_words_and_leaves_nothing(
    app: Flask, exported: Any, changed: dict[str, Any], status: int, words: str
) -> None:
    seller = as_person(app, Role.MERCHANT, party=exported[0])
    answer = upload(seller, exported[1], **changed)
    assert answer.status_code == status
    assert words in answer.text
    assert "还没有导入过产品记录" in seller.get(PAGE).text


def test_a_file_that_is_too_large_is_refused(app: Flask, exported: Any) -> None:
    seller = as_person(app, Role.MERCHANT, party=exported[0])
    token = re.search(r'name="csrf_token" value="([^"]+)"', seller.get(PAGE).text)
    assert token
    large = FileStorage(io.BytesIO(b" " * (RECORD_CHARACTERS_MAX + 1)), "a.jsonld")
    border, body = encode_multipart({"csrf_token": token[1], "origin": "https://exchange.example", "file": large})
    answer = seller.post(PAGE, data=body, content_type=f"multipart/form-data; boundary={border}")
    assert answer.status_code == 422
    assert "请选择不超过 512 KiB" in answer.text


def test_a_record_that_was_changed_on_its_way_is_refused(app: Flask, exported: Any) -> None:
    owner, content = exported
    read = json.loads(content)
    read["dct:title"]["@value"] += "（改）"
    answer = upload(as_person(app, Role.MERCHANT, party=owner), json.dumps(read).encode())
    assert answer.status_code == 422
    assert "摘要" in answer.text


def test_a_stranger_reads_no_record(app: Flask, exported: Any) -> None:
    made = upload(as_person(app, Role.MERCHANT, party=exported[0]), exported[1])
    with app.app_context(), db.transaction() as session:
        other = make.make_offer(session).owner
        session.expunge(other)
    stranger = as_person(app, Role.MERCHANT, party=other)
    assert stranger.get(made.location).status_code == 404
