"""The client: one object per marketplace and key, one method per thing that a buyer or seller does."""

from __future__ import annotations

import hashlib
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from huiyi_client.records import (
    Answer,
    Contract,
    Endpoint,
    Entitlement,
    Entry,
    Listing,
    Order,
    Payment,
    Quote,
    Usage,
)
from huiyi_client.transport import Got, Refused, Transport

API = "/api/v1"


class Huiyi:
    """The marketplace at an address, with an API key (reading the catalogue needs none).

    Everything that changes something carries an idempotency key, so that a repetition after a lost answer is the same
    piece of work. Busy answers (429, 502–504) and lost connections are tried again, ``tries`` times in all.
    """

    def __init__(
        self, base: str, key: str | None = None, *, timeout: float = 30.0, tries: int = 4, language: str = "zh",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        """Keep where to send and as whom; nothing is sent yet."""
        self._http = Transport(base, key, timeout=timeout, tries=tries, language=language, sleep=sleep)

    # ---- the catalogue ----

    def search(self, q: str = "", **filters: Any) -> Iterator[Entry]:
        """Search in characters, pinyin or initials; filters as in the interface (``place=["quzhou"]``)."""
        return map(Entry.read, self._http.pages(f"{API}/catalogue", {"q": q, **filters}))

    def product(self, code: str) -> dict[str, Any]:
        """Read one product with prices, caps, lineage, certificate and gates."""
        return dict(self._http.get(f"{API}/catalogue/{_part(code)}").body)

    # ---- buying ----

    def quote(
        self, product_code: str, *, purpose: str, scenario: str, quantity: int, term_months: int | None = None,
        subject_kind: str | None = None, key: str | None = None,
    ) -> Quote:  # fmt: skip
        """Ask what a purchase costs; the answer explains itself (``raw["explanation"]``) and is valid for days."""
        asked = {"product_code": product_code, "purpose": purpose, "scenario": scenario, "quantity": quantity,
                 "term_months": term_months, "subject_kind": subject_kind}  # fmt: skip
        body = {name: value for name, value in asked.items() if value is not None}
        return Quote.read(self._http.post(f"{API}/quotes", body, key=key).body)

    def order(self, quote_number: str, *, client_reference: str) -> Order:
        """Accept a quote. Sent again with your own reference, it is the same order."""
        key = hashlib.sha256(f"order {client_reference} {quote_number}".encode()).hexdigest()
        body = {"quote_number": quote_number, "client_reference": client_reference}
        return Order.read(self._http.post(f"{API}/orders", body, key=key).body)

    def orders(self, *, state: str | None = None) -> Iterator[Order]:
        """List your orders, newest first."""
        return map(Order.read, self._http.pages(f"{API}/orders", {"state": state}))

    def get_order(self, number: str) -> Order:
        """Read one order."""
        return Order.read(self._http.get(f"{API}/orders/{_part(number)}").body)

    def contract_of(self, order_number: str) -> Contract:
        """Read the contract of an order."""
        return _contract(self._http.get(f"{API}/orders/{_part(order_number)}/contract"))

    def sign(self, contract: Contract) -> Contract:
        """Sign the text that was read; a text that is not the one of its digest is not signed."""
        if hashlib.sha256(contract.text.encode()).hexdigest() != contract.sha256:
            raise ValueError(f"the text of contract {contract.number} is not the one that its digest names")
        return _contract(
            self._http.post(f"{API}/contracts/{contract.id}/signature", {"sha256": contract.sha256}, etag=contract.etag)
        )

    def payment_of(self, order: Order) -> Payment | None:
        """Return what is owed for an order, with the reference for the transfer; nothing for orders of 0.00."""
        found = map(Payment.read, self._http.pages(f"{API}/payments"))
        return next((one for one in found if one.order_id == order.id), None)

    def entitlements(self) -> Iterator[Entitlement]:
        """List what you may use."""
        return map(Entitlement.read, self._http.pages(f"{API}/entitlements"))

    def usage(self) -> Iterator[Usage]:
        """List how much of each entitlement is used."""
        return map(Usage.read, self._http.pages(f"{API}/usage"))

    # ---- using ----

    def call(
        self, product_code: str, key: str, *, client_reference: str, scenario: str | None = None,
        entitlement: str | None = None,
    ) -> Answer:  # fmt: skip
        """Read one record of a product. Sent again with your reference, it is served again and counted once."""
        headers = {"Client-Reference": client_reference}
        for name, value in (("Huiyi-Scenario", scenario), ("Huiyi-Entitlement", entitlement)):
            if value is not None:
                headers[name] = urllib.parse.quote(value)
        found = self._http.get(f"/exchange/v1/products/{_part(product_code)}/records/{_part(key)}", headers=headers)
        left = found.headers["Huiyi-Remaining"]
        return Answer(
            key=found.body["key"], hit=found.body["hit"], record=found.body["record"],
            entitlement=found.headers["Huiyi-Entitlement"], used=int(found.headers["Huiyi-Used"]),
            remaining=None if left == "unlimited" else int(left), repeated=found.headers["Huiyi-Repeated"] == "true",
        )  # fmt: skip

    # ---- selling ----

    def listings(self) -> Iterator[Listing]:
        """List your offers and drafts."""
        return map(Listing.read, self._http.pages(f"{API}/listings"))

    def offer(
        self, product_id: str, *, summary: str, title: str | None = None, venue: str | None = None,
        key: str | None = None,
    ) -> Listing:  # fmt: skip
        """Offer a registered product in the catalogue."""
        asked = {"product_id": product_id, "summary": summary, "title": title, "venue": venue}
        body = {name: value for name, value in asked.items() if value is not None}
        return Listing.read(self._http.post(f"{API}/listings", body, key=key).body)

    # ---- webhooks ----

    def endpoints(self) -> Iterator[Endpoint]:
        """List the addresses that webhooks are sent to."""
        return map(Endpoint.read, self._http.pages(f"{API}/webhook-endpoints"))

    def register_endpoint(self, url: str, *, types: Sequence[str] = (), description: str = "") -> Endpoint:
        """Register an address; it must send the signed challenge back before it is told of anything."""
        body = {"url": url, "types": list(types), "description": description}
        return Endpoint.read(self._http.post(f"{API}/webhook-endpoints", body).body)

    def show_secret(self, endpoint: Endpoint) -> str:
        """Show the secret of an endpoint: once after registering it, and once after each rotation. Keep it."""
        return str(self._http.post(f"{API}/webhook-endpoints/{endpoint.id}/secret").body["secret"])

    def replay(self, delivery_id: str) -> None:
        """Have one message sent again, under the same id."""
        path = f"{API}/webhook-deliveries/{delivery_id}"
        version = self._http.get(path).body["version"]
        self._http.post(f"{path}/replay", etag=f'"v{version}"')


def _part(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _contract(found: Got) -> Contract:
    return Contract.read(found.body, found.etag)


__all__ = ["Huiyi", "Refused"]
