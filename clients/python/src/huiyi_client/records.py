"""What the marketplace answers, typed: amounts are :class:`~decimal.Decimal` in yuan, moments carry their zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Json = Mapping[str, Any]


def moment(text: str) -> datetime:
    """Read a moment."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True)
class Price:
    """One price in force, in yuan per unit."""

    number: str
    charge_unit: str
    unit_price_max: Decimal

    @classmethod
    def read(cls, found: Json) -> Price:
        """Read one."""
        return cls(found["number"], found["charge_unit"], Decimal(found["unit_price_max"]))


@dataclass(frozen=True)
class Entry:
    """One product of the catalogue."""

    code: str
    title: str
    summary: str
    place: str
    delivery_form: str
    seller: str
    prices: tuple[Price, ...]
    raw: Json

    @classmethod
    def read(cls, found: Json) -> Entry:
        """Read one."""
        return cls(
            found["code"], found["title"], found["summary"], found["place"], found["delivery_form"],
            found["seller"]["name"], tuple(Price.read(one) for one in found["prices"]), found,
        )  # fmt: skip


@dataclass(frozen=True)
class Quote:
    """What a purchase costs, why, and until when."""

    number: str
    state: str
    amount: Decimal
    reason: str
    valid_until: datetime
    raw: Json

    @classmethod
    def read(cls, found: Json) -> Quote:
        """Read one."""
        return cls(
            found["number"], found["state"], Decimal(found["amount"]), found["reason"], moment(found["valid_until"]),
            found,
        )  # fmt: skip


@dataclass(frozen=True)
class Order:
    """One purchase: placed, contracted, paid, fulfilled, cancelled or refunded."""

    id: str
    number: str
    state: str
    amount: Decimal
    client_reference: str
    raw: Json

    @classmethod
    def read(cls, found: Json) -> Order:
        """Read one."""
        return cls(
            found["id"], found["number"], found["state"], Decimal(found["amount"]), found["client_reference"], found
        )


@dataclass(frozen=True)
class Contract:
    """A contract with its text; ``sha256`` is what both sides sign."""

    id: str
    number: str
    state: str
    text: str
    sha256: str
    etag: str
    raw: Json

    @classmethod
    def read(cls, found: Json, etag: str) -> Contract:
        """Read one."""
        return cls(found["id"], found["number"], found["state"], found["text"], found["sha256"], etag, found)


@dataclass(frozen=True)
class Payment:
    """What is owed for an order: write ``reference`` on the transfer."""

    id: str
    number: str
    order_id: str
    reference: str
    amount: Decimal
    state: str
    raw: Json

    @classmethod
    def read(cls, found: Json) -> Payment:
        """Read one."""
        return cls(
            found["id"], found["number"], found["order_id"], found["reference"], Decimal(found["amount"]),
            found["state"], found,
        )  # fmt: skip


@dataclass(frozen=True)
class Entitlement:
    """What may be used, for one purpose and scenario, and how much of it; no quota means without limit."""

    number: str
    order_id: str
    purpose: str
    scenario: str
    quota: int | None
    valid_until: date
    raw: Json

    @classmethod
    def read(cls, found: Json) -> Entitlement:
        """Read one."""
        return cls(
            found["number"], found["order_id"], found["purpose"], found["scenario"], found["quota"],
            date.fromisoformat(found["valid_until"]), found,
        )  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What one call served, and what is left."""

    key: str
    hit: bool
    record: Json | None
    entitlement: str
    used: int
    remaining: int | None
    repeated: bool


@dataclass(frozen=True)
class Usage:
    """How much of one entitlement is used."""

    entitlement: str
    used: int
    quota: int | None
    remaining: int | None

    @classmethod
    def read(cls, found: Json) -> Usage:
        """Read one."""
        return cls(found["entitlement"], found["used"], found["quota"], found["remaining"])


@dataclass(frozen=True)
class Listing:
    """One offer of a seller."""

    id: str
    number: str
    title: str
    raw: Json

    @classmethod
    def read(cls, found: Json) -> Listing:
        """Read one."""
        return cls(found["id"], found["number"], found["title"], found)


@dataclass(frozen=True)
class Endpoint:
    """One address that webhooks are sent to."""

    id: str
    url: str
    state: str
    types: tuple[str, ...]
    raw: Json

    @classmethod
    def read(cls, found: Json) -> Endpoint:
        """Read one."""
        return cls(found["id"], found["url"], found["state"], tuple(found["types"]), found)
