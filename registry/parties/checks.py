"""What the auditors look for among organisations; findings in words, never refusals."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.parties.model import Party, PartyCapacity
from registry.parties.rules import BadUscc, Capacity, DutiesNotSeparated, check_separation, normalised_uscc


def run(session: Session, *, book: PolicyBook, on: date) -> list[str]:
    """Return every wrong credit code, and every breach of the separation of operator and merchant on that day."""
    return [*_wrong_codes(session), *_joined(session, book, on)]


def _wrong_codes(session: Session) -> list[str]:
    found = []
    for uscc, name in session.execute(sa.select(Party.uscc, Party.name).order_by(Party.id)):
        try:
            right = normalised_uscc(uscc) == uscc
        except BadUscc:
            right = False
        if not right:
            found.append(f"{name} 的统一社会信用代码 {uscc} 不正确")
    return found


def _joined(session: Session, book: PolicyBook, on: date) -> list[str]:
    held: dict[tuple[Party, str], set[Capacity]] = defaultdict(set)
    query = sa.select(Party, PartyCapacity.place, PartyCapacity.capacity).join(PartyCapacity.party)
    for party, place, capacity in session.execute(query.order_by(Party.id, PartyCapacity.place)):
        held[party, place].add(capacity)
    found = []
    for (party, place), capacities in held.items():
        cited = book.get(place, "seller.operator_merchant_separation", on=on)
        if cited is not None and cited.boolean():
            try:
                check_separation(capacities, book.place(place).title, cited.citation())
            except DutiesNotSeparated as error:
                found.append(f"{party.name}：{error}")
    return found
