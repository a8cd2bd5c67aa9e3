"""What completes a month at one place, where the story tells it: late use, an objection, accounts, payouts, breaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LateUse:
    """Use of the month that came in after its end: of which purchase, when, and under which number."""

    purchase: str
    occurred_at: str
    reference: str


@dataclass(frozen=True, slots=True)
class Objected:
    """A department that objects to its own figure: what it should be, why, and what was found."""

    department: str
    factor: str
    claimed: str
    grounds: str
    findings: str


@dataclass(frozen=True, slots=True)
class PaidOn:
    """The account on which a party is paid; ``by_finance``: its people name none themselves."""

    organisation: str | None  # None: the treasury of the place
    number: str
    bank: str
    bank_code: str
    by_finance: bool = False


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that happens about one month at a place until it is closed, and what the next one makes good."""

    in_grace: LateUse
    after_grace: LateUse
    objected: Objected
    accounts: tuple[PaidOn, ...]
    returned: str  # the party whose payout comes back once
    returned_because: str
    silent_bank: str  # the party whose payout the bank's first file leaves out
    bank_fee: str  # yuan that the bank takes on the last day of the month
    given_back: tuple[str, str, str]  # purchase, yuan, why: more than is unearned, so that parties owe something
