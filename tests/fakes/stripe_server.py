"""A server on this machine that answers like Stripe, for the calls that Huiyi makes.

Idempotency keys, form encoding, object shapes, errors, paged lists and signed events are Stripe's. Switches make it
slow, broken, silent after the work was done, or wrong; :meth:`FakeStripe.buyer_pays` does what a buyer's browser does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

KEY = "sk_test_" + "huiyi" * 4
SECRET = "whsec_" + "huiyi" * 6


@dataclass
class Switches:
    """What goes wrong, for the next calls whose path begins with ``on``."""

    on: str = "/v1/"
    fail_before: int = 0  # so many calls answer 500 and do nothing
    fail_after: int = 0  # so many calls do the work and then answer 500
    silent_after: int = 0  # so many calls do the work and then close the connection
    delay: float = 0.0


@dataclass
class FakeStripe:
    """The state of one Stripe account."""

    url: str = ""
    now: Callable[[], float] = time.time
    livemode: bool = False
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, tuple[str, int, str]] = field(default_factory=dict)  # by idempotency key
    switches: Switches = field(default_factory=Switches)
    refund_state: str = "succeeded"
    fee_rate: float = 0.006
    unpaid: list[str] = field(default_factory=list)  # balance transactions that no payout holds yet
    connected: set[str] = field(default_factory=lambda: {"acct_operator0001"})
    available: int = 10**9  # fen that can be transferred
    lock: threading.RLock = field(default_factory=threading.RLock)
    serial: int = 0

    def new_id(self, prefix: str) -> str:
        """Return a name as Stripe makes them."""
        self.serial += 1
        return f"{prefix}_test_{self.serial:014d}"

    def keep(self, kind: str, prefix: str, **values: Any) -> dict[str, Any]:
        """Keep a new object."""
        made = {"id": self.new_id(prefix), "object": kind, "created": int(self.now()), "livemode": self.livemode}
        self.objects[made["id"]] = made | values
        return self.objects[made["id"]]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return the objects of a kind, the newest first, as Stripe lists them."""
        return [one for one in reversed(self.objects.values()) if one["object"] == kind]

    def tell(self, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
        """Keep an event about an object as it is now."""
        event = {
            "id": self.new_id("evt"), "object": "event", "api_version": "2026-10-28.acacia", "type": kind,
            "created": int(self.now()), "livemode": self.livemode, "pending_webhooks": 1,
            "data": {"object": json.loads(json.dumps(thing))}, "request": {"id": None, "idempotency_key": None},
        }  # fmt: skip
        self.events.append(event)
        return event

    # ---- what people do at Stripe ----

    def session_for(self, number: str) -> dict[str, Any]:
        """Return the Checkout session that was opened under our number."""
        return next(one for one in self.of_kind("checkout.session") if one["client_reference_id"] == number)

    def buyer_pays(self, session_id: str, *, amount: int | None = None, currency: str = "cny") -> dict[str, Any]:
        """Pay as a buyer does on the page, or otherwise than was asked for."""
        with self.lock:
            session = self.objects[session_id]
            assert session["status"] == "open", "an expired page takes no money"
            paid = session["amount_total"] if amount is None else amount
            intent = self.keep(
                "payment_intent", "pi", amount=paid, amount_received=paid, currency=currency, status="succeeded",
                metadata=dict(session["intent_metadata"]), latest_charge=None, payment_method_types=["card"],
            )  # fmt: skip
            charge = self.keep("charge", "ch", amount=paid, currency=currency, payment_intent=intent["id"], paid=True,
                               amount_refunded=0, refunded=False, status="succeeded",
                               metadata=dict(session["intent_metadata"]))  # fmt: skip
            intent["latest_charge"] = charge["id"]
            self.moves("charge", charge, paid, fee=round(paid * self.fee_rate))
            session |= {"status": "complete", "payment_status": "paid", "payment_intent": intent["id"]}
            self.tell("payment_intent.succeeded", intent)
            self.tell("charge.succeeded", charge)
            self.tell("checkout.session.completed", session)
            return intent

    def moves(
        self, kind: str, source: dict[str, Any], amount: int, *, fee: int = 0, category: str = ""
    ) -> dict[str, Any]:
        """Keep a balance transaction, as Stripe does for everything that changes the balance."""
        made = self.keep(
            "balance_transaction", "txn", type=kind, reporting_category=category or kind, amount=amount, fee=fee,
            net=amount - fee, currency=source["currency"], source=source["id"], description=None, status="available",
        )  # fmt: skip
        self.unpaid.append(made["id"])
        return made

    def pays_out(self) -> dict[str, Any] | None:
        """Send the balance to the bank, as an automatic payout does."""
        with self.lock:
            inside = [self.objects[name] for name in self.unpaid]
            amount = sum(one["net"] for one in inside)
            if amount <= 0:
                return None
            payout = self.keep(
                "payout", "po", amount=amount, currency="cny", status="paid", automatic=True, metadata={}
            )
            self.moves("payout", payout, -amount)
            for one in inside:
                one["in_payout"] = payout["id"]
            self.unpaid.clear()
            self.tell("payout.paid", payout)
            return payout

    def balance(self) -> dict[str, Any]:
        """Return a page of balance transactions: of a time, or of one payout."""
        payout = request.args.get("payout")
        until = int(request.args.get("created[lt]", 2**62))
        found = [one for one in self.of_kind("balance_transaction") if one["created"] < until]
        if payout is not None:
            found = [one for one in found if one.get("in_payout") == payout or one["source"] == payout]
        shown = self.page(found)
        for one in shown["data"]:
            one.pop("in_payout", None)
            if request.args.get("expand[0]") == "data.source" and one["source"] in self.objects:
                one["source"] = dict(self.objects[one["source"]])
        return shown

    def page_expires(self, session_id: str) -> None:
        """Let a page's time run out."""
        with self.lock:
            self.objects[session_id]["status"] = "expired"
            self.tell("checkout.session.expired", self.objects[session_id])

    def refund_ends(self, refund_id: str, state: str) -> None:
        """Let a pending refund succeed or fail."""
        with self.lock:
            refund = self.objects[refund_id]
            refund["status"] = state
            self.tell("refund.updated" if state == "succeeded" else "refund.failed", refund)

    def bank_contests(self, intent_id: str, *, amount: int | None = None) -> dict[str, Any]:
        """Open a dispute about a charge."""
        with self.lock:
            intent = self.objects[intent_id]
            made = self.keep(
                "dispute", "dp", amount=amount or intent["amount"], currency=intent["currency"],
                charge=intent["latest_charge"], payment_intent=intent_id, reason="fraudulent", status="needs_response",
                metadata={}, balance_transactions=[], is_charge_refundable=False,
            )  # fmt: skip
            self.tell("charge.dispute.created", made)
            self.moves("adjustment", made, -made["amount"], category="dispute")
            return made

    def dispute_ends(self, dispute_id: str, state: str) -> None:
        """Close a dispute as won or lost."""
        with self.lock:
            self.objects[dispute_id]["status"] = state
            if state == "won":
                one = self.objects[dispute_id]
                self.moves("adjustment", one, one["amount"], category="dispute_reversal")
            self.tell("charge.dispute.closed", self.objects[dispute_id])

    def signed(self, event: dict[str, Any], *, at: datetime | None = None, secret: str = SECRET) -> tuple[bytes, str]:
        """Return the body of a webhook and its ``Stripe-Signature``."""
        body = json.dumps(event, indent=2).encode()
        moment = int(at.timestamp() if at else self.now())
        digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        return body, f"t={moment},v1={digest}"

    # ---- what our program asks for ----

    def create_session(self, form: dict[str, Any]) -> dict[str, Any]:
        """Open a Checkout page."""
        item = form["line_items"]["0"]
        amount = int(item["price_data"]["unit_amount"]) * int(item["quantity"])
        made = self.keep(
            "checkout.session", "cs", mode=form["mode"], client_reference_id=form.get("client_reference_id"),
            amount_total=amount, currency=item["price_data"]["currency"], status="open", payment_status="unpaid",
            payment_intent=None, metadata=form.get("metadata", {}), success_url=form["success_url"],
            payment_method_types=list(form["payment_method_types"].values()),
        )  # fmt: skip
        made["url"] = f"https://checkout.stripe.com/c/pay/{made['id']}"
        made["intent_metadata"] = form.get("payment_intent_data", {}).get("metadata", {})
        return made

    def create_refund(self, form: dict[str, Any]) -> dict[str, Any]:
        """Give money back, at most what came."""
        intent = self.objects.get(form["payment_intent"])
        if intent is None:
            raise Refused("resource_missing", f"No such payment_intent: '{form['payment_intent']}'")
        amount = int(form.get("amount", intent["amount"]))
        kept = [one for one in self.of_kind("refund") if one["status"] not in ("failed", "canceled")]
        given = sum(one["amount"] for one in kept if one["payment_intent"] == intent["id"])
        if given + amount > intent["amount_received"]:
            raise Refused("charge_already_refunded", "Refund amount is greater than unrefunded amount on charge")
        made = self.keep(
            "refund", "re", amount=amount, currency=intent["currency"], payment_intent=intent["id"],
            charge=intent["latest_charge"], status=self.refund_state, metadata=form.get("metadata", {}), reason=None,
        )  # fmt: skip
        self.tell("refund.created", made)
        self.moves("refund", made, -amount)
        return made

    def create_transfer(self, form: dict[str, Any]) -> dict[str, Any]:
        """Send money to a connected account; made is sent."""
        if form["destination"] not in self.connected:
            raise Refused("resource_missing", f"No such destination: '{form['destination']}'")
        if int(form["amount"]) > self.available:
            raise Refused("balance_insufficient", "You have insufficient available funds in your Stripe account.")
        made = self.keep(
            "transfer", "tr", amount=int(form["amount"]), currency=form["currency"], destination=form["destination"],
            transfer_group=form.get("transfer_group"), metadata=form.get("metadata", {}), reversed=False,
            amount_reversed=0,
        )  # fmt: skip
        self.tell("transfer.created", made)
        self.moves("transfer", made, -made["amount"])
        return made

    def expire(self, session_id: str) -> dict[str, Any]:
        """Close a page that is open."""
        session = self.found(session_id)
        if session["status"] != "open":
            raise Refused("", "Only Checkout Sessions with a status in ['open'] can be expired.")
        self.page_expires(session_id)
        return session

    def found(self, identity: str) -> dict[str, Any]:
        """Return an object by its name."""
        if identity not in self.objects:
            raise Refused("resource_missing", f"No such object: '{identity}'", 404)
        return self.objects[identity]

    def expanded(self, thing: dict[str, Any]) -> dict[str, Any]:
        """Return the object with the objects that it names, where the call asked for them."""
        shown = {name: value for name, value in thing.items() if name != "intent_metadata"}
        for path in [value for name, value in request.args.items() if name.startswith("expand")]:
            inner = shown
            for name in path.split("."):
                if isinstance(inner.get(name), str):
                    inner[name] = dict(self.objects[inner[name]])
                inner = inner.get(name) or {}
        return shown

    def page(self, things: list[dict[str, Any]]) -> dict[str, Any]:
        """Return one page of a list, as ``limit`` and ``starting_after`` ask."""
        since = int(request.args.get("created[gte]", 0))
        things = [one for one in things if one["created"] >= since]
        intent = request.args.get("payment_intent")
        things = [one for one in things if intent is None or one.get("payment_intent") == intent]
        group = request.args.get("transfer_group")
        things = [one for one in things if group is None or one.get("transfer_group") == group]
        after, limit = request.args.get("starting_after"), int(request.args.get("limit", 10))
        start = next((place + 1 for place, one in enumerate(things) if one["id"] == after), 0)
        shown = [self.expanded(one) for one in things[start : start + limit]]
        return {"object": "list", "url": request.path, "has_more": len(things) > start + limit, "data": shown}


class Refused(Exception):
    """Stripe says no: nothing was done."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def nested(form: Iterator[tuple[str, str]]) -> dict[str, Any]:
    """Return ``a[b][0]=c`` as nested mappings."""
    found: dict[str, Any] = {}
    for name, value in form:
        *path, last = re.findall(r"[^\[\]]+", name)
        inner = found
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return found


def application(fake: FakeStripe) -> Flask:
    """Return the HTTP side."""
    app = Flask("fake_stripe")

    def answered(make: Callable[[dict[str, Any]], dict[str, Any]]) -> Response:
        form = nested(iter(request.form.items()))
        key, print_of = request.headers.get("Idempotency-Key", ""), json.dumps([request.path, form], sort_keys=True)
        if key and key in fake.answers:
            known, status, body = fake.answers[key]
            if known != print_of:
                return problem("idempotency_error", "", "Keys for idempotent requests can only be used once", 400)
            return Response(body, status, mimetype="application/json", headers={"Idempotent-Replayed": "true"})
        try:
            body, status = jsonify(fake.expanded(make(form))).get_data(as_text=True), 200
        except Refused as error:
            refused = problem("invalid_request_error", error.code, str(error), error.status)
            body, status = refused.get_data(as_text=True), error.status
        if key:
            fake.answers[key] = (print_of, status, body)
        return Response(body, status, mimetype="application/json")

    @app.before_request
    def check() -> Response | None:
        fake.calls.append((request.method, request.path))
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return problem("invalid_request_error", "", "Invalid API Key provided", 401)
        if request.path.startswith(fake.switches.on):
            time.sleep(fake.switches.delay)
            if fake.switches.fail_before > 0:
                fake.switches.fail_before -= 1
                return problem("api_error", "", "Something went wrong", 500)
        return None

    @app.after_request
    def spoil(response: Response) -> Response:
        if request.path.startswith(fake.switches.on) and response.status_code < 500:
            if fake.switches.fail_after > 0:
                fake.switches.fail_after -= 1
                return problem("api_error", "", "Something went wrong", 500)
            if fake.switches.silent_after > 0:
                fake.switches.silent_after -= 1
                request.environ["werkzeug.socket"].shutdown(2)
        return response

    routes: dict[tuple[str, str], Callable[..., Any]] = {
        ("POST", "/v1/checkout/sessions"): lambda: answered(fake.create_session),
        ("GET", "/v1/checkout/sessions"): lambda: jsonify(fake.page(fake.of_kind("checkout.session"))),
        ("POST", "/v1/checkout/sessions/<name>/expire"): lambda name: answered(lambda _form: fake.expire(name)),
        ("POST", "/v1/refunds"): lambda: answered(fake.create_refund),
        ("GET", "/v1/refunds"): lambda: jsonify(fake.page(fake.of_kind("refund"))),
        ("POST", "/v1/transfers"): lambda: answered(fake.create_transfer),
        ("GET", "/v1/transfers"): lambda: jsonify(fake.page(fake.of_kind("transfer"))),
        **{("GET", f"/v1/{kind}/<name>"): lambda name: answered(lambda _form: fake.found(name))
           for kind in ("checkout/sessions", "refunds", "transfers", "disputes")},
        ("GET", "/v1/balance_transactions"): lambda: jsonify(fake.balance()),
        ("GET", "/v1/balance"): lambda: jsonify({"available": [{"amount": fake.available, "currency": "cny"}]}),
        ("GET", "/v1/events"): lambda: jsonify(fake.page(list(reversed(fake.events)))),
    }  # fmt: skip
    return served(app, fake, routes)


def served(app: Flask, fake: FakeStripe, routes: dict[tuple[str, str], Callable[..., Any]]) -> Flask:
    """Answer under these routes, one request at a time."""
    for (method, path), view in routes.items():
        app.add_url_rule(path, f"{method} {path}", serial(fake, view), methods=[method])
    return app


def serial(fake: FakeStripe, view: Callable[..., Any]) -> Callable[..., Any]:
    """Let one request at a time see and change the account."""

    def locked(**names: str) -> Any:
        with fake.lock:
            return view(**names)

    return locked


def problem(kind: str, code: str, message: str, status: int) -> Response:
    """Return an error as Stripe writes it."""
    body = {"error": {"type": kind, "message": message, **({"code": code} if code else {})}}
    return Response(json.dumps(body), status, mimetype="application/json")


@contextmanager
def running(**state: Any) -> Iterator[FakeStripe]:
    """Run the server on a free port of this machine."""
    fake = FakeStripe(**state)
    server = make_server("127.0.0.1", 0, application(fake), threaded=True)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
