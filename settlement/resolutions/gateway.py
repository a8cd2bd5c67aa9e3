"""Asking the provider whether it knows of a transfer, before anybody sends it again; nothing is sent here."""

from __future__ import annotations

from market.payments.gateway import Stripe
from market.payments.rules import Answer
from settlement.payouts.gateway import StripeConnect, Transfer


def said_by(provider: Stripe | None, asked: Transfer | None) -> Answer:
    """Return what the provider says now; ``UNKNOWN`` where there is nobody or nothing to ask."""
    if provider is None or asked is None:
        return Answer.UNKNOWN
    return StripeConnect(provider.settings, provider.circuit).find_transfer(asked).answer
