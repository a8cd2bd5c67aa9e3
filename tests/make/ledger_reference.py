"""A ledger in plain Python, kept beside the real one to see whether both agree to the fen.

It knows nothing of the code under test: dictionaries, tuples and whole numbers. What the real one must refuse it
refuses too, by its own reading of the rules.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

Legs = tuple[tuple[str, int], ...]


class Refused(Exception):
    """The entry must not be booked."""


@dataclass
class Voucher:
    """One booked entry."""

    number: int
    key: tuple[str, str]
    day: date
    legs: Legs
    takes_back: Voucher | None = None
    whole: bool = True


@dataclass
class ReferenceLedger:
    """One book: vouchers in the order of booking, months that are closed."""

    vouchers: list[Voucher] = field(default_factory=list)
    closed: set[tuple[int, int]] = field(default_factory=set)

    def book(self, key: tuple[str, str], day: date, legs: Legs) -> Voucher:
        """Book once by key; the same again is the first one."""
        for known in self.vouchers:
            if known.key == key:
                if known.legs != legs or known.day != day:
                    raise Refused
                return known
        if len(legs) < 2 or any(fen == 0 for _, fen in legs) or sum(fen for _, fen in legs) != 0:
            raise Refused
        return self._add(key, day, legs, None, whole=True)

    def take_back(self, voucher: Voucher, day: date, legs: Legs | None, key: str) -> Voucher:
        """Reverse an entry, whole (``legs`` is None) or in part; never more than it booked, leg by leg."""
        whole = legs is None
        if whole:
            legs = tuple((account, -fen) for account, fen in voucher.legs)
        assert legs is not None
        name = ("whole" if whole else "part", f"{voucher.number}/{'' if whole else key}")
        for known in self.vouchers:
            if known.key == name:
                if known.legs != legs or known.day != day:
                    raise Refused
                return known
        if voucher.takes_back is not None and (not whole or voucher.takes_back.takes_back is not None):
            raise Refused
        if len(legs) < 2 or any(fen == 0 for _, fen in legs) or sum(fen for _, fen in legs) != 0:
            raise Refused
        left: dict[tuple[str, bool], int] = defaultdict(int)
        for account, fen in voucher.legs:
            left[account, fen > 0] += abs(fen)
        for earlier in [one.legs for one in self.vouchers if one.takes_back is voucher] + [legs]:
            for account, fen in earlier:
                left[account, fen < 0] -= abs(fen)
        if any(rest < 0 for rest in left.values()):
            raise Refused
        return self._add(name, day, legs, voucher, whole=whole)

    def _add(self, key: tuple[str, str], day: date, legs: Legs, takes_back: Voucher | None, *, whole: bool) -> Voucher:
        if (day.year, day.month) in self.closed:
            raise Refused
        number = 1 + sum(one.day.year == day.year for one in self.vouchers)
        made = Voucher(number, key, day, legs, takes_back, whole)
        self.vouchers.append(made)
        return made

    def close(self, year: int, month: int) -> None:
        """Close a month: nothing is booked into it any more."""
        self.closed.add((year, month))

    def balances(self, *, day: date | None = None, vouchers: int | None = None) -> dict[str, int]:
        """Add up what was booked, up to a day or a number of vouchers (all of one year)."""
        found: dict[str, int] = defaultdict(int)
        for voucher in self.vouchers:
            if (day is None or voucher.day <= day) and (vouchers is None or voucher.number <= vouchers):
                for account, fen in voucher.legs:
                    found[account] += fen
        return dict(found)
