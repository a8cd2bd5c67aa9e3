"""Payouts for people: what is open and why, batches, one batch with its lines, its file and the bank's answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, lists
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.lists import Column, Kind, Listing
from kernel.money import Money, in_capitals, total
from market.payments.gateway import Stripe
from registry.parties.model import Party
from registry.public_register.gateway import pdf_of
from settlement.payees import queries as payees
from settlement.payees.model import PayeeAccount
from settlement.payouts import commands, queries, sheets
from settlement.payouts.gateway import StripeConnect
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import BatchState, Channel, HoldReason, PayoutState
from settlement.payouts.schemas import PayoutBatchIn, PayoutReasonIn
from settlement.statements.model import Statement

blueprint = Blueprint("payout_pages", __name__, template_folder="../templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HELD_SHOWN = 200
BATCH_WORDS = {
    BatchState.PARKED: _("金额异常，待解除"), BatchState.PREPARED: _("待复核"), BatchState.CHECKED: _("待付款"),
    BatchState.SENT: _("已发出"), BatchState.DONE: _("已办结"), BatchState.CANCELLED: _("已取消"),
}  # fmt: skip
PAYOUT_WORDS = {
    PayoutState.PREPARED: _("待发出"), PayoutState.SENT: _("已发出"), PayoutState.UNKNOWN: _("结果未知，自动查询中"),
    PayoutState.SHORT: _("余额不足，待补足后重发"),
    PayoutState.CONFIRMED: _("已到账"), PayoutState.RETURNED: _("已退回"), PayoutState.CANCELLED: _("已取消"),
}  # fmt: skip
CHANNEL_WORDS = {
    Channel.BANK: _("银行批量代付"), Channel.TREASURY: _("非税收入缴款"), Channel.STRIPE: _("Stripe 转账"),
}  # fmt: skip
HOLD_WORDS = {
    HoldReason.PAYEE_RULE_MISSING: _("事业单位收款规则未配置"), HoldReason.ACCOUNT_MISSING: _("没有生效的收款账户"),
    HoldReason.TREASURY_ACCOUNT_MISSING: _("没有生效的国库账户"), HoldReason.PARTY_SUSPENDED: _("单位已暂停"),
    HoldReason.CONTRIBUTION_OBJECTED: _("贡献异议处理中"), HoldReason.FROZEN: _("按文书冻结"),
    HoldReason.IN_DISPUTE: _("订单有争议"),
    HoldReason.TRIES_USED_UP: _("多次退回，须更换账户"),
}  # fmt: skip


@blueprint.get("/payouts")
@requires(Permission.PAYOUT_READ)
def browse() -> AnyResponse:
    """Show what is open at a place, and the batches; these are sorted, filtered and exported as asked for."""
    found = _batches()
    if found.is_download:
        return found.export(db.session(), queries.listed(current_actor()), PayoutBatch)
    return _browse()


def _batches() -> Listing:
    columns = [
        Column("number", _("编号"), PayoutBatch.number, is_filter=True),
        Column("batch_place", _("地方"), PayoutBatch.place, Kind.CODE, choices=policy_book().places(), is_filter=True),
        Column("channel", _("方式"), PayoutBatch.channel, Kind.CODE, CHANNEL_WORDS, tuple(Channel), is_filter=True),
        Column("state", _("状态"), PayoutBatch.state, Kind.CODE, BATCH_WORDS, tuple(BatchState), is_filter=True),
        Column("count", _("笔数"), PayoutBatch.count, Kind.COUNT, is_summed=True),
        Column("total", _("金额"), PayoutBatch.total, Kind.MONEY, is_filter=True, is_summed=True),
        Column("prepared", _("编制时间"), PayoutBatch.prepared_at, Kind.MOMENT, is_filter=True),
    ]
    return lists.asked_for("payout-batches", gettext("批次"), columns, at="payout_pages.browse")


@blueprint.post("/payouts")
@requires(Permission.PAYOUT_PREPARE)
def prepare() -> AnyResponse:
    """Prepare batches of everything that can be paid."""
    form = Form(PayoutBatchIn)
    if not form.accepts():
        return _browse(status=422)
    try:
        with db.transaction() as session:
            made = commands.prepare(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
    except DomainError as error:
        return _browse(error, error.status)
    flash(gettext("已编制 %(n)s 个批次，待另一人复核。", n=len(made)), "success")
    return redirect(url_for("payout_pages.show", number=made[0].number), code=303)


def _browse(refusal: DomainError | None = None, status: int = 200) -> AnyResponse:
    session, actor, book = db.session(), current_actor(), policy_book()
    places = [place for place in book.places() if actor.may(Permission.PAYOUT_READ, place=place)]
    chosen = request.values.get("place") or (places[0] if places else "")
    actor.must(Permission.PAYOUT_READ, place=chosen)
    payable, held = queries.payables(session, place=chosen, now=clock.now(), book=book)
    text = render_template(
        "settlement/payouts/browse.html", place=chosen, places=[(one, book.place(one).title) for one in places],
        payable=payable, held=held[:HELD_SHOWN], held_sum=total(one.due.amount for one in held),
        sum=total(one.gross for one in payable), holds=HOLD_WORDS, channels=CHANNEL_WORDS, states=BATCH_WORDS,
        found=_batches().read(session, queries.listed(actor), PayoutBatch), refusal=words_of(refusal),
        may_prepare=actor.may(Permission.PAYOUT_PREPARE, place=chosen),
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/payouts/<number>")
@requires(Permission.PAYOUT_READ)
def show(number: str) -> AnyResponse:
    """Show one batch with its lines and the next step."""
    return _batch(number)


@blueprint.post("/payouts/<number>/release")
@requires(Permission.PAYOUT_RELEASE)
def release(number: str) -> AnyResponse:
    """Say that an odd amount is right."""
    return _reasoned(number, commands.release)


@blueprint.post("/payouts/<number>/cancellation")
@requires(Permission.PAYOUT_READ)
def cancel(number: str) -> AnyResponse:
    """Give up a batch that was not sent."""
    return _reasoned(number, commands.cancel)


@blueprint.post("/payouts/<number>/check")
@requires(Permission.PAYOUT_CHECK)
def check(number: str) -> AnyResponse:
    """Confirm a batch as the second person."""
    return _step(number, commands.check, book=policy_book())


@blueprint.post("/payouts/<number>/send")
@requires(Permission.PAYOUT_PAY)
def send(number: str) -> AnyResponse:
    """Send a batch as the third person."""
    return _step(number, commands.send, book=policy_book())


@blueprint.post("/payouts/<number>/results")
@requires(Permission.PAYOUT_PREPARE)
def take_results(number: str) -> AnyResponse:
    """Take the bank's answer."""
    sent = request.files.get("file")
    try:
        results = sheets.read_results(sent.read() if sent is not None else b"")
    except DomainError as error:
        return _batch(number, error, error.status)
    return _step(number, commands.take_results, results=results)


@blueprint.post("/payouts/<number>/file")
@requires(Permission.PAYOUT_PAY)
def file(number: str) -> Response:
    """Hand the file with the full account numbers to the payer; each time is noted."""
    with db.transaction() as session:
        batch = commands.hand_out(session, current_actor(), number, now=clock.now())
        rows = _rows(session, queries.payouts_of(session, batch.id))
    if request.form.get("form") == "pdf" and batch.channel is Channel.TREASURY:
        return attachment(_instruction(batch, rows), f"{number}.pdf", "application/pdf")
    if request.form.get("form") == "csv":
        return attachment(sheets.as_csv(batch.channel, rows), f"{number}.csv", "text/csv; charset=utf-8")
    content = sheets.as_workbook(number, batch.channel, rows, made_at=batch.sent_at or batch.prepared_at)
    return attachment(content, f"{number}.xlsx", XLSX)


def _instruction(batch: PayoutBatch, rows: list[sheets.Row]) -> bytes:
    """Return the treasury's instruction as PDF: whose income it is stays with every line (REV-05)."""
    html = render_template(
        "settlement/payouts/treasury_pdf.html", batch=batch, rows=rows, words=in_capitals(batch.total),
        place=policy_book().place(batch.place).title,
    )  # fmt: skip
    style = (Path(str(current_app.static_folder)) / "statement-pdf.css").read_text(encoding="utf-8")
    return pdf_of(html, style)


def _rows(session: Any, payouts: Any) -> list[sheets.Row]:
    found = []
    for one in payouts:
        account, party = session.get_one(PayeeAccount, one.account_id), session.get_one(Party, one.party_id)
        statement = session.get_one(Statement, one.statement_id)
        if one.amount:
            found.append(sheets.Row(
                one.number, account.holder, payees.number_of(session, account), account.bank, account.bank_code,
                account.item_code, one.amount, party.name, party.uscc, statement.number,
            ))  # fmt: skip
    return found


def _reasoned(number: str, act: Callable[..., Any]) -> AnyResponse:
    form = Form(PayoutReasonIn)
    if not form.accepts():
        return _batch(number, status=422)
    return _step(number, act, **form.data)


def _step(number: str, act: Callable[..., Any], **terms: Any) -> AnyResponse:
    try:
        with db.transaction() as session:
            match_version(session, PayoutBatch, queries.visible(session, current_actor(), number).id)
            act(session, current_actor(), number, **terms, now=clock.now())
    except DomainError as error:
        return _batch(number, error, error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("payout_pages.show", number=number), code=303)


def _there(number: str) -> Money | None:
    """Return what can be sent from the provider's account now, for whoever is to send; asked in no transaction."""
    session, actor = db.session(), current_actor()
    batch = queries.visible(session, actor, number)
    is_wanted = batch.channel is Channel.STRIPE and actor.may(Permission.PAYOUT_PAY, place=batch.place)
    is_wanted = is_wanted and batch.state in (BatchState.CHECKED, BatchState.SENT)
    session.rollback()
    provider: Stripe | None = current_app.extensions.get("huiyi_stripe")
    if not is_wanted or provider is None:
        return None
    return StripeConnect(provider.settings, provider.circuit).available()


def _batch(number: str, refusal: DomainError | None = None, status: int = 200) -> AnyResponse:
    there = _there(number)
    session, actor = db.session(), current_actor()
    batch = queries.visible(session, actor, number)
    lines: list[tuple[Payout, Party, Statement, PayeeAccount]] = [
        (one, session.get_one(Party, one.party_id), session.get_one(Statement, one.statement_id),
         session.get_one(PayeeAccount, one.account_id))
        for one in queries.payouts_of(session, batch.id)
    ]  # fmt: skip
    before = {batch.prepared_by_id, batch.checked_by_id, batch.released_by_id}
    is_other, state, may = actor.id not in before, batch.state, actor.may
    text = render_template(
        "settlement/payouts/show.html", batch=batch, lines=lines, states=BATCH_WORDS, payout_states=PAYOUT_WORDS,
        channels=CHANNEL_WORDS, refusal=words_of(refusal), steps=_timeline(batch),
        there=there, is_short=there is not None and there < batch.total and state is BatchState.CHECKED,
        may_retry=may(Permission.PAYOUT_PAY, place=batch.place)
        and any(line[0].state is PayoutState.SHORT for line in lines),
        may_release=state is BatchState.PARKED and is_other and may(Permission.PAYOUT_RELEASE, place=batch.place),
        may_check=state is BatchState.PREPARED and is_other and may(Permission.PAYOUT_CHECK, place=batch.place),
        may_send=state is BatchState.CHECKED and is_other and may(Permission.PAYOUT_PAY, place=batch.place),
        may_cancel=state in (BatchState.PARKED, BatchState.PREPARED, BatchState.CHECKED)
        and (may(Permission.PAYOUT_PREPARE, place=batch.place) or may(Permission.PAYOUT_CHECK, place=batch.place)),
        may_fetch=state in (BatchState.SENT, BatchState.DONE) and batch.channel is not Channel.STRIPE
        and may(Permission.PAYOUT_PAY, place=batch.place),
        may_record=state is BatchState.SENT and batch.channel is not Channel.STRIPE
        and may(Permission.PAYOUT_PREPARE, place=batch.place),
    )  # fmt: skip
    return make_response(text, status)


def _timeline(batch: PayoutBatch) -> list[dict[str, Any]]:
    def step(title: str, at: Any, name: str | None, is_next: bool) -> dict[str, Any]:
        return {"title": title, "at": at, "actor": name, "state": "done" if at else ("current" if is_next else "todo")}

    return [
        step(gettext("编制"), batch.prepared_at, batch.prepared_by, True),
        step(gettext("复核"), batch.checked_at, batch.checked_by, batch.state is BatchState.PREPARED),
        step(gettext("发出"), batch.sent_at, batch.sent_by, batch.state is BatchState.CHECKED),
        step(gettext("办结"), batch.ended_at, None, batch.state is BatchState.SENT),
    ]
