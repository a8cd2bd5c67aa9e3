"""Issuing statements from a settlement that is being sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.identity import Actor
from kernel.money import ZERO, Money
from registry.parties.model import Party
from settlement.earnings.queries import Line
from settlement.statements.model import Statement
from settlement.statements.rules import content
from settlement.workings.queries import Share, Worked, digest


def issue(
    session: Session, actor: Actor, worked: Worked, *, run_id: UUID, run_number: str, now: datetime
) -> list[Statement]:
    """Issue the statement of every party of a settlement: its shares, and free use of its products at 0.00.

    Numbers have no gap and follow the credit codes, so that the same settlement gives the same statements.
    """
    parties: dict[str, Party] = {share.party.uscc: share.party for share in worked.shares}
    parties |= {line.sale.seller.uscc: line.sale.seller for line in worked.lines}
    issued = []
    for uscc, party in sorted(parties.items()):
        shares = [share for share in worked.shares if share.party.uscc == uscc]
        free = [line for line in worked.lines if not line.gross and _concerns(line, uscc, worked)]
        lines = [_of_share(share) for share in shares] + [_of_free(line) for line in free]
        if not lines:
            continue
        payees: dict[str, Money] = {}
        for share in shares:
            payees[share.payee.kind] = payees.get(share.payee.kind, ZERO) + share.amount
        total = sum((share.amount for share in shares), ZERO)
        said = content(uscc=uscc, name=party.name, place=worked.place, period=worked.period, amount=total, lines=lines)
        issued.append(
            Statement(
                number=numbering.number(session, f"STM-{worked.place}", business_date(now)), run_id=run_id,
                run_number=run_number, party_id=party.id, party_name=party.name, party_uscc=uscc, place=worked.place,
                period_start=worked.period.start, period_end=worked.period.end,
                total=total, payees={kind: amount.text() for kind, amount in sorted(payees.items())}, lines=lines,
                sha256=digest(said), issued_at=now,
            )
        )  # fmt: skip
    session.add_all(issued)
    session.flush()
    subject = ("settlement_run", str(run_id))
    audit.record(
        session, actor, "statement.issue", subject, at=now, note=run_number, detail={"statements": len(issued)}
    )
    return issued


def _concerns(line: Line, uscc: str, worked: Worked) -> bool:
    """Say whether free use is shown to a party: the seller, and everybody whom the schedule names."""
    if line.sale.seller.uscc == uscc:
        return True
    groups: Sequence[Any] = [group for group in worked.groups if line in group.lines and group.terms is not None]
    return any(uscc in group.terms.row.parties for group in groups)


def _of_free(line: Line) -> dict[str, Any]:
    return _facts(line) | {
        "step": None, "rule": None, "share": ZERO.text(), "payee_kind": None, "reason_code": None,
    }  # fmt: skip


def _of_share(share: Share) -> dict[str, Any]:
    return _facts(share.line) | {
        "step": share.step, "rule": share.rule, "share": share.amount.text(),
        "payee_kind": str(share.payee.kind), "reason_code": str(share.payee.reason_code),
    }  # fmt: skip


def _facts(line: Line) -> dict[str, Any]:
    return {
        "product": line.sale.product.code, "title": line.sale.product.title, "order": line.sale.order.number,
        "entitlement": line.sale.entitlement.number, "buyer": line.sale.buyer, "use_class": str(line.use_class),
        "quantity": line.quantity, "billable": line.billable, "gross": line.gross.text(), "tax": line.tax.text(),
        "net": line.net.text(), "shadow": line.shadow.text(),
    }  # fmt: skip
