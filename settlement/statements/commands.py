"""Issuing statements from a settlement that is being sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.canonical import Written, text, woven
from kernel.identity import Actor
from kernel.merkle import sha256
from kernel.money import ZERO, Money, total
from registry.parties.model import Party
from settlement.earnings.queries import Line
from settlement.statements.model import Statement
from settlement.statements.rules import content
from settlement.workings.queries import Share, Worked


def issue(session: Session, actor: Actor, worked: Worked, *, run_id: UUID, run_number: str, now: datetime) -> int:
    """Issue the statement of every party of a settlement, and return how many.

    A statement holds the party's shares, and free use of its products at 0.00. Numbers have no gap and follow the
    credit codes, so that the same settlement gives the same statements.
    """
    parties: dict[str, Party] = {}
    shares: dict[str, list[Share]] = {}
    for group in worked.groups:
        for share in group.shares:
            parties[share.party.uscc] = share.party
            shares.setdefault(share.party.uscc, []).append(share)
    parties |= {line.sale.seller.uscc: line.sale.seller for line in worked.lines}
    free, pen, issued = _free_lines(worked), _Pen(), 0
    for uscc, party in sorted(parties.items()):
        own = shares.pop(uscc, [])
        lines = [*map(pen.share, own), *map(pen.free, free.get(uscc, []))]
        if lines:
            _issue(session, worked, party, own, Written(f"[{','.join(lines)}]"),
                   {"run_id": run_id, "run_number": run_number, "issued_at": now})  # fmt: skip
            issued += 1
    subject = ("settlement_run", str(run_id))
    audit.record(session, actor, "statement.issue", subject, at=now, note=run_number, detail={"statements": issued})
    return issued


def _issue(
    session: Session, worked: Worked, party: Party, shares: list[Share], lines: Written, of_run: dict[str, Any]
) -> None:
    payees: dict[str, Money] = {}
    for share in shares:
        payees[share.payee.kind] = payees.get(share.payee.kind, ZERO) + share.amount
    amount = total(payees.values())
    said = content(
        uscc=party.uscc, name=party.name, place=worked.place, period=worked.period, amount=amount, lines=lines
    )
    made: Any = Statement(
        number=numbering.number(session, f"STM-{worked.place}", business_date(of_run["issued_at"])),
        party_id=party.id, party_name=party.name, party_uscc=party.uscc, place=worked.place,
        period_start=worked.period.start, period_end=worked.period.end, total=amount,
        payees={kind: paid.text() for kind, paid in sorted(payees.items())}, sha256=sha256(woven(said).encode()).hex(),
        **of_run,
    )  # fmt: skip
    made.lines = lines  # stored as it is written; tens of megabytes are not kept in this process
    session.add(made)
    session.flush()
    session.expire(made, ["lines"])


def _free_lines(worked: Worked) -> dict[str, list[Line]]:
    """Return free use by the parties to whom it is shown: the seller, and everybody whom the schedule names."""
    shown: dict[str, list[Line]] = {}
    for group in worked.groups:
        named = set(group.terms.row.parties) if group.terms is not None else set()
        for line in group.lines:
            for uscc in () if line.gross else named | {line.sale.seller.uscc}:
                shown.setdefault(uscc, []).append(line)
    for lines in shown.values():
        lines.sort(key=lambda line: line.sale.entitlement.number)
    return shown


class _Pen:
    """Writes a line once for all parties, in pieces; what differs from party to party goes between them by name."""

    def __init__(self) -> None:
        self._lines: dict[int, tuple[str, str, str, str]] = {}
        self._rules: dict[int, Written] = {}

    def share(self, share: Share) -> str:
        """Return the line of a share."""
        first, second, third, last = self._around(share.line)
        if id(share.rule) not in self._rules:
            self._rules[id(share.rule)] = text(share.rule)
        own = f'"reason_code":"{share.payee.reason_code}","rule":{self._rules[id(share.rule)]}'
        paid = f'"share":"{share.amount.text()}","step":{share.step}'
        return f'{{{first},"payee_kind":"{share.payee.kind}",{second},{own},{third},{paid},{last}}}'

    def free(self, line: Line) -> str:
        """Return the line of free use."""
        first, second, third, last = self._around(line)
        own = '"reason_code":null,"rule":null'
        paid = f'"share":"{ZERO.text()}","step":null'
        return f'{{{first},"payee_kind":null,{second},{own},{third},{paid},{last}}}'

    def _around(self, line: Line) -> tuple[str, str, str, str]:
        if id(line) not in self._lines:
            sale = line.sale
            self._lines[id(line)] = (
                _pairs(billable=line.billable, buyer=sale.buyer, entitlement=sale.entitlement.number,
                       gross=line.gross.text(), net=line.net.text(), order=sale.order.number),
                _pairs(product=sale.product.code, quantity=line.quantity), _pairs(shadow=line.shadow.text()),
                _pairs(tax=line.tax.text(), title=sale.product.title, use_class=str(line.use_class)),
            )  # fmt: skip
        return self._lines[id(line)]


def _pairs(**facts: Any) -> str:
    return woven(facts)[1:-1]
