"""What a line of the provider is, whose it is, and which payouts hold money of more than one place. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.money import Money
from settlement.matching.rules import Flow

WON = "/won"
FLOWS = {
    "charge": Flow.CHARGE, "payment": Flow.CHARGE, "收款": Flow.CHARGE, "refund": Flow.REFUND,
    "payment_refund": Flow.REFUND, "退款": Flow.REFUND, "dispute": Flow.DISPUTE, "dispute_reversal": Flow.DISPUTE,
    "争议划款": Flow.DISPUTE, "争议返还": Flow.DISPUTE, "payout": Flow.PAYOUT, "结算": Flow.PAYOUT,
    "transfer": Flow.TRANSFER, "转账": Flow.TRANSFER,
}  # fmt: skip
REVERSALS = ("dispute_reversal", "争议返还")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report; a payout counts as money on its way to the bank, above zero."""

    line_number: int
    serial: str
    flow: Flow
    reference: str
    parent: str
    batch: str
    own: str
    amount: Money
    fee: Money
    net: Money
    currency: str
    happened_at: datetime
    words: str


def flow_of(kind: str) -> Flow:
    """Return what moved, by the provider's word for it (or ours)."""
    return FLOWS.get(kind.lower(), Flow.OTHER)


def reference_of(kind: str, source: str, charge: str) -> str:
    """Return what a line has in common with the other sides: a charge is known by what the buyer paid."""
    flow = flow_of(kind)
    if flow is Flow.DISPUTE:
        return source + WON if kind.lower() in REVERSALS else source
    return charge or source if flow is Flow.CHARGE else source


@dataclass(frozen=True, slots=True)
class Sorted:
    """What of a fetched account belongs to one place, and payouts that nobody can be given."""

    rows: tuple[Row, ...]
    mixed: tuple[str, ...]  # payouts with money of several places


def of_place(rows: Sequence[Row], places: Mapping[str, str], place: str, *, home: str) -> Sorted:
    """Return the lines of one place; what names nothing of ours belongs to ``home``.

    A payout belongs to the place whose lines are in it. One with lines of several places is left out and named.
    """
    inside: dict[str, set[str]] = {}
    for row in rows:
        if row.batch:
            inside.setdefault(row.batch, set()).add(places.get(row.serial, home))
    own, mixed = [], []
    for row in rows:
        owners = {places.get(row.serial, home)}
        if row.flow is Flow.PAYOUT:
            owners = inside.get(row.reference, owners)
        if len(owners) > 1:
            mixed.append(row.reference)
        elif owners == {place}:
            own.append(row)
    return Sorted(tuple(own), tuple(sorted(mixed)))
