"""One break for people: the sides beside each other, what to do, and two persons who close it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, requires, words_of, working_calendar
from kernel.identity import Permission
from settlement.breaks import commands, queries
from settlement.breaks.model import Break
from settlement.breaks.rules import BreakAct, BreakState, Owner, Resolution
from settlement.breaks.schemas import BreakAssignIn, BreakConfirmIn, BreakExplainIn, BreakProposeIn
from settlement.matching.rules import Flow, Kind, Side

blueprint = Blueprint("break_pages", __name__, template_folder="../templates")
KIND_WORDS = {
    Kind.MISSING: _("一方缺失"), Kind.DOUBLED: _("重复"), Kind.AMOUNT: _("金额不符"), Kind.CURRENCY: _("币种不符"),
    Kind.FEE: _("手续费不符"), Kind.DATE_CUT_OFF: _("跨期"), Kind.REFUND_LINKED_WRONGLY: _("退款挂错原收款"),
    Kind.DISPUTE: _("银行争议不一致"), Kind.PAYOUT_SHORT: _("结算款短缺"), Kind.PAYOUT_SPLIT: _("结算款分笔到账"),
    Kind.UNKNOWN_REFERENCE: _("编号无法识别"), Kind.REVERSED_TWICE: _("重复退回或冲销"),
    Kind.ENTITLEMENT_WITHOUT_MONEY: _("有使用权而无款项"), Kind.MONEY_WITHOUT_ENTITLEMENT: _("有款项而无使用权"),
}  # fmt: skip
SIDE_WORDS = {Side.PROVIDER: _("支付机构"), Side.ORDERS: _("订单"), Side.LEDGER: _("账簿"), Side.BANK: _("银行")}
OWNER_WORDS = {Owner.FINANCE: _("财务经办"), Owner.PROVIDER: _("支付机构联系人"), Owner.BANK: _("开户银行联系人"),
               Owner.BOOKKEEPING: _("账务"), Owner.TRADE: _("交易运营")}  # fmt: skip
STATE_WORDS = {BreakState.OPEN: _("待办"), BreakState.ASSIGNED: _("已指定经办"), BreakState.EXPLAINED: _("已说明"),
               BreakState.PROPOSED: _("待复核关闭"), BreakState.CLOSED: _("已关闭")}  # fmt: skip
FLOW_WORDS = {
    Flow.CHARGE: _("在线收款"), Flow.REFUND: _("在线退款"), Flow.DISPUTE: _("银行争议"), Flow.PAYOUT: _("结算款"),
    Flow.RECEIPT: _("银行来款"), Flow.SENT: _("银行付出"), Flow.TRANSFER: _("经支付机构转账"),
    Flow.ACCOUNT: _("账户支付"), Flow.RIGHT: _("使用权"), Flow.OTHER: _("其他款项"),
}  # fmt: skip
RESOLUTION_WORDS = {
    Resolution.LATE_LINE: _("迟到的明细已到"), Resolution.CORRECTED: _("已更正入账"),
    Resolution.REFUNDED: _("款项已退回"), Resolution.CLAIMED: _("已补付"), Resolution.GRANTED: _("使用权已补开或停用"),
    Resolution.WRITTEN_OFF: _("核销"), Resolution.NO_FAULT: _("核实无误"),
}  # fmt: skip
ACT_WORDS = {
    BreakAct.FIND: _("对账发现"), BreakAct.HEAL: _("后续对账核平"), BreakAct.SEE_AGAIN: _("情况有变化"),
    BreakAct.ASSIGN: _("指定经办"), BreakAct.EXPLAIN: _("说明"), BreakAct.PROPOSE: _("提请关闭"),
    BreakAct.CONFIRM: _("复核关闭"), BreakAct.REJECT: _("复核退回"), BreakAct.REOPEN: _("重新打开"),
}  # fmt: skip
TODO = {
    Kind.MISSING: _("查明缺失的一方：明细或对账单未到的，补导入后再对账；没有入账的，补记；确已不在的，查明何人移除。"),
    Kind.DOUBLED: _("确认哪一笔是多余的：支付机构重复扣款的，退还付款人；账簿重复的，冲销。"),
    Kind.AMOUNT: _("逐分核对各方金额，以外部凭证为准更正入账，或向支付机构、银行追索。"),
    Kind.CURRENCY: _("本平台只收人民币：联系支付机构按原币退回，重新收款。"),
    Kind.FEE: _("对照支付机构协议核对手续费；多收的，向支付机构追索。"),
    Kind.DATE_CUT_OFF: _("确认该笔归属哪一期；归属前一期而前一期已封存的，列入下一期并注明。"),
    Kind.REFUND_LINKED_WRONGLY: _("核对退款所属的原收款；挂错的，冲销后按正确的原收款重记。"),
    Kind.DISPUTE: _("到支付机构查询争议的现状和金额，补记划款或返还，并办理举证。"),
    Kind.PAYOUT_SHORT: _("向支付机构或银行查询短缺的金额；未到账部分继续挂在途。"),
    Kind.PAYOUT_SPLIT: _("合计相符：逐笔核对银行回单后提请关闭。"),
    Kind.UNKNOWN_REFERENCE: _("查明来款用途：能对应订单的，在银行流水或待核款项中认领；不能的，退回付款人。"),
    Kind.REVERSED_TWICE: _("退回的款项超过收到的款项：向付款人或支付机构追回，或冲销多余的冲销。"),
    Kind.ENTITLEMENT_WITHOUT_MONEY: _("没有收到款项却已开通：催收或停用该使用权，并查明如何开通。"),
    Kind.MONEY_WITHOUT_ENTITLEMENT: _("已收款未开通：补开使用权，或退款。"),
}  # fmt: skip


def word(value: object) -> str:
    """Return how a kind, side, owner, state or flow is called in the language of the request."""
    for words in (KIND_WORDS, SIDE_WORDS, OWNER_WORDS, STATE_WORDS, FLOW_WORDS, RESOLUTION_WORDS, ACT_WORDS):
        if value in words:
            return str(words[value])  # type: ignore[index]
    return str(value)


@blueprint.get("/reconciliation/breaks/<number>")
@requires(Permission.SETTLEMENT_READ)
def show(number: str) -> Response:
    """Show one break: what each side says, what to do, what happened."""
    return _page(number)


@blueprint.post("/reconciliation/breaks/<number>/assignment")
@requires(Permission.SETTLEMENT_PREPARE)
def assign(number: str) -> AnyResponse:
    """Name the person who works on it."""
    return _step(number, commands.assign, BreakAssignIn)


@blueprint.post("/reconciliation/breaks/<number>/explanation")
@requires(Permission.SETTLEMENT_PREPARE)
def explain(number: str) -> AnyResponse:
    """Say what happened."""
    return _step(number, commands.explain, BreakExplainIn)


@blueprint.post("/reconciliation/breaks/<number>/proposal")
@requires(Permission.SETTLEMENT_PREPARE)
def propose(number: str) -> AnyResponse:
    """Propose to close it."""
    return _step(number, commands.propose, BreakProposeIn)


@blueprint.post("/reconciliation/breaks/<number>/confirmation")
@requires(Permission.SETTLEMENT_CHECK)
def confirm(number: str) -> AnyResponse:
    """Close it as proposed."""
    return _step(number, commands.confirm, BreakConfirmIn)


@blueprint.post("/reconciliation/breaks/<number>/rejection")
@requires(Permission.SETTLEMENT_CHECK)
def reject(number: str) -> AnyResponse:
    """Refuse to close it."""
    return _step(number, commands.reject, BreakExplainIn)


@blueprint.post("/reconciliation/breaks/<number>/reopening")
@requires(Permission.SETTLEMENT_CHECK)
def reopen(number: str) -> AnyResponse:
    """Open it again."""
    return _step(number, commands.reopen, BreakExplainIn)


def _step(number: str, act: Callable[..., Any], schema: type[ma.Schema]) -> AnyResponse:
    form = Form(schema)
    if not form.accepts():
        return _page(number, form=form, status=422)
    try:
        with db.transaction() as session:
            match_version(session, Break, queries.visible(session, current_actor(), number).id)
            act(session, current_actor(), number, **form.data, now=clock.now())
    except DomainError as error:
        return _page(number, form=form, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("break_pages.show", number=number), code=303)


def _page(number: str, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    one = queries.visible(session, actor, number)
    sides = [(side, SIDE_WORDS[side], [fact for fact in one.facts if fact["side"] == side]) for side in Side]
    text = render_template(
        "settlement/reconciliation/break.html", one=one, sides=sides, word=word, todo=TODO[one.kind],
        steps=[
            {"title": word(step.act), "at": step.at, "actor": step.actor_name, "state": "done",
             "note": " ".join(part for part in (word(step.resolution) if step.resolution else "", step.note,
                                                step.run_number) if part)}
            for step in queries.steps(session, one.id)
        ],
        age=queries.age(one, clock.today(), working_calendar()), refusal=words_of(refusal),
        proposal=queries.waiting_proposal(session, one.id), values=form.values if form else {},
        errors=form.errors if form else {}, resolutions=list(RESOLUTION_WORDS.items()),
        may_work=actor.may(Permission.SETTLEMENT_PREPARE, place=one.place),
        may_check=actor.may(Permission.SETTLEMENT_CHECK, place=one.place),
    )  # fmt: skip
    return make_response(text, status)
