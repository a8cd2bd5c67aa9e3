"""The preview of a price: everything that fixing it would check, and what it would cost; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy.orm import Session

from kernel.errors import DomainError
from kernel.money import fraction
from kernel.policy import PolicyBook
from pricing.ceilings.model import FeeCap
from pricing.ceilings.queries import cap_at
from pricing.classes import queries as classes
from pricing.editor.rules import Notice, Row, notices, parked, rows, telling
from pricing.tariffs.checks import Examined, Terms, examine
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import dearest_unit, highest_unit_price
from registry.products.model import Product

ROWS_MAX = 40


@dataclass(frozen=True, slots=True)
class Preview:
    """What a price would be: rows by quantity, the cap and the price before it, what stands against it."""

    terms: Terms
    rows: list[Row]
    cap: FeeCap | None
    before: Tariff | None
    highest: Fraction  # highest average price per unit over all whole quantities, yuan
    highest_at: int | None  # None: approached as the quantity grows
    unit_price_max: str
    notices: list[Notice]
    refusals: tuple[DomainError, ...]
    will_be_parked: bool  # the change is out of bounds: another person has to release it (A12)

    @property
    def is_permitted(self) -> bool:
        """Say whether the price could be fixed as it is."""
        return not self.refusals


def preview(
    session: Session,
    product: Product,
    terms: Terms,
    *,
    today: date,
    book: PolicyBook,
    quantities: Sequence[Fraction] = (),
    grade: str | None = None,
    has_basis: bool = False,
) -> Preview:
    """Return what a price would cost and what stands against it.

    Args:
        session: the session to read with.
        product: what is priced.
        terms: the price that would be fixed.
        today: Beijing date of the publication.
        book: the rules in force.
        quantities: what else to show beside the telling ones.
        grade: contribution grade of the buyer looked at.
        has_basis: whether an application value was stated.

    Raises:
        GradeUnknown: the tariff has contribution grades, but not this one.
    """
    found = examine(session, product, terms, has_basis=has_basis, today=today, book=book)
    cap = found.cap or cap_at(session, product.id, terms.charge_unit, terms.effective_from, terms.subject_kind)
    followed = found.superseded
    same_unit = followed is not None and followed.charge_unit is terms.charge_unit
    before = followed.tariff_model() if followed is not None and same_unit else None
    forecasts = [fraction(cap.forecast_volume)] if cap is not None else []
    shown = telling(terms.model, forecasts, quantities, ROWS_MAX)
    highest, highest_at = highest_unit_price(terms.model)
    return Preview(
        terms=terms,
        rows=rows(terms.model, shown, cap=cap.amount if cap else None, before=before, grade=grade),
        cap=cap,
        before=followed,
        highest=highest,
        highest_at=highest_at,
        unit_price_max=dearest_unit(terms.model).text(),
        notices=_notices(session, product, terms, found, before is not None),
        refusals=found.refusals,
        will_be_parked=found.odd is not None,
    )


def _notices(
    session: Session,
    product: Product,
    terms: Terms,
    found: Examined,
    comparable: bool,
) -> list[Notice]:
    members = classes.memberships(session, product.id)
    known = {row.member.buyer_class for row in members if row.stands(terms.effective_from)}
    followed = found.superseded if comparable else None
    told = notices(
        terms.model,
        before=followed.tariff_model() if followed else None,
        before_number=followed.number if followed else "",
        known_classes=known,
    )
    return [parked(found.odd.words, found.odd.words_en), *told] if found.odd else told
