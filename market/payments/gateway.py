"""How money comes in, behind one protocol; today by bank transfer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from stdnum.iso7064 import mod_97_10

from kernel.money import Money
from market.payments.rules import PaymentMethod


@dataclass(frozen=True, slots=True)
class Instructions:
    """What the buyer has to do: how, how much, and the words by which the money is recognised."""

    method: PaymentMethod
    amount: Money
    reference: str
    text: str


class PaymentGateway(Protocol):
    """One way of paying."""

    method: PaymentMethod

    def reference(self, order_number: str) -> str:
        """Return the reference by which the payment of an order is recognised."""
        ...

    def instructions(self, reference: str, amount: Money, *, payee: str) -> Instructions:
        """Return what the buyer has to do."""
        ...


class BankTransfer:
    """The buyer transfers the exact amount and writes the reference into the remark of the transfer."""

    method = PaymentMethod.BANK_TRANSFER

    def reference(self, order_number: str) -> str:
        """Return the order number with ISO 7064 mod 97,10 check digits: a mistyped remark is noticed."""
        body = order_number.replace("-", "").upper()
        return f"{body}{mod_97_10.calc_check_digits(body)}"

    def instructions(self, reference: str, amount: Money, *, payee: str) -> Instructions:
        """Return the words for the order page."""
        text = (
            f"请由购买方账户一次性汇付 {amount.grouped()} 元至“{payee}”的结算账户，附言只填写 {reference}。"
            "金额须与订单完全一致，到账由财务经办核对后即时开通。"
        )
        return Instructions(self.method, amount, reference, text)


GATEWAYS: dict[PaymentMethod, PaymentGateway] = {PaymentMethod.BANK_TRANSFER: BankTransfer()}


def gateway(method: PaymentMethod) -> PaymentGateway:
    """Return the gateway of a way of paying."""
    return GATEWAYS[method]


def is_reference(text: str) -> bool:
    """Say whether the check digits of a reference fit."""
    return bool(mod_97_10.is_valid(text))
