"""Statements for people: the list, one statement to read and print, and as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, render_template
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from kernel import db, lists
from kernel.http import attachment, current_actor, policy_book, requires
from kernel.identity import Permission
from kernel.lists import Column, Kind
from kernel.money import ZERO, Money, in_capitals, total
from registry.parties.model import Party
from registry.public_register.gateway import pdf_of
from settlement.policy import payee_rules
from settlement.statements import queries, sheets
from settlement.statements.model import Statement
from settlement.statements.queries import Issued
from settlement.statements.rules import PAYEES, REASONS, USE_CLASSES, Proof, by_payee, by_product, summed

blueprint = Blueprint("statement_pages", __name__, template_folder="../templates")
LINES_SHOWN = 200
LINES_PRINTED = 400  # more are no reading for anybody; the workbook holds them all
PROOF = "huiyi_statement_proof"  # (session, statement) → what of the proof is printed, or None
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/statements")
@requires(Permission.STATEMENT_READ)
def browse() -> Response | str:
    """List the statements within the actor's scope, the newest first; sorted, filtered and exported as asked for."""
    session = db.session()
    query = queries.listed(current_actor()).join(Party, Party.id == Statement.party_id)
    found = lists.asked_for("statements", gettext("结算单"), _columns())
    if found.is_download:
        return found.export(session, query, Statement)
    found.read(session, query.options(sa.orm.defer(Statement.lines)), Statement)
    return render_template(
        "settlement/statements/browse.html", found=found, names=queries.names_of(session, found.items)
    )


def _columns() -> list[Column]:
    return [
        Column("number", _("编号"), Statement.number, is_filter=True),
        Column("party", _("单位"), Party.name, is_filter=True),
        Column("place", _("地方"), Statement.place, Kind.CODE, choices=policy_book().places(), is_filter=True),
        Column("period", _("期间"), Statement.period_start, Kind.DAY, is_filter=True),
        Column("total", _("合计"), Statement.total, Kind.MONEY, is_filter=True, is_summed=True),
        Column("issued", _("出具时间"), Statement.issued_at, Kind.MOMENT, is_filter=True),
    ]


@blueprint.get("/statements/<number>")
@requires(Permission.STATEMENT_READ)
def show(number: str) -> Response | str:
    """Show one statement as it is printed; its lines are sorted, filtered and exported as asked for."""
    session = db.session()
    issued = queries.visible(session, current_actor(), number)
    statement = issued.statement
    last_day = issued.period.last_day
    found, lines = lists.asked_for(number, number, _line_columns()), list(enumerate(statement.lines, start=1))
    if found.is_download:
        return found.export_of(lines)
    reasons = [str(line["reason_code"]) for line in statement.lines if line["reason_code"]]
    return render_template(
        "settlement/statements/show.html", **_shown(issued), found=found.take(lines, limit=LINES_SHOWN),
        payee_rules=payee_rules(policy_book(), statement.place, last_day, reasons),
    )  # fmt: skip


def _line_columns() -> list[Column]:
    """Return what a line says; a row is the number of the line and the line."""

    def amount(name: str, label: Any) -> Column:
        return Column(
            name, label, lambda row: Money.signed_yuan(row[1][name]), Kind.MONEY, is_filter=name == "share",
            is_summed=name == "share",  # the others stand once for every step that divides them
        )  # fmt: skip

    classes = {code: gettext(words) for code, words in USE_CLASSES.items()}
    payees = {str(kind): gettext(words) for kind, words in PAYEES.items()}
    return [
        Column("product", _("产品"), lambda row: f"{row[1]['title']} {row[1]['product']}", is_filter=True),
        Column("order", _("订单"), lambda row: row[1]["order"], is_filter=True),
        Column("use_class", _("用途类别"), lambda row: row[1]["use_class"], Kind.CODE, classes, list(classes), True),
        Column("quantity", _("用量"), lambda row: int(row[1]["quantity"]), Kind.COUNT),
        Column("billable", _("计费量"), lambda row: int(row[1]["billable"]), Kind.COUNT),
        amount("gross", _("收入（含税）")), amount("tax", _("税额")), amount("net", _("收入（不含税）")),
        Column("step", _("分配步骤"), lambda row: row[1]["step"] or 0, Kind.COUNT),
        amount("share", _("本单位分得")),
        Column("payee", _("收款方式"), lambda row: row[1]["payee_kind"] or "", Kind.CODE, payees, list(payees), True),
    ]  # fmt: skip


def _shown(issued: Issued) -> dict[str, Any]:
    """Return what the page and the sheet of paper have in common."""
    session, statement = db.session(), issued.statement
    products = by_product(statement.lines)
    return {
        "issued": issued, "statement": statement, "yuan": Money.signed_yuan, "words": in_capitals(statement.total),
        "place": policy_book().place(statement.place).title, "period": issued.period.text(), "payees": PAYEES,
        "reasons": REASONS, "use_classes": USE_CLASSES, "products": products, "accounts": by_payee(statement.lines),
        "makers": queries.makers(session, statement), "proof": proof_of(issued),
        "sums": {name: total(getattr(one, name) for one in products) for name in ("gross", "tax", "net")},
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
