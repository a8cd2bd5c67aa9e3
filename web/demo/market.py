"""What happens between buyers and sellers at one place beside the purchases of the month, where the story tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Way = Literal["together", "short", "prepaid", "monthly"]


@dataclass(frozen=True, slots=True)
class Bought:
    """An order of April: who buys what, how much, and how it is paid.

    Orders paid ``together`` share one line of the bank; a ``short`` one is first paid 0.01 too little.
    """

    key: str
    buyer: str
    product: str
    quantity: int
    reference: str
    way: Way


@dataclass(frozen=True, slots=True)
class Paper:
    """A file or report that the seller puts up for buyers; a report is put up when its period is over."""

    name: str
    text: str
    period: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What both sides counted of a purchase of the month; a difference is disputed with these words and answered."""

    purchase: str
    provider: int
    buyer: int
    words: str = ""
    answer: str = ""
    findings: str = ""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Part of an invoiced order that is given back: which order, how much, why."""

    order: str
    amount: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A buyer that lets a second person approve what costs more than an amount, and the order of April that does."""

    order: str
    second: str  # key of the person
    above: str  # yuan
    reason: str


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that buyers and sellers do beside the purchases of the month."""

    taxpayers: tuple[tuple[str, str], ...] = ()  # seller, kind
    searches: tuple[str, ...] = ()  # different words that find the first product
    bought: tuple[Bought, ...] = ()
    prepaid: str | None = None  # yuan that the buyer of the prepaid order pays in advance
    credit: str | None = None  # yuan that the buyer of the monthly order may owe
    checked: Checked | None = None
    taken_back: TakenBack | None = None
    counted: tuple[Counted, ...] = ()
    fed_back: str | None = None  # what the seller feeds back to government sharing
    endpoint: str | None = None  # where a buyer's program wants to be told what happens
