"""Parked changes of price: the states, who may release one, and the terms as they are kept (A12)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, DomainError, NotAllowed
from kernel.money import UnitPrice
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.rules import Regime
from pricing.value_bases.rules import ValuationMethod

PLAIN = ("subject_kind", "buyer_class", "dedup_days", "guidance", "charges_misses")


class ParkedState(StrEnum):
    """How far a parked change has come."""

    WAITING = "waiting"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


class ParkedAct(StrEnum):
    """What is done with it."""

    RELEASE = "release"
    WITHDRAW = "withdraw"


TRANSITIONS = {
    (ParkedState.WAITING, ParkedAct.RELEASE): ParkedState.RELEASED,
    (ParkedState.WAITING, ParkedAct.WITHDRAW): ParkedState.WITHDRAWN,
}
STATE_TITLES = {
    ParkedState.WAITING: "停放，待另一人解除",
    ParkedState.RELEASED: "已解除并公布",
    ParkedState.WITHDRAWN: "已撤回",
}


class WrongState(Conflict):
    """The parked change was decided already."""

    code = "parked_price.wrong_state"


class SamePerson(NotAllowed):
    """Who asked for a change that is out of bounds does not release it."""

    code = "parked_price.same_person"
    title = "须由另一人解除"
    title_en = "Another person has to release it"


class AlreadyWaiting(Conflict):
    """A change of the same price waits already."""

    code = "parked_price.already_waiting"
    title = "已有停放的调价"
    title_en = "A change of this price waits already"


class NoLongerPossible(Conflict):
    """What was asked for cannot be published any more as it was asked for."""

    code = "parked_price.no_longer_possible"
    title = "已不能按原条件公布"
    title_en = "It cannot be published as asked for any more"


def after(state: ParkedState, act: ParkedAct, number: str) -> ParkedState:
    """Return the state that follows.

    Raises:
        WrongState: it was decided already.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"停放的调价 {number} 现为“{STATE_TITLES[state]}”，不能再作处理；需要调价的请重新定价。",
            detail_en=f"{number} is {state}; set the price anew.",
        )
    return following


def must_be_other(number: str, actor_id: UUID | None, askers: Collection[UUID]) -> None:
    """Refuse the natural person who asked for the change (不相容职务相分离).

    Args:
        number: of the parked change.
        actor_id: the account that acts.
        askers: every account of the natural person who asked.

    Raises:
        SamePerson: the actor is that person.
    """
    if actor_id in askers:
        raise SamePerson(
            f"停放的调价 {number} 由您提出，须由本单位另一位有定价权限的人员或当地价格主管解除。",
            detail_en=f"You asked for {number}: a colleague who may set prices, or the price officer, releases it.",
        )


def already_waiting(number: str, scope: str) -> AlreadyWaiting:
    """Return the refusal of a second change of the same price while one waits."""
    return AlreadyWaiting(
        f"同一产品、同一适用范围（{scope}）的调价 {number} 正在停放；请等待解除，或先将其撤回。",
        detail_en=f"{number} waits for the same price; have it released or withdraw it first.",
    )


def no_longer_possible(number: str, refusal: DomainError) -> NoLongerPossible:
    """Return the refusal to publish a parked change as it was asked for, with what stands against it now."""
    why = refusal.detail.rstrip("。；")
    return NoLongerPossible(
        f"停放的调价 {number} 已不能按原条件公布：{why}。请由卖方撤回后重新定价。",
        detail_en=f"{number} cannot be published as asked for: {refusal.detail_en or refusal.code}. Withdraw it and"
        " set the price anew.",
        rule=refusal.rule,
        article=refusal.article,
        errors=refusal.errors,
    )


def kept(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms of a price as they are kept: plain values, money as text."""
    found: dict[str, Any] = {name: terms[name] for name in PLAIN if terms.get(name)}
    found |= {"regime": str(terms["regime"]), "charge_unit": str(terms["charge_unit"]), "model": dict(terms["model"])}
    found["effective_from"] = terms["effective_from"].isoformat()
    if basis := terms.get("value_basis"):
        comparables = [{**one, "price": one["price"].text()} for one in basis.get("comparables", ())]
        found["value_basis"] = {**basis, "method": str(basis["method"]), "comparables": comparables}
    return found


def asked(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return kept terms as they were asked for."""
    terms: dict[str, Any] = {
        **found,
        "regime": Regime(found["regime"]),
        "charge_unit": ChargeUnit(found["charge_unit"]),
        "effective_from": date.fromisoformat(found["effective_from"]),
    }
    if basis := found.get("value_basis"):
        comparables = [{**one, "price": UnitPrice.yuan(one["price"])} for one in basis["comparables"]]
        terms["value_basis"] = {**basis, "method": ValuationMethod(basis["method"]), "comparables": comparables}
    return terms
