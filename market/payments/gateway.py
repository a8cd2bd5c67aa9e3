"""How money comes in and goes back, behind one protocol: bank transfer, and Stripe.

Nothing here touches the database, and nothing that does calls this: what is asked for is written and committed
first, then the provider is called, then its answer is written. No answer is :data:`Answer.UNKNOWN`, never "failed".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from stdnum.iso7064 import mod_97_10

from kernel.money import Money
from market.payments.rules import Answer, Contested, Happened, Outcome, PaymentMethod

CURRENCY = "cny"
KEY_LIFE = timedelta(hours=23)  # Stripe forgets an idempotency key after 24 hours: then look before asking again
CLOCK_SKEW = timedelta(minutes=10)
SECONDS_MAX = 5  # asked again under the same key, a call that was too slow does no harm
PAGE_MAX = 100
ORDER = "huiyi_attempt"
REFUND = "huiyi_refund"
WORDS_MAX = 300
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Instructions:
    """What the buyer has to do: how, how much, and the words by which the money is recognised."""

    method: PaymentMethod
    amount: Money
    reference: str
    text: str


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that is asked for once, under one key."""

    number: str
    key: str
    amount: Money
    description: str
    asked_at: datetime
    provider_id: str | None = None
    return_url: str = ""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Money that is given back once, under one key, out of money that came as ``intent_id``."""

    number: str
    key: str
    amount: Money
    asked_at: datetime
    intent_id: str
    provider_id: str | None = None


class PaymentGateway(Protocol):
    """One way of paying."""

    method: PaymentMethod

    def reference(self, order_number: str) -> str:
        """Return the reference by which the payment of an order is recognised."""
        ...

    def instructions(self, reference: str, amount: Money, *, payee: str) -> Instructions:
        """Return what the buyer has to do."""
        ...

    def start(self, charge: Charge, *, now: datetime) -> Outcome:
        """Ask for the money; asked again under the same key, it is the same request."""
        ...

    def read(self, charge: Charge) -> Outcome:
        """Return what is known about money that was asked for."""
        ...

    def stop(self, charge: Charge) -> Outcome:
        """Take the money no longer; what has been paid stays paid."""
        ...

    def give_back(self, asked: GiveBack, *, now: datetime) -> Outcome:
        """Give money back; asked again under the same key, it is the same refund."""
        ...

    def read_back(self, asked: GiveBack) -> Outcome:
        """Return what is known about money that is given back."""
        ...


class Circuit(Protocol):
    """Whether calling is worth while: a provider that was silent lately is left alone for a while."""

    def lets(self) -> bool:
        """Say whether a call may be made now."""
        ...

    def note(self, *, is_answered: bool) -> None:
        """Note whether a call was answered."""
        ...


class BankTransfer:
    """The buyer transfers the exact amount and writes the reference into the remark of the transfer.

    Only the bank's own lines say whether money came or went, so every answer is "pending".
    """

    method = PaymentMethod.BANK_TRANSFER

    def reference(self, order_number: str) -> str:
        """Return the order number with ISO 7064 mod 97,10 check digits: a mistyped remark is noticed."""
        body = order_number.replace("-", "").upper()
        return f"{body}{mod_97_10.calc_check_digits(body)}"

    def instructions(self, reference: str, amount: Money, *, payee: str) -> Instructions:
        """Return the words for the order page."""
        text = (
            f"请由购买方账户汇付 {amount.grouped()} 元至“{payee}”的结算账户，附言只填写 {reference}。"
            "金额须与订单完全一致，到账由财务经办核对后即时开通。"
        )
        return Instructions(self.method, amount, reference, text)

    def start(self, charge: Charge, *, now: datetime) -> Outcome:
        """Wait for the bank."""
        return Outcome(Answer.PENDING)

    def read(self, charge: Charge) -> Outcome:
        """Wait for the bank."""
        return Outcome(Answer.PENDING)

    def stop(self, charge: Charge) -> Outcome:
        """Wait no longer; a transfer that comes nevertheless is queued for a person."""
        return Outcome(Answer.CANCELLED)

    def give_back(self, asked: GiveBack, *, now: datetime) -> Outcome:
        """Wait for the person who transfers it and enters the bank's line."""
        return Outcome(Answer.PENDING)

    def read_back(self, asked: GiveBack) -> Outcome:
        """Wait for that person."""
        return Outcome(Answer.PENDING)


@dataclass(frozen=True, slots=True)
class StripeSettings:
    """The account at Stripe and what it accepts."""

    key: str
    base: str = ""  # another address of the API, for tests
    ways: tuple[str, ...] = ("card",)

    @property
    def is_live(self) -> bool:
        """Say whether real money moves."""
        return self.key.startswith(("sk_live_", "rk_live_"))


class Stripe(BankTransfer):
    """A page of Stripe's on which the buyer pays by card, Alipay or WeChat Pay (Checkout).

    References are those of the bank transfer: the same order may be paid either way.
    """

    method = PaymentMethod.STRIPE

    def __init__(self, settings: StripeSettings, circuit: Circuit | None = None) -> None:
        """Speak to the account of ``settings``; every call ends after seconds and is not repeated here."""
        import stripe  # only where it is used: it takes longer to import than all the rest

        self.errors = stripe
        self.settings, self.circuit = settings, circuit
        self.client = stripe.StripeClient(
            settings.key, max_network_retries=0, http_client=stripe.RequestsClient(timeout=SECONDS_MAX),
            base_addresses={"api": settings.base} if settings.base else {},
        ).v1  # fmt: skip

    def start(self, charge: Charge, *, now: datetime) -> Outcome:
        """Open the page. After a day the key is forgotten: then look whether the page was ever opened."""
        if now - charge.asked_at > KEY_LIFE:
            return self._asked(lambda: self._found(charge))
        return self._asked(lambda: self._session(charge, self._opened(charge)))

    def _opened(self, charge: Charge) -> Any:
        item = {"currency": CURRENCY, "unit_amount": charge.amount.fen, "product_data": {"name": charge.description}}
        wanted = {
            "mode": "payment",
            "client_reference_id": charge.number,
            "line_items": [{"quantity": 1, "price_data": item}],
            "payment_method_types": list(self.settings.ways),
            "metadata": {ORDER: charge.number},
            "payment_intent_data": {"metadata": {ORDER: charge.number}, "description": charge.description},
            "success_url": charge.return_url,
            "cancel_url": charge.return_url,
        }
        if "wechat_pay" in self.settings.ways:
            wanted["payment_method_options"] = {"wechat_pay": {"client": "web"}}
        return self.client.checkout.sessions.create(params=wanted, options={"idempotency_key": charge.key})  # type: ignore[arg-type]

    def _found(self, charge: Charge) -> Outcome:
        since = int((charge.asked_at - CLOCK_SKEW).timestamp())
        page = self.client.checkout.sessions.list(params={"created": {"gte": since}, "limit": PAGE_MAX})
        known = next((one for one in page.auto_paging_iter() if one.client_reference_id == charge.number), None)
        if known is None:
            return Outcome(Answer.CANCELLED, reason="24 小时后查无此笔，从未提交")
        return self._session(charge, self._retrieved(known.id))

    def _retrieved(self, provider_id: str) -> Any:
        return self.client.checkout.sessions.retrieve(provider_id, params={"expand": ["payment_intent.latest_charge"]})

    def read(self, charge: Charge) -> Outcome:
        """Read the page, the money and the charge from Stripe."""
        provider_id = charge.provider_id
        if provider_id is None:
            return Outcome(Answer.UNKNOWN, reason="尚不知道支付页编号")
        return self._asked(lambda: self._session(charge, self._retrieved(provider_id)))

    def stop(self, charge: Charge) -> Outcome:
        """Close the page; one that has been paid in the meantime is read instead."""
        provider_id = charge.provider_id
        if provider_id is None:
            return Outcome(Answer.UNKNOWN, reason="尚不知道支付页编号")

        def close() -> Outcome:
            try:
                self.client.checkout.sessions.expire(provider_id)
            except self.errors.InvalidRequestError:
                pass  # no longer open: what it became is read
            return self._session(charge, self._retrieved(provider_id))

        return self._asked(close)

    def _session(self, charge: Charge, session: Any) -> Outcome:
        """Return what a Checkout session says, held against what was asked for."""
        intent = session.payment_intent
        known = partial(Outcome, provider_id=str(session.id), intent_id=_id_of(intent), url=session.url)
        faults = [
            name
            for name, is_right in (
                ("订单", session.client_reference_id == charge.number),
                ("测试或正式环境", bool(session.livemode) == self.settings.is_live),
                ("币种", session.currency == CURRENCY),
                ("金额", session.amount_total == charge.amount.fen),
            )
            if not is_right
        ]
        if session.status == "expired":
            return known(Answer.CANCELLED, reason="支付页已过期")
        if session.status != "complete" or session.payment_status != "paid" or isinstance(intent, str | None):
            return known(Answer.PENDING)
        if intent.amount_received != charge.amount.fen:
            faults.append("实收金额")
        if intent.currency != CURRENCY:
            faults.append("实收币种")
        came = Money(intent.amount_received) if intent.currency == CURRENCY else None
        taken = intent.latest_charge
        at = _moment(taken.created if not isinstance(taken, str | None) else intent.created)
        if faults:
            words = f"与所请求的不符：{'、'.join(faults)}"
            return known(Answer.MISMATCH, amount=came, at=at, reason=words)
        return known(Answer.SUCCEEDED, amount=came, at=at)

    def give_back(self, asked: GiveBack, *, now: datetime) -> Outcome:
        """Refund part or all of what came. After a day the key is forgotten: then look before asking again."""
        if now - asked.asked_at > KEY_LIFE:
            known = self._asked(lambda: self._refund_found(asked))
            if known.answer is not Answer.CANCELLED:
                return known
        wanted = {"payment_intent": asked.intent_id, "amount": asked.amount.fen, "metadata": {REFUND: asked.number}}
        return self._asked(lambda: self._refund(asked, self.client.refunds.create(
            params=wanted, options={"idempotency_key": asked.key})))  # type: ignore[arg-type]  # fmt: skip

    def _refund_found(self, asked: GiveBack) -> Outcome:
        page = self.client.refunds.list(params={"payment_intent": asked.intent_id, "limit": PAGE_MAX})
        known = next((one for one in page.auto_paging_iter() if _metadata(one).get(REFUND) == asked.number), None)
        return Outcome(Answer.CANCELLED) if known is None else self._refund(asked, known)

    def read_back(self, asked: GiveBack) -> Outcome:
        """Read the refund from Stripe."""
        provider_id = asked.provider_id
        if provider_id is None:
            return Outcome(Answer.UNKNOWN, reason="尚不知道退款编号")
        return self._asked(lambda: self._refund(asked, self.client.refunds.retrieve(provider_id)))

    def _refund(self, asked: GiveBack, refund: Any) -> Outcome:
        intent_id = _id_of(refund.payment_intent)
        known = partial(Outcome, provider_id=str(refund.id), intent_id=intent_id)
        is_ours = _metadata(refund).get(REFUND) == asked.number and intent_id == asked.intent_id
        if not is_ours or refund.amount != asked.amount.fen or refund.currency != CURRENCY:
            return known(Answer.MISMATCH, reason="与所请求的退款不符")
        if refund.status == "succeeded":
            return known(Answer.SUCCEEDED, amount=Money(refund.amount), at=_moment(refund.created))
        if refund.status in ("failed", "canceled"):
            return known(Answer.FAILED, reason=str(getattr(refund, "failure_reason", None) or refund.status))
        return known(Answer.PENDING)

    def contested(self, provider_id: str) -> Contested | None:
        """Read a dispute from Stripe; ``None`` while Stripe gives no answer."""
        wanted: Any = {"expand": ["payment_intent"]}
        try:
            found: Any = self._heard(lambda: self.client.disputes.retrieve(provider_id, params=wanted))
        except self.errors.StripeError:
            return None
        intent = found.payment_intent
        number = "" if isinstance(intent, str | None) else str(_metadata(intent).get(ORDER, ""))
        return Contested(
            str(found.id), _id_of(intent) or "", Money(found.amount), found.currency, found.status, found.reason,
            _moment(found.created), number,
        )  # fmt: skip

    def happened(self, since: datetime) -> Iterable[Happened] | None:
        """Return the events that Stripe has kept since then, or ``None`` when it gives no answer."""
        wanted: Any = {"created": {"gte": int(since.timestamp())}, "limit": PAGE_MAX}

        def read() -> list[Happened]:
            page = self.client.events.list(params=wanted)
            return [Happened(one.id, one.type, one.to_dict()) for one in page.auto_paging_iter()]

        try:
            return self._heard(read)
        except self.errors.StripeError:
            return None

    def _asked(self, call: Callable[[], Outcome]) -> Outcome:
        """Call Stripe; a refusal is a failure, anything else that goes wrong leaves the result unknown."""
        try:
            return self._heard(call)
        except (self.errors.InvalidRequestError, self.errors.CardError) as error:
            is_missing = error.code == "resource_missing"
            answer = Answer.UNKNOWN if is_missing else Answer.FAILED
            return Outcome(answer, reason=str(error.user_message or error)[:WORDS_MAX])
        except self.errors.StripeError as error:  # no connection, 5xx, too often, key in use, wrong key
            return Outcome(Answer.UNKNOWN, reason=f"{type(error).__name__}"[:WORDS_MAX])

    def _heard(self, call: Callable[[], T]) -> T:
        """Call Stripe unless it was silent lately; a refusal is an answer."""
        if self.circuit is None:
            return call()
        if not self.circuit.lets():
            raise self.errors.APIConnectionError("left alone for a while")  # type: ignore[no-untyped-call]
        is_answered = False
        try:
            found = call()
            is_answered = True
        except (self.errors.InvalidRequestError, self.errors.CardError):
            is_answered = True
            raise
        finally:
            self.circuit.note(is_answered=is_answered)
        return found


def _id_of(thing: Any) -> str | None:
    return thing if isinstance(thing, str | None) else str(thing.id)


def _metadata(thing: Any) -> dict[str, Any]:
    return dict(thing.metadata.to_dict()) if thing.metadata else {}


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


GATEWAYS: dict[PaymentMethod, PaymentGateway] = {PaymentMethod.BANK_TRANSFER: BankTransfer()}


def gateway(method: PaymentMethod) -> PaymentGateway:
    """Return the gateway that knows the references of a way of paying."""
    return GATEWAYS.get(method, GATEWAYS[PaymentMethod.BANK_TRANSFER])


def reference_of(number: str) -> str:
    """Return the reference by which a transfer for an order, an account or a statement is recognised."""
    return GATEWAYS[PaymentMethod.BANK_TRANSFER].reference(number)


def is_reference(text: str) -> bool:
    """Say whether the check digits of a reference fit."""
    return bool(mod_97_10.is_valid(text))
