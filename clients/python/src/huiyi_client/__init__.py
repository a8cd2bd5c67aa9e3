"""A typed client of the Huiyi marketplace: search, quote, order, sign, call, count, and check what webhooks say."""

from huiyi_client.client import Huiyi
from huiyi_client.records import (
    Answer,
    Contract,
    Endpoint,
    Entitlement,
    Entry,
    Listing,
    Order,
    Payment,
    Price,
    Quote,
    Usage,
)
from huiyi_client.transport import Refused, Unreachable
from huiyi_client.webhooks import Event, Forged, challenge_answer, verify

__all__ = [
    "Answer", "Contract", "Endpoint", "Entitlement", "Entry", "Event", "Forged", "Huiyi", "Listing", "Order", "Payment",
    "Price", "Quote", "Refused", "Unreachable", "Usage", "challenge_answer", "verify",
]  # fmt: skip
