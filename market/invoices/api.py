"""Invoices for programs."""

from __future__ import annotations

from typing import Any

from flask import Response

from kernel import clock, db
from kernel.calendar import Period
from kernel.http import ApiBlueprint, attachment, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from market.invoices import commands, queries, sheets
from market.invoices.model import Invoice
from market.invoices.schemas import (
    InvoiceArgs,
    InvoiceExportArgs,
    InvoiceIn,
    InvoiceIssueIn,
    InvoiceLineOut,
    InvoiceOut,
    InvoicePageOut,
    InvoiceRefusalIn,
    MonthInvoiceIn,
    RedLetterIn,
    TaxpayerIn,
    TaxpayerOut,
)

blueprint = ApiBlueprint("invoices", __name__, url_prefix="/api/v1/invoices", description="发票 · invoices")


@blueprint.post("")
@requires(Permission.INVOICE_ASK)
@blueprint.arguments(InvoiceIn)
@blueprint.response(201, InvoiceOut)
def ask(invoice_in):
    """Ask for the invoice of a paid order."""
    with db.transaction() as session:
        return commands.ask(session, current_actor(), **invoice_in, now=clock.now(), book=policy_book())


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(InvoiceArgs, location="query")
@blueprint.response(200, InvoicePageOut)
def browse(args):
    """List the invoices of your orders, newest first."""
    query = queries.listed(current_actor(), state=args["state"], kind=args["kind"])
    return page(db.session(), query, Invoice, newest_first=True)


@blueprint.get("/export")
@requires(Permission.INVOICE_ISSUE)
@blueprint.arguments(InvoiceExportArgs, location="query")
@blueprint.response(200, description="文件")
def export(args) -> Response:
    """Export what waits to be issued, as a table for the tax system."""
    session = db.session()
    rows = queries.sheets(session, queries.waiting(session, current_actor()))
    return attachment(sheets.WRITERS[args["format"]](rows), f"invoices-{clock.today()}.{args['format']}")


@blueprint.post("/taxpayers")
@requires(Permission.INVOICE_ISSUE)
@blueprint.arguments(TaxpayerIn)
@blueprint.response(201, TaxpayerOut)
def state_taxpayer(taxpayer_in):
    """State how your organisation is taxed: it decides between rate and levy rate."""
    with db.transaction() as session:
        return commands.state_taxpayer(session, current_actor(), **taxpayer_in, now=clock.now())


@blueprint.post("/months")
@requires(Permission.INVOICE_ASK)
@blueprint.arguments(MonthInvoiceIn)
@blueprint.response(201, InvoiceOut(many=True))
def ask_month(month_in):
    """Ask for one invoice over the orders of a month with one seller; of other places and rates one each."""
    with db.transaction() as session:
        sent = {**month_in, "month": Period.month(month_in["month"])}
        return commands.ask_month(session, current_actor(), **sent, now=clock.now(), book=policy_book())


@blueprint.get("/<number>/lines")
@requires(Permission.ORDER_READ)
@blueprint.response(200, InvoiceLineOut(many=True))
def lines(number: str):
    """Read what an invoice says of each order; of a red letter, what its original says."""
    session = db.session()
    return queries.lines(session, queries.visible(session, current_actor(), number))


@blueprint.get("/<number>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, InvoiceOut)
def show(number: str):
    """Read one invoice."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.post("/<number>/issue")
@requires(Permission.INVOICE_ISSUE)
@blueprint.arguments(InvoiceIssueIn)
@blueprint.response(200, InvoiceOut)
def issue(issue_in, number: str):
    """Enter number and date under which the tax system issued it."""
    return _step(number, commands.issue, issue_in)


@blueprint.post("/<number>/refusal")
@requires(Permission.INVOICE_ISSUE)
@blueprint.arguments(InvoiceRefusalIn)
@blueprint.response(200, InvoiceOut)
def refuse(refusal_in, number: str):
    """Send a request back with the reason."""
    return _step(number, commands.refuse, refusal_in)


@blueprint.post("/<number>/red-letters")
@requires(Permission.ORDER_READ)
@blueprint.arguments(RedLetterIn)
@blueprint.response(201, InvoiceOut)
def take_back(red_in, number: str):
    """Ask for a red letter over all or part of an issued invoice."""
    return _step(number, commands.take_back, red_in)


def _step(number: str, command: Any, sent: dict[str, Any]) -> Invoice:
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), number)
        match_version(session, Invoice, found.id)
        made: Invoice = command(session, current_actor(), found.id, **sent, now=clock.now())
        session.flush()
        return made
