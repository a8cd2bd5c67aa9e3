"""Transfers to connected accounts, behind one port: asked for under one key and read back.

Nothing here touches the database, and nothing that does calls this: a payout is written as sent and committed first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from kernel.money import Money
from market.payments.gateway import CURRENCY, KEY_LIFE, PAGE_MAX, WORDS_MAX, Stripe
from market.payments.rules import Answer, Outcome
from settlement.payouts.rules import short_words

PAYOUT = "huiyi_payout"
SHORT = "balance_insufficient"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that is sent once, under one key, to one account."""

    number: str
    key: str
    amount: Money
    destination: str
    asked_at: datetime
    provider_id: str | None = None


class TransferGateway(Protocol):
    """One way of sending money to payees."""

    def transfer(self, asked: Transfer, *, now: datetime) -> Outcome:
        """Send the money; asked again under the same key, it is the same transfer."""
        ...

    def read_transfer(self, asked: Transfer) -> Outcome:
        """Return what is known about money that was sent."""
        ...

    def find_transfer(self, asked: Transfer) -> Outcome:
        """Return what is known about money that was perhaps sent, and send nothing; ``CANCELLED``: not known there."""
        ...

    def available(self) -> Money | None:
        """Return how much can be sent now, or None when there is no answer."""
        ...


class StripeConnect(Stripe):
    """Transfers from the platform's account to connected accounts (Stripe Connect)."""

    def transfer(self, asked: Transfer, *, now: datetime) -> Outcome:
        """Send the money. After a day the key is forgotten: then look whether it was ever sent before asking again.

        ``PENDING``: refused for want of balance, nothing was sent.
        """
        if now - asked.asked_at > KEY_LIFE:
            known = self._asked(lambda: self._transfer_found(asked))
            if known.answer is not Answer.CANCELLED:
                return known
        wanted: Any = {
            "amount": asked.amount.fen, "currency": CURRENCY, "destination": asked.destination,
            "transfer_group": asked.number, "metadata": {PAYOUT: asked.number},
        }  # fmt: skip

        def create() -> Outcome:
            try:
                made = self.client.transfers.create(params=wanted, options={"idempotency_key": asked.key})
            except self.errors.InvalidRequestError as error:  # refused: nothing was sent, whatever is missing
                if error.code == SHORT:
                    return Outcome(Answer.PENDING, reason=short_words(asked.amount, None))
                return Outcome(Answer.FAILED, reason=str(error.user_message or error)[:WORDS_MAX])
            return self._sent(asked, made)

        return self._asked(create)

    def read_transfer(self, asked: Transfer) -> Outcome:
        """Read the transfer from Stripe."""
        provider_id = asked.provider_id
        if provider_id is None:
            return Outcome(Answer.UNKNOWN, reason="尚不知道转账编号")
        return self._asked(lambda: self._sent(asked, self.client.transfers.retrieve(provider_id)))

    def find_transfer(self, asked: Transfer) -> Outcome:
        """Read the transfer from Stripe by its name there and, where Stripe has none of that name, by our number."""

        def find() -> Outcome:
            if asked.provider_id is not None:
                try:
                    return self._sent(asked, self.client.transfers.retrieve(asked.provider_id))
                except self.errors.InvalidRequestError as error:
                    if error.code != "resource_missing":
                        raise
            return self._transfer_found(asked)

        return self._asked(find)

    def available(self) -> Money | None:
        """Return the balance that Stripe lets us transfer from."""
        try:
            found = self._heard(lambda: self.client.balance.retrieve())
        except self.errors.StripeError:
            return None
        return Money(sum(int(one.amount) for one in found.available if one.currency == CURRENCY))

    def _transfer_found(self, asked: Transfer) -> Outcome:
        page = self.client.transfers.list(params={"transfer_group": asked.number, "limit": PAGE_MAX})
        known = next((one for one in page.auto_paging_iter() if one.transfer_group == asked.number), None)
        return Outcome(Answer.CANCELLED) if known is None else self._sent(asked, known)

    def _sent(self, asked: Transfer, found: Any) -> Outcome:
        """Return what a transfer says, held against what was asked for."""
        provider_id, destination = str(found.id), found.destination
        to = destination if isinstance(destination, str) else str(destination.id)
        is_ours = found.transfer_group == asked.number and to == asked.destination
        if not is_ours or found.amount != asked.amount.fen or found.currency != CURRENCY:
            return Outcome(Answer.MISMATCH, provider_id=provider_id, reason="与所请求的转账不符，须人工核对")
        if found.reversed:
            return Outcome(Answer.FAILED, provider_id=provider_id, reason="转账已全额撤回")
        if found.amount_reversed:
            return Outcome(Answer.MISMATCH, provider_id=provider_id, reason="转账被部分撤回，须人工核对")
        return Outcome(Answer.SUCCEEDED, provider_id=provider_id, amount=Money(found.amount))
