"""A shop that takes payments through a server that behaves like Stripe: an order that waits, and what both sides do."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask

from kernel import clock, db
from kernel.money import Money
from market.entitlements import queries as entitlements
from market.orders import queries as orders
from market.payments import commands as payment_commands
from market.payments import queries as payments
from market.payments.model import Payment
from market.payments.rules import PaymentMethod
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import balance
from tests.fakes.stripe_server import SECRET, FakeStripe
from tests.make import market as make
from tests.make import paying as due
from tests.make import registry_base as base
from web import paying, stripe_hooks

NOW = make.SALE + timedelta(hours=1)


class Shop:
    """One application with an order of 800.00 that waits for its money, and the provider."""

    def __init__(self, app: Flask, fake: FakeStripe, count: int = 1) -> None:
        self.app, self.fake = app, fake
        with app.app_context(), db.transaction() as session:
            self.due: list[UUID] = [one.id for one in due.make_due(session, count)]

    def begin(self, payment_id: UUID | None = None) -> str:
        """Let the buyer ask for a page; return our number of the try."""
        with self.app.app_context():
            with db.transaction() as session:
                payment = session.get_one(Payment, payment_id or self.due[0])
                made = payment_commands.begin(session, due.buyer(payment), payment.id, method=PaymentMethod.STRIPE,
                                              return_url="https://huiyi.example/", now=clock.now())  # fmt: skip
            return paying.follow(made.id).number

    def page(self, number: str) -> str:
        """The provider's page of a try."""
        return str(self.fake.session_for(number)["id"])

    def hook(self, event: dict[str, Any], **signed: Any) -> int:
        """Send one event as Stripe does."""
        body, header = self.fake.signed(event, **({"at": NOW} | signed))
        return self.post(body, header)

    def post(self, body: bytes, header: str) -> int:
        """Send any body with any signature."""
        answer = self.app.test_client().post(
            "/hooks/stripe", data=body, headers={"Stripe-Signature": header, "Content-Type": "application/json"}
        )
        return answer.status_code

    def work(self) -> None:
        """Deal with what waits."""
        with self.app.app_context():
            stripe_hooks.work_off(clock.now())

    def read(self, question: Any) -> Any:
        """Read something from the books."""
        with self.app.app_context(), db.transaction() as session:
            return question(session)

    def states(self, payment_id: UUID | None = None) -> tuple[Any, ...]:
        """Where payment, order and tries stand, and whether access is open."""

        def look(session: Any) -> tuple[Any, ...]:
            payment = session.get_one(Payment, payment_id or self.due[0])
            order = orders.get(session, payment.order_id)
            tries = [one.state for one in payments.attempts_of(session, payment.id)]
            return payment.state, order.state, tries, entitlements.of_order(session, order.id) is not None

        return self.read(look)  # type: ignore[no-any-return]

    def books(self, payment_id: UUID | None = None) -> dict[str, Money]:
        """The balances after everything was taken in; they sum to zero."""

        def look(session: Any) -> dict[str, Money]:
            take_in_payments(session, make.finance(), now=clock.now())
            payment = session.get_one(Payment, payment_id or self.due[0])
            number = orders.get(session, payment.order_id).number
            names = {
                "psp": f"asset:psp:{base.PLACE}", "disputed": f"asset:disputed:{base.PLACE}",
                "unapplied": f"liability:unapplied:{base.PLACE}", "unearned": f"liability:unearned:{number}",
            }  # fmt: skip
            return {name: balance(session, account) for name, account in names.items()}

        return self.read(look)  # type: ignore[no-any-return]


def signed(body: bytes) -> str:
    """Return the header that Stripe would send with a body."""
    moment = int(NOW.timestamp())
    digest = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"
