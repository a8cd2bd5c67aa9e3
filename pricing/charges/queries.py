"""Reads of the charges, and how the charges of a month add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from kernel.errors import NotFound
from kernel.explanations import node
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from kernel.money import total
from pricing.charges.model import Charge
from pricing.charges.rules import ACQUISITION_ARTICLE, KIND_TITLES, ChargeKind, KindSum, by_kind


class NoSuchCharge(NotFound):
    """There is no such charge, or none that the actor may know of."""

    code = "charge.not_found"


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """Return what the actor may read: the payer its own, a payee its own, authorities those of their place."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        pays = grant.role in ROLES_OF[Permission.COST_READ]
        if not pays and grant.role not in ROLES_OF[Permission.CHARGE_RECORD]:
            continue
        limits: list[sa.ColumnElement[bool]] = [sa.true()]
        if grant.place is not None:
            limits.append(Charge.place == grant.place)
        if grant.org_id is not None and grant.role not in WATCHERS:
            own = Charge.operating_institution_id if pays else Charge.payee_id
            limits.append(own == grant.org_id)
        reached.append(sa.and_(*limits))
    return sa.or_(sa.false(), *reached)


def visible(
    actor: Actor,
    *,
    agreement_id: UUID | None = None,
    year: int | None = None,
    month: str | None = None,
    kind: ChargeKind | None = None,
    payee_id: UUID | None = None,
) -> sa.Select[Charge]:
    """Return the query of the charges that the actor may read, corrections included, with their payees."""
    query = sa.select(Charge).where(_in_scope(actor)).options(joinedload(Charge.payee))
    wanted = {
        Charge.agreement_id: agreement_id, Charge.year: year, Charge.month: month, Charge.kind: kind,
        Charge.payee_id: payee_id,
    }  # fmt: skip
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    return query


def get(session: Session, actor: Actor, charge_id: UUID) -> Charge:
    """Return one charge with its payee.

    Raises:
        NoSuchCharge: there is none that the actor may read.
    """
    found = session.scalar(visible(actor).where(Charge.id == charge_id))
    if found is None:
        raise NoSuchCharge(f"没有编号为 {charge_id} 的费用记录，或您无权查看。")
    return found


def correction_of(session: Session, charge_id: UUID) -> Charge | None:
    """Return the reversal of a charge, if it was corrected."""
    return session.scalar(sa.select(Charge).where(Charge.corrects_id == charge_id))


def standing(agreement_id: UUID, year: int | None = None) -> sa.Select[Charge]:
    """Return the query of the charges of an agreement that were neither corrected nor are corrections themselves."""
    reversal = aliased(Charge)
    corrected = sa.exists().where(reversal.corrects_id == Charge.id)
    query = sa.select(Charge).where(Charge.agreement_id == agreement_id, Charge.corrects_id.is_(None), ~corrected)
    if year is not None:
        query = query.where(Charge.year == year)
    return query.options(joinedload(Charge.payee)).order_by(Charge.month, Charge.number)


def costs_of_year(session: Session, agreement_id: UUID, year: int) -> Sequence[Charge]:
    """Return the charges of a year that count in the operating cost, by month and number."""
    return session.scalars(standing(agreement_id, year).where(Charge.in_cost_base)).all()


def corrected_numbers(session: Session, charge_ids: Sequence[UUID]) -> list[str]:
    """Return the numbers of those among the charges that were corrected meanwhile."""
    query = sa.select(Charge.number).where(
        Charge.id.in_(sa.select(Charge.corrects_id).where(Charge.corrects_id.in_(charge_ids)))
    )
    return list(session.scalars(query.order_by(Charge.number)))


def sums(charges: Sequence[Charge]) -> list[KindSum]:
    """Return what the charges come to per kind, corrections counted against what they correct."""
    return by_kind([(charge.kind, charge.amount, charge.in_cost_base) for charge in charges])


def explain(title: str, charges: Sequence[Charge]) -> dict[str, Any]:
    """Return how charges add up: kinds, rows, evidence and the rule by which the operator bears them."""
    kinds = [
        node(
            KIND_TITLES[found.kind],
            f"¥ {found.amount.grouped()}",
            lines=[explain_one(charge) for charge in charges if charge.kind is found.kind],
        )
        for found in sums(charges)
    ]
    amount = total(charge.amount for charge in charges)
    return node(title, f"¥ {amount.grouped()}", formula=" + ".join(one["label"] for one in kinds), lines=kinds)


def title_of(charge: Charge) -> str:
    """Return what a line of cost calls the charge: month, kind and number."""
    return f"{charge.month} {KIND_TITLES[charge.kind]}（{charge.number}）"


def explain_one(charge: Charge) -> dict[str, Any]:
    """Return one charge with its quantity, its evidence and the rule."""
    source = charge.sources[0] if charge.sources else ACQUISITION_ARTICLE
    below = []
    if charge.quantity is not None:
        below.append(node("数量", f"{charge.quantity.normalize():f} {charge.unit}"))
    if charge.evidence_sha256:
        below.append(node("凭证 SHA-256", charge.evidence_sha256))
    if charge.reason:
        below.append(node("更正理由", charge.reason))
    return node(title_of(charge), f"¥ {charge.amount.grouped()}", source=source, lines=below)
