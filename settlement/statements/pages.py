"""Statements for people: the list, one statement to read and print, and as a workbook."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from kernel import db
from kernel.calendar import Period
from kernel.http import attachment, current_actor, page, policy_book, requires
from kernel.identity import Permission
from kernel.money import ZERO, Money
from settlement.policy import payee_rules
from settlement.statements import queries, sheets
from settlement.statements.model import Statement

blueprint = Blueprint("statement_pages", __name__, template_folder="../templates")
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
    issued = queries.visible(db.session(), current_actor(), number)
    statement = issued.statement
    by_product: dict[str, Money] = {}
    for line in statement.lines:
        name = str(line["title"])
        by_product[name] = by_product.get(name, ZERO) + Money.signed_yuan(line["share"])
    last_day = Period(statement.period_start, statement.period_end).last_day
    reasons = [str(line["reason_code"]) for line in statement.lines if line["reason_code"]]
    return render_template(
        "settlement/statements/show.html", issued=issued,
        payee_rules=payee_rules(policy_book(), statement.place, last_day, reasons), statement=statement,
        yuan=Money.signed_yuan,
        words=sheets.in_words(statement.total), place=policy_book().place(statement.place).title,
        period=Period(statement.period_start, statement.period_end).text(), payees=sheets.PAYEES,
        reasons=sheets.REASONS, use_classes=sheets.USE_CLASSES,
        by_product=[(name, amount) for name, amount in sorted(by_product.items()) if amount],
    )  # fmt: skip


@blueprint.get("/statements/<number>.xlsx")
@requires(Permission.STATEMENT_READ)
def workbook(number: str) -> Response:
    """Give one statement as a workbook."""
    issued = queries.visible(db.session(), current_actor(), number)
    content = sheets.workbook(issued, policy_book().place(issued.statement.place).title)
    return attachment(content, f"{number}.xlsx", XLSX)
