"""The client for Python does over real HTTP what its examples say, and is installed by pip from the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from market.orders import queries as orders
from market.webhooks.rules import headers, message_body, secret_text
from registry.parties.model import Party
from tests.make import market as make
from tests.make.clients import token_of

ROOT = Path(__file__).resolve().parent.parent.parent / "clients" / "python"
sys.path.insert(0, str(ROOT / "src"))

from huiyi_client import Forged, Huiyi, Refused, Unreachable, verify  # noqa: E402 - found by the line above

KEY = "91330624000000001X"
SECRET = bytes(range(32))


@pytest.fixture
def shop(app: Flask, live_url: str) -> Iterator[SimpleNamespace]:
    """A product with data behind it, on a served application whose clock runs from the day of the sale."""
    with clock.set_to(make.SALE), app.app_context(), db.transaction() as session:
        product = make.make_offer(session)
        make.load_data(session, product)
        buyer = make.buyer_of(session)
        party, owner = session.get_one(Party, buyer.org_id), session.get_one(Party, product.owner_id)
        code, place = product.code, product.place
    with clock.set_to(make.SALE):
        made = SimpleNamespace(
            app=app, url=live_url, code=code, buyer=token_of(app, Role.BUYER, party=party),
            seller=token_of(app, Role.MERCHANT, party=owner, place=place),
        )  # fmt: skip
    clock.run_from(make.SALE)
    yield made
    clock.run_from(None)


def run(name: str, *words: str, **environment: str) -> str:
    """Run an example as its reader would, and return what it printed."""
    known = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8", **environment}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *words], env=known, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_examples_buy_sign_and_use_a_product_over_http(shop: SimpleNamespace) -> None:
    buyer = {"HUIYI_URL": shop.url, "HUIYI_KEY": shop.buyer}
    first = run("buyer.py", "qyxy", KEY, **buyer)
    assert f"{shop.code} " in first
    assert "from 0.8 yuan" in first
    assert "800.00 yuan until" in first
    assert "is buyer_signed" in first
    sold = run("seller.py", HUIYI_URL=shop.url, HUIYI_KEY=shop.seller)
    assert "800.00 yuan: contract" in sold
    number = next(one for one in Huiyi(shop.url, shop.buyer).orders()).number
    with clock.set_to(make.SALE), shop.app.app_context(), db.transaction() as session:
        make.pay(session, orders.visible(session, make.finance(), number))
    used = run("buyer.py", "qyxy", KEY, **buyer)
    assert "payment captured: 800.00 yuan" in used
    assert "hit True, left 999" in used
    assert "1 used, 999 left" in used
    again = run("buyer.py", "qyxy", KEY, **buyer)
    assert "1 used, 999 left" in again, "the same reference counts once"


def test_refusals_are_typed_and_repetitions_are_one_piece_of_work(shop: SimpleNamespace) -> None:
    huiyi = Huiyi(shop.url, shop.buyer, language="en")
    quote = huiyi.quote(shop.code, purpose="industry_development", scenario=make.SCENARIO, quantity=1000, key="a" * 32)
    assert quote.amount == Decimal("800.00")
    same = huiyi.quote(shop.code, purpose="industry_development", scenario=make.SCENARIO, quantity=1000, key="a" * 32)
    assert same.number == quote.number
    order = huiyi.order(quote.number, client_reference="PO-1")
    assert huiyi.order(quote.number, client_reference="PO-1") == order
    assert len(list(huiyi.orders())) == 1
    with pytest.raises(Refused) as refused:
        huiyi.get_order("ORD-2026-999999")
    assert (refused.value.status, refused.value.code[:6], len(refused.value.trace_id)) == (404, "order.", 32)
    with pytest.raises(Refused, match="401"):
        list(Huiyi(shop.url).orders())
    with pytest.raises(Unreachable):
        Huiyi("http://127.0.0.1:9", tries=2, sleep=lambda _seconds: None).product("X")
    with pytest.raises(ValueError, match="https"):
        Huiyi("ftp://huiyi.example")


def test_a_text_that_is_not_the_one_of_its_digest_is_not_signed(shop: SimpleNamespace) -> None:
    huiyi = Huiyi(shop.url, shop.buyer)
    quote = huiyi.quote(shop.code, purpose="industry_development", scenario=make.SCENARIO, quantity=1000)
    contract = huiyi.contract_of(huiyi.order(quote.number, client_reference="PO-2").number)
    forged = type(contract)(**{**vars(contract), "text": contract.text + "另加一条"})
    with pytest.raises(ValueError, match="digest"):
        huiyi.sign(forged)
    assert huiyi.sign(contract).state == "buyer_signed"


def test_a_busy_marketplace_is_asked_again_after_the_time_that_it_names() -> None:
    asked: list[str | None] = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["Idempotency-Key"])
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"code": "busy"} if len(asked) < 3 else SHOWN).encode()
            self.send_response(429 if len(asked) < 3 else 201)
            self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None: ...

    SHOWN = {"number": "Q", "state": "open", "amount": "1.00", "reason": "r", "valid_until": "2026-07-27T02:00:00Z"}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    waited: list[float] = []
    huiyi = Huiyi(f"http://127.0.0.1:{server.server_port}", "k", sleep=waited.append)
    assert huiyi.quote("X", purpose="p", scenario="s", quantity=1).amount == Decimal("1.00")
    server.shutdown()
    server.server_close()
    assert (waited, len(asked), len(set(asked))) == ([7.0, 7.0], 3, 1)


def signed(kind: str = "order.place", **changed: Any) -> tuple[bytes, dict[str, str]]:
    """A message as the marketplace signs it now."""
    text = message_body(
        kind, make.SALE, org_id=db.new_id(), resource_type="market_order", resource_id="1", number="ORD-1", version=1,
        **changed,
    )  # fmt: skip
    return text.encode(), headers("msg_1", clock.now(), text, [SECRET])


def test_the_signature_of_the_marketplace_is_accepted_and_every_change_is_noticed() -> None:
    body, sent = signed()
    event = verify(body, sent, ["whsec_" + secret_text(bytes(32))[6:], secret_text(SECRET)])
    assert (event.id, event.type, event.number, event.version) == ("msg_1", "order.place", "ORD-1", 1)
    wrong = [(body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :], sent) for place in range(len(body))]
    wrong += [(body, {**sent, "webhook-id": "msg_2"}), (body, {**sent, "webhook-timestamp": "1"}), (body, {})]
    wrong += [(body, {**sent, "webhook-signature": sent["webhook-signature"].replace("v1,", "v2,")})]
    for changed, told in wrong:
        with pytest.raises(Forged):
            verify(changed, told, [secret_text(SECRET)])
    with pytest.raises(Forged):
        verify(body, sent, [secret_text(bytes(32))])
    with pytest.raises(Forged):
        verify(body, sent, [secret_text(SECRET)], now=time.time() + 301)


def test_the_example_receiver_proves_its_address_and_takes_each_message_once() -> None:
    known = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HUIYI_WEBHOOK_SECRETS": secret_text(SECRET)}
    running = subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "receive_webhooks.py"), "0"],
        env=known,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    with running:
        url = f"http://127.0.0.1:{running.stdout.readline().split()[-1]}/"
        body, sent = signed("endpoint.challenge", challenge="abc")
        assert json.loads(urlopen(Request(url, body, sent), timeout=10).read()) == {"challenge": "abc"}
        for _twice in range(2):
            body, sent = signed()
            assert urlopen(Request(url, body, sent), timeout=10).status == 200
        running.terminate()
        assert running.stdout.read().splitlines() == ["endpoint.challenge ORD-1 1"], "the id was the same"


def test_pip_installs_the_client_from_the_repository(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if ".dist-info/" not in name}
        metadata = packed.read(next(name for name in packed.namelist() if name.endswith("METADATA"))).decode()
        packed.extractall(tmp_path / "installed")
    sources = {f"huiyi_client/{path.name}" for path in (ROOT / "src" / "huiyi_client").iterdir() if path.is_file()}
    assert names == sources
    assert "Requires-Dist" not in metadata
    look = "import huiyi_client; print(huiyi_client.__file__, huiyi_client.Huiyi('https://a.example').search)"
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r}); {look}"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert str(tmp_path) in found.stdout


def test_the_client_is_typed_throughout() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "src", "examples"], cwd=ROOT,
        capture_output=True, text=True, env={**os.environ, "MYPYPATH": "src"},
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
