"""What the provider says it moved, read from its balance; behind the gateway that takes payments.

Nothing here touches the database, and nothing that does calls this: what was fetched is kept afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from kernel.money import Money
from market.payments.gateway import ORDER, PAGE_MAX, Stripe
from settlement.matching.rules import Flow
from settlement.provider_lines.rules import Row, flow_of, reference_of

WORDS_MAX = 500


class BalanceGateway(Protocol):
    """A provider that tells what it moved."""

    def moved(self, since: datetime, until: datetime) -> list[Row] | None:
        """Return every line since a moment and before another, or None when it gives no answer."""
        ...


class StripeBalance(Stripe):
    """The balance of the account at Stripe: its transactions, and which of them went to the bank in which payout."""

    def moved(self, since: datetime, until: datetime) -> list[Row] | None:
        """Return the balance transactions of a time, and all of those that a payout of that time holds.

        Each line stands once. ``None`` when Stripe gives no answer: then nothing of it is known.
        """
        try:
            return self._heard(lambda: self._read(since, until))
        except self.errors.StripeError:
            return None

    def _read(self, since: datetime, until: datetime) -> list[Row]:
        created = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        found = {one.id: one for one in self._listed({"created": created})}
        batches: dict[str, str] = {}
        for payout in [one for one in found.values() if one.type == "payout"]:
            name = _id(payout.source)
            for one in self._inside(name):
                if one.id != payout.id:
                    found.setdefault(one.id, one)
                    batches[one.id] = name
        moved = [one for one in found.values() if one.amount or one.fee]
        return [_row(number, one, batches.get(one.id, "")) for number, one in enumerate(_in_order(moved), start=1)]

    def _inside(self, payout: str) -> list[Any]:
        """Return what went in a payout; Stripe knows it of its automatic ones only."""
        try:
            return list(self._listed({"payout": payout}))
        except self.errors.InvalidRequestError:
            return []

    def _listed(self, which: dict[str, Any]) -> Iterable[Any]:
        wanted: Any = {**which, "limit": PAGE_MAX, "expand": ["data.source"]}
        listed: Callable[..., Any] = self.client.balance_transactions.list
        found: Iterable[Any] = listed(params=wanted).auto_paging_iter()
        return found


def _in_order(found: Iterable[Any]) -> list[Any]:
    return sorted(found, key=lambda one: (one.created, one.id))


def _row(number: int, one: Any, batch: str) -> Row:
    """Return a balance transaction as a line; a payout counts as money on its way to the bank, above zero."""
    kind = one.reporting_category if flow_of(one.reporting_category) is not Flow.OTHER else one.type
    flow, source, charge, own = flow_of(kind), _id(one.source) or one.id, "", ""
    if not isinstance(one.source, str | None):
        charge = _id(getattr(one.source, "payment_intent", None))
        metadata = getattr(one.source, "metadata", None)
        own = str(metadata.to_dict().get(ORDER, "")) if metadata else ""
    sign = -1 if flow is Flow.PAYOUT else 1
    return Row(
        number, one.id, flow, reference_of(kind, source, charge),
        charge if flow in (Flow.REFUND, Flow.DISPUTE) else "", batch, own, Money(sign * one.amount), Money(one.fee),
        Money(sign * one.net), str(one.currency).upper(), datetime.fromtimestamp(one.created, UTC),
        str(one.description or "")[:WORDS_MAX],
    )  # fmt: skip


def _id(thing: Any) -> str:
    if thing is None:
        return ""
    return thing if isinstance(thing, str) else str(thing.id)
