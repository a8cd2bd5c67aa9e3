"""Issuing statements from a settlement that is being sealed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, bulk, numbering
from kernel.calendar import business_date
from kernel.canonical import HOLE, Digested, Written, streamed, text, woven
from kernel.identity import Actor
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
        own, unpaid = shares.pop(uscc, []), free.get(uscc, [])
        if own or unpaid:
            _issue(session, worked, party, own, chain(map(pen.share, own), map(pen.free, unpaid)),
                   {"run_id": run_id, "run_number": run_number, "issued_at": now})  # fmt: skip
            issued += 1
    subject = ("settlement_run", str(run_id))
    audit.record(session, actor, "statement.issue", subject, at=now, note=run_number, detail={"statements": issued})
    return issued


def _issue(
    session: Session,
    worked: Worked,
    party: Party,
    shares: list[Share],
    lines: Iterator[Written],
    of_run: dict[str, Any],
) -> None:
    payees: dict[str, Money] = {}
    for share in shares:
        payees[share.payee.kind] = payees.get(share.payee.kind, ZERO) + share.amount
    amount = total(payees.values())
    said = content(
        uscc=party.uscc, name=party.name, place=worked.place, period=worked.period, amount=amount, lines=HOLE
    )
    written = Digested(streamed(lines), around=woven(said))
    stored = bulk.long_json(session, written)
    made: Any = Statement(
        number=numbering.number(session, f"STM-{worked.place}", business_date(of_run["issued_at"])),
        party_id=party.id, party_name=party.name, party_uscc=party.uscc, place=worked.place,
        period_start=worked.period.start, period_end=worked.period.end, total=amount,
        payees={kind: paid.text() for kind, paid in sorted(payees.items())}, sha256=written.hex(),
        **of_run,
    )  # fmt: skip
    made.lines = stored  # as it is written; tens of megabytes are not kept in this process
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
    """Writes lines as canonical text; words that many lines share are written once."""

    def __init__(self) -> None:
        self._words: dict[str, Written] = {}
        self._rules: dict[int, Written] = {}

    def share(self, share: Share) -> Written:
        """Return the line of a share."""
        if id(share.rule) not in self._rules:
            self._rules[id(share.rule)] = text(share.rule)
        payee = share.payee
        return self._written(
            share.line, f'"{payee.kind}"', f'"reason_code":"{payee.reason_code}","rule":{self._rules[id(share.rule)]}',
            share.amount, str(share.step),
        )  # fmt: skip

    def free(self, line: Line) -> Written:
        """Return the line of free use."""
        return self._written(line, "null", '"reason_code":null,"rule":null', ZERO, "null")

    def _written(self, line: Line, payee: str, why: str, share: Money, step: str) -> Written:
        sale, product = line.sale, line.sale.product
        return Written(
            f'{{"billable":{line.billable},"buyer":{self._word(sale.buyer)},"entitlement":"{sale.entitlement.number}",'
            f'"gross":"{line.gross.text()}","net":"{line.net.text()}","order":"{sale.order.number}",'
            f'"payee_kind":{payee},"product":{self._word(product.code)},"quantity":{line.quantity},{why},'
            f'"shadow":"{line.shadow.text()}","share":"{share.text()}","step":{step},"tax":"{line.tax.text()}",'
            f'"title":{self._word(product.title)},"use_class":"{line.use_class}"}}'
        )

    def _word(self, word: str) -> Written:
        found = self._words.get(word)
        if found is None:
            found = self._words[word] = text(word)
        return found
