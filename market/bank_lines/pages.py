"""Lines of the bank for the people of finance: importing a statement, and deciding about what waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, lists
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.lists import Column, Kind, Listing
from kernel.money import Money
from market.bank_lines import commands, queries
from market.bank_lines.model import BankLine
from market.bank_lines.rules import LineState, Reason
from market.bank_lines.schemas import AssignIn, ReturnedIn, ReturnIn

blueprint = Blueprint("bank_line_pages", __name__, template_folder="../templates")
SUGGESTED_MAX = 5
ROWS_SHOWN = 4
STATE_WORDS = {
    LineState.MATCHED: _("已匹配"), LineState.QUEUED: _("待核"), LineState.DECIDED: _("已认领"),
    LineState.RETURNING: _("待退回"), LineState.RETURNED: _("已退回"), LineState.RECORDED: _("早先已手工入账"),
    LineState.OUTGOING: _("支出"), LineState.HANDED_OVER: _("支付机构结算款"),
}  # fmt: skip
TONES = {LineState.DECIDED: "good", LineState.HANDED_OVER: "good", LineState.RETURNED: "off",
         LineState.RECORDED: "off", LineState.OUTGOING: "off"}  # fmt: skip
REASON_WORDS = {
    Reason.NO_REFERENCE: _("附言中没有编号"), Reason.MISTYPED_REFERENCE: _("附言编号的校验位不符"),
    Reason.UNKNOWN_REFERENCE: _("没有这个附言编号"), Reason.ALREADY_PAID: _("已付清"),
    Reason.NOT_EXPECTED: _("订单已取消"), Reason.SHORT: _("少付"), Reason.OVER: _("多付"),
    Reason.PAYER_DIFFERS: _("付款人不是购买方"), Reason.REOPENED: _("先前的办理已撤销"),
}  # fmt: skip


@blueprint.get("/bank-lines")
@requires(Permission.SETTLEMENT_READ)
def browse() -> Response:
    """List the lines, sorted, filtered and exported as asked for; statements are imported here."""
    found = _lines()
    return found.export(db.session(), queries.listed(current_actor()), BankLine) if found.is_download else _list()


def _lines() -> Listing:
    nothing = sa.literal(Money(0), BankLine.amount.type)
    is_paid = BankLine.state == LineState.OUTGOING
    columns = [
        Column("serial", _("流水号"), BankLine.serial, is_filter=True),
        Column("booked", _("入账时间"), BankLine.booked_at, Kind.MOMENT, is_filter=True),
        Column("payer", _("对方"), BankLine.payer_name, is_filter=True),
        Column("remark", _("附言"), BankLine.remark, is_filter=True),
        Column("amount", _("收入金额"), sa.case((is_paid, nothing), else_=BankLine.amount), Kind.MONEY, is_filter=True,
               is_summed=True),
        Column("paid", _("支出金额"), sa.case((is_paid, BankLine.amount), else_=nothing), Kind.MONEY, is_filter=True,
               is_summed=True),
        Column("state", _("状态"), BankLine.state, Kind.CODE, STATE_WORDS, tuple(LineState), is_filter=True),
    ]  # fmt: skip
    return lists.asked_for("bank-lines", gettext("银行流水"), columns, at="bank_line_pages.browse")


@blueprint.post("/bank-lines/files")
@requires(Permission.PAYMENT_RECORD)
def import_file() -> AnyResponse:
    """Import a statement."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _list(errors={"file": [gettext("请选择文件")]}, status=422)
    try:
        with db.transaction() as session:
            made = commands.import_file(
                session, current_actor(), place=request.form.get("place", ""), file_name=sent.filename,
                content=sent.read(), now=clock.now(), book=policy_book(),
            )  # fmt: skip
            left = queries.count_of_file(session, made.id, LineState.QUEUED)
            matched = queries.count_of_file(session, made.id, LineState.MATCHED)
    except DomainError as error:
        return _list(refusal=error, status=error.status)
    flash(
        gettext(
            "%(name)s：%(n)s 行，其中早先已有 %(k)s 行；已匹配入账 %(m)s 行，待人工核对 %(w)s 行。",
            name=made.name, n=made.row_count, k=made.known, m=matched, w=left,
        ),
        "warning" if left else "success",
    )  # fmt: skip
    return redirect(url_for("bank_line_pages.browse", state="queued" if left else None), code=303)


@blueprint.get("/bank-lines/<uuid:line_id>")
@requires(Permission.SETTLEMENT_READ)
def show(line_id: UUID) -> Response:
    """Show one line, why it waits, and what can be done."""
    return _line(line_id)


@blueprint.post("/bank-lines/<uuid:line_id>/assignment")
@requires(Permission.PAYMENT_RECORD)
def assign(line_id: UUID) -> AnyResponse:
    """Decide what a waiting line is for: one reference and amount per row."""
    sent = zip(request.form.getlist("reference"), request.form.getlist("amount"), strict=False)
    rows = [{"reference": reference, "amount": amount} for reference, amount in sent if reference.strip()]
    form = {"shares": rows, "note": request.form.get("note", ""), "accept_payer": "accept_payer" in request.form}
    return _step(line_id, commands.assign, loaded=form)


@blueprint.post("/bank-lines/<uuid:line_id>/return")
@requires(Permission.PAYMENT_RECORD)
def give_back(line_id: UUID) -> AnyResponse:
    """Decide that a waiting line goes back."""
    return _step(line_id, commands.return_line, form=Form(ReturnIn))


@blueprint.post("/bank-lines/<uuid:line_id>/reopening")
@requires(Permission.PAYMENT_RECORD)
def reopen(line_id: UUID) -> AnyResponse:
    """Take back what was decided."""
    return _step(line_id, commands.reopen, form=Form(ReturnIn))


@blueprint.post("/bank-lines/<uuid:line_id>/return/confirmation")
@requires(Permission.REFUND_PAY)
def confirm(line_id: UUID) -> AnyResponse:
    """Record that the money went back."""
    return _step(line_id, commands.confirm_return, form=Form(ReturnedIn))


def _step(
    line_id: UUID, act: Callable[..., Any], *, form: Form | None = None, loaded: dict[str, Any] | None = None
) -> AnyResponse:
    if form is not None and not form.accepts():
        return _line(line_id, errors=form.errors, status=422)
    data = form.data if form is not None else {}
    if loaded is not None:
        faults = AssignIn().validate(loaded)
        if faults:
            return _line(line_id, errors={str(name): [str(words)] for name, words in faults.items()}, status=422)
        data = {**AssignIn().load(loaded), "book": policy_book()}
    try:
        with db.transaction() as session:
            match_version(session, BankLine, queries.in_hand(session, current_actor(), line_id))
            act(session, current_actor(), line_id, **data, now=clock.now())
    except DomainError as error:
        return _line(line_id, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("bank_line_pages.show", line_id=line_id), code=303)


def _list(
    *, errors: dict[str, list[str]] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    session, actor = db.session(), current_actor()
    places = [place for place in policy_book().places() if actor.may(Permission.PAYMENT_RECORD, place=place)]
    text = render_template(
        "market/bank_lines/list.html", state_words=STATE_WORDS, tones=TONES, reason_words=REASON_WORDS,
        errors=errors or {},
        found=_lines().read(session, queries.listed(actor), BankLine),
        places=[(place, policy_book().place(place).title) for place in places], refusal=words_of(refusal),
    )  # fmt: skip
    return make_response(text, status)


def _line(
    line_id: UUID, *, errors: dict[str, list[str]] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    session, actor = db.session(), current_actor()
    line = queries.visible(session, actor, line_id)
    typed = zip(request.form.getlist("reference"), request.form.getlist("amount"), strict=False)
    rows = [{"reference": reference, "amount": amount} for reference, amount in typed if reference or amount]
    if not rows and line.state is LineState.QUEUED:
        rows = _proposed(session, line)
    rows += [{"reference": "", "amount": ""}] * (ROWS_SHOWN - len(rows))
    text = render_template(
        "market/bank_lines/line.html", line=line, rows=rows, short=_short(session, line),
        shares=queries.shares(session, line.id), state_words=STATE_WORDS, tones=TONES,
        reason_words=REASON_WORDS, errors=errors or {}, refusal=words_of(refusal), form=request.form,
        suggestions=queries.suggestions(session, line, limit=SUGGESTED_MAX) if line.state is LineState.QUEUED else [],
        may_record=actor.may(Permission.PAYMENT_RECORD, place=line.place),
        may_pay=actor.may(Permission.REFUND_PAY, place=line.place),
    )  # fmt: skip
    return make_response(text, status)


def _proposed(session: Session, line: BankLine) -> list[dict[str, str]]:
    """Return what the line's own references still take: a beginning for the person who decides."""
    rows = []
    for reference in line.references:
        found = queries.target(session, line.place, reference)
        due = queries.due(session, found, reference) if found is not None else None
        if due is not None and due.closed is None:
            amount = due.left if due.left is not None and len(line.references) > 1 else line.amount
            rows.append({"reference": reference, "amount": amount.text()})
    return rows or [{"reference": "", "amount": line.amount.text()}]


def _short(session: Session, line: BankLine) -> list[BankLine]:
    if line.state is not LineState.QUEUED or not line.references:
        return []
    return queries.short_under(session, line.place, line.references[0], but=line.id)
