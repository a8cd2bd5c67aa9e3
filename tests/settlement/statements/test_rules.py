"""Sums of a statement."""

from __future__ import annotations

from settlement.statements.rules import by_payee, by_product, summed

LINE = {
    "product": "P1", "title": "评分", "entitlement": "E1", "use_class": "industry", "quantity": 10, "billable": 8,
    "gross": "106.00", "tax": "6.00", "net": "100.00", "shadow": "0.00", "share": "60.00", "step": 1,
    "payee_kind": "own_account", "reason_code": "ENTERPRISE",
}  # fmt: skip


def test_revenue_that_two_steps_divide_counts_once() -> None:
    lines = [LINE, {**LINE, "step": 3, "share": "10.00"}, {**LINE, "entitlement": "E2", "share": "0.05"}]
    (one,) = by_product(lines)
    assert (one.entitlements, one.quantity, one.gross.text(), one.net.text()) == (2, 20, "212.00", "200.00")
    assert one.share.text() == "70.05"


def test_products_and_classes_of_use_stand_apart_in_order_of_code() -> None:
    lines = [{**LINE, "product": "P2"}, {**LINE, "use_class": "public_interest"}, LINE]
    assert [(one.product, one.use_class) for one in by_product(lines)] == [
        ("P1", "industry"), ("P1", "public_interest"), ("P2", "industry"),
    ]  # fmt: skip


def test_accounts_add_up_to_the_statement_and_free_use_has_none() -> None:
    free = {**LINE, "share": "0.00", "payee_kind": None, "reason_code": None}
    held = {**LINE, "share": "1.01", "payee_kind": "held", "reason_code": "PAYEE_RULE_MISSING"}
    lines = [LINE, free, held, held]
    found = by_payee(lines)
    assert [(kind, amount.text()) for kind, _, amount in found] == [("held", "2.02"), ("own_account", "60.00")]
    assert sum(amount.fen for _, _, amount in found) == summed(lines, "share").fen
