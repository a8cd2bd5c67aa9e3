"""What the story prints about buying and selling beside the orders of the month."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from market.disputes.rules import STATE_TITLES as DISPUTE_TITLES
from market.disputes.rules import DisputeState
from web.demo.stage import Told

Row = tuple[str, str, str]
WAYS = {"bank_transfer": "银行转账", "balance": "预付余额", "monthly_account": "月结"}


def market(told: Told) -> Table:
    """Return how buyers found, paid, received and counted, and what became of invoices and disputes."""
    table = Table(title=f"{told.place.title} · 查找、付款、交付、开票与争议", title_justify="left")
    for heading in ("事项", "事实", "规则"):
        table.add_column(heading, overflow="fold")
    for row in rows(told):
        table.add_row(*row)
    return table


def rows(told: Told) -> list[Row]:
    """Return what there is to say."""
    return [*_found(told), *_paid(told), *_delivered(told), *_counted(told), *_invoiced(told)]


def _found(told: Told) -> Iterator[Row]:
    if told.market.get("searches"):
        yield "查找", f"“{'”“'.join(told.market['searches'])}”都找到《{told.place.products[0].title}》", ""
    if "endpoint" in told.market:
        found = told.market["endpoint"]
        yield "事件推送", f"{found['url']} 待验证，未向其发送业务消息（共 {found['type_count']} 种事件）", ""


def _paid(told: Told) -> Iterator[Row]:
    if "approval" in told.market:
        rule, found = told.market["approval_rule"], told.market["approval"]
        words = f"超过 {rule['above']} 元须第二人复核（{rule['proposed_by']}提出、{rule['decided_by']}确认）"
        yield "采购复核", f"{found['order']} {found['amount']} 元，{words}；{found['decided_by']}同意", ""
    for placed in told.market.get("orders", {}).values():
        payment = placed["payment"]
        yield "付款", f"{placed['number']} {payment['amount']} 元，{WAYS[payment['method']]}", ""
    if "queued" in told.market:
        line = told.market["queued"]
        yield "银行流水", f"{line['serial']} 到账 {line['amount']} 元，少 {line['gap']} 元：不入账，退回付款人", ""
    if "statement" in told.market:
        found = told.market["statement"]
        yield "月结账单", f"{found['number']} {found['month']} {found['amount']} 元，{found['due_date']} 前付清", ""


def _delivered(told: Told) -> Iterator[Row]:
    for key, words in told.market.get("delivered", {}).items():
        yield "交付", f"{told.market['orders'][key]['number']} {words}", ""
    if "feedback" in told.market:
        found = told.market["feedback"]
        yield "成果回馈", f"{found['number']} {found['words']}", "REU-02"


def _counted(told: Told) -> Iterator[Row]:
    for receipt in told.market.get("receipts", {}).values():
        words = f"供方计 {receipt['provider_count']}，买方计 {receipt['buyer_count']}，认定 {receipt['agreed']}"
        yield "交付回执", f"{receipt['number']} {words}", "DSP-04"
    if "dispute" in told.market:
        found, frozen = told.market["dispute"], told.market["frozen"]
        state = DISPUTE_TITLES[DisputeState(found["state"])]
        words = f"只冻结 {frozen['amount']} 元，其余 {frozen['free']} 元不受影响；{state}：{found['decided_reason']}"
        yield "争议", f"{found['number']} {words}", "DSP-02"


def _invoiced(told: Told) -> Iterator[Row]:
    for key, title in (("invoice", "发票"), ("red_letter", "红字发票")):
        if key in told.market:
            found = told.market[key]
            amounts = f"价税合计 {found['gross']} 元，其中税额 {found['tax']} 元"
            yield title, f"{found['number']} {amounts}（{found['tax_system_number']}，演示号码）", "REV-07"
    if "refund" in told.market:
        found = told.market["refund"]
        yield "退款", f"{found['number']} {found['amount']} 元，{found['asked_by']}申请、{found['decided_by']}批准", ""
