"""Whether a product may be sold as far as its price goes: in SQL for lists, and as a gate with words for one."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from pricing.ceilings.model import ALL_KINDS, FeeCap
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import REGIME_TITLES, cap_of, in_force, is_within_cap
from pricing.tariffs.rules import Regime
from registry.gates.rules import Gate
from registry.products.model import Product


def has_price(on: date) -> sa.ColumnElement[bool]:
    """Return the condition, on ``Product.id``, that it has a price that may be charged; as :func:`price_gate`."""
    later, cap, other = aliased(Tariff), aliased(FeeCap), aliased(FeeCap)
    superseded = sa.exists().where(
        later.product_id == Tariff.product_id, later.scope == Tariff.scope,
        later.effective_from <= on, later.effective_from > Tariff.effective_from,
    )  # fmt: skip
    same = [other.product_id == cap.product_id, other.charge_unit == cap.charge_unit, other.effective_from <= on]
    replaced = sa.exists().where(
        *same,
        sa.or_(
            sa.and_(other.scope == cap.scope, other.effective_from > cap.effective_from),
            sa.and_(cap.scope == ALL_KINDS, other.scope != ALL_KINDS, other.scope == Tariff.subject_kind),
        ),
    )
    kind = sa.or_(cap.scope == ALL_KINDS, cap.scope == Tariff.subject_kind)
    covered = sa.exists().where(
        cap.product_id == Tariff.product_id, cap.charge_unit == Tariff.charge_unit, cap.effective_from <= on, kind,
        cap.amount >= Tariff.unit_price_max, ~replaced.correlate(cap, Tariff),
    )  # fmt: skip
    return sa.exists().where(
        Tariff.product_id == Product.id,
        Tariff.effective_from <= on,
        ~superseded.correlate(Tariff),
        sa.or_(Tariff.regime != Regime.GOV_GUIDED, covered.correlate(Tariff)),
    )


def price_gate(session: Session, product: Product, on: date) -> Gate:
    """Return the condition for sale that pricing adds: a published price, within the cap where there is one."""
    found = in_force(session, product.id, on)
    good = [tariff for tariff in found if is_within_cap(tariff, cap_of(session, tariff, on))]
    if good:
        tariff = min(good, key=lambda tariff: tariff.effective_from)
        fact, since, todo = f"{tariff.number}（{REGIME_TITLES[tariff.regime]}）已公示", tariff.effective_from, ""
    else:
        fact = "收费标准高于现行上限" if found else "尚未公布收费标准"
        since, todo = None, "卖方在上限以内公布收费标准"
    return Gate("price", "收费标准已公示", bool(good), fact, "DIS-07", "发改价格〔2025〕65号 五", since, todo)
