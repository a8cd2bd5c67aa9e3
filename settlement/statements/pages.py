"""Statements for people: the list, one statement to read and print, and as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, render_template

from kernel import db
from kernel.http import attachment, current_actor, page, policy_book, requires
from kernel.identity import Permission
from kernel.money import ZERO, Money
from registry.public_register.gateway import pdf_of
from settlement.policy import payee_rules
from settlement.statements import queries, sheets
from settlement.statements.model import Statement
from settlement.statements.queries import Issued
from settlement.statements.rules import PAYEES, REASONS, USE_CLASSES, Proof, by_payee, by_product, in_words, summed

blueprint = Blueprint("statement_pages", __name__, template_folder="../templates")
LINES_SHOWN = 200
LINES_PRINTED = 400  # more are no reading for anybody; the workbook holds them all
PROOF = "huiyi_statement_proof"  # (session, statement) → what of the proof is printed, or None
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/statements")
@requires(Permission.STATEMENT_READ)
def browse() -> str:
    """List the statements within the actor's scope, the newest first."""
    session = db.session()
    found = page(session, queries.listed(current_actor()), Statement, newest_first=True)
    return render_template(
        "settlement/statements/browse.html", found=found, names=queries.names_of(session, found["items"]),
        titles={place: policy_book().place(place).title for place in policy_book().places()},
    )  # fmt: skip


@blueprint.get("/statements/<number>")
@requires(Permission.STATEMENT_READ)
def show(number: str) -> str:
    """Show one statement as it is printed."""
    session = db.session()
    issued = queries.visible(session, current_actor(), number)
    statement = issued.statement
    last_day = issued.period.last_day
    reasons = [str(line["reason_code"]) for line in statement.lines if line["reason_code"]]
    return render_template(
        "settlement/statements/show.html", **_shown(issued), shown=statement.lines[:LINES_SHOWN],
        payee_rules=payee_rules(policy_book(), statement.place, last_day, reasons), lines_shown=LINES_SHOWN,
    )  # fmt: skip


def _shown(issued: Issued) -> dict[str, Any]:
    """Return what the page and the sheet of paper have in common."""
    session, statement = db.session(), issued.statement
    products = by_product(statement.lines)
    return {
        "issued": issued, "statement": statement, "yuan": Money.signed_yuan, "words": in_words(statement.total),
        "place": policy_book().place(statement.place).title, "period": issued.period.text(), "payees": PAYEES,
        "reasons": REASONS, "use_classes": USE_CLASSES, "products": products, "accounts": by_payee(statement.lines),
        "makers": queries.makers(session, statement), "proof": proof_of(issued),
        "by_product": [(one.title, one.share) for one in products if one.share > ZERO],
    }  # fmt: skip


def proof_of(issued: Issued) -> Proof | None:
    """Return the proof that the sealed period includes the statement; proofs are a concept above, handed in by web."""
    found: Proof | None = None
    prove = current_app.extensions.get(PROOF)
    if prove is not None:
        found = prove(db.session(), issued.statement)
    return found


@blueprint.get("/statements/<number>.pdf")
@requires(Permission.STATEMENT_READ)
def pdf(number: str) -> Response:
    """Give one statement as PDF, with its digest and a place for the seals; the same bytes while nothing changes."""
    issued = queries.visible(db.session(), current_actor(), number)
    lines = issued.statement.lines
    left = lines[LINES_PRINTED:]
    html = render_template(
        "settlement/statements/pdf.html", **_shown(issued), lines=lines[:LINES_PRINTED],
        rest={"count": len(left), "amount": summed(left, "share")} if left else None,
    )  # fmt: skip
    style = (Path(str(current_app.static_folder)) / "statement-pdf.css").read_text(encoding="utf-8")
    return attachment(pdf_of(html, style), f"{number}.pdf", "application/pdf")


@blueprint.get("/statements/<number>.xlsx")
@requires(Permission.STATEMENT_READ)
def workbook(number: str) -> Response:
    """Give one statement as a workbook."""
    issued = queries.visible(db.session(), current_actor(), number)
    content = sheets.workbook(issued, policy_book().place(issued.statement.place).title, proof_of(issued))
    return attachment(content, f"{number}.xlsx", XLSX)
