"""The price list of any day, the history behind it, and the caps with their written reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from kernel.calendar import business_date, start_of_day
from kernel.errors import NotFound
from kernel.money import UnitPrice
from pricing.ceilings.model import ALL_KINDS, FeeCap
from pricing.costs.rules import ChargeUnit
from pricing.publications.rules import Span, What, headroom, spans
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import is_within_cap
from pricing.tariffs.rules import Regime
from pricing.wordings.rules import in_words
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product


class NoSuchSeller(NotFound):
    """No organisation with that credit code has ever published a price."""

    code = "publication.no_such_seller"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which prices: in force on a day, at a place, of a seller or product (name or code), by unit and regime."""

    on: date
    place: str | None = None
    seller: str = ""
    product: str = ""
    unit: ChargeUnit | None = None
    regime: Regime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the price list: the price, whose it is, and the cap that binds it that day."""

    tariff: Tariff
    product: Product
    cap: FeeCap | None

    @property
    def within_cap(self) -> bool:
        """Whether the price may be charged under the cap of that day."""
        return is_within_cap(self.tariff, self.cap)

    @property
    def headroom(self) -> str | None:
        """Yuan between the highest price per unit and the cap; None where no cap binds."""
        return headroom(self.tariff.unit_price_max, self.cap.amount if self.cap else None)

    @property
    def words(self) -> list[str]:
        """The price in Chinese words."""
        return tariff_in_words(self.tariff)

    @property
    def words_en(self) -> list[str]:
        """The price in English words."""
        return tariff_in_words(self.tariff, english=True)

    @property
    def documents(self) -> list[str]:
        """What the price rests on: the written report on its cap, and the acts with their articles."""
        report = [f"{self.cap.report_number}（{self.cap.report_date}）"] if self.cap else []
        acts = [f"{source['number']} {source['article']}".strip() for source in self.tariff.sources]
        return [*report, *dict.fromkeys(act for act in acts if act)]


@dataclass(frozen=True, slots=True)
class Entry:
    """One price or cap of a product on the timeline, with how long it counts."""

    what: What
    product: Product
    number: str  # of the price, or of the written report on the cap
    charge_unit: ChargeUnit
    subject_kind: str | None
    buyer_class: str | None
    amount: UnitPrice
    words: list[str]
    span: Span
    published_on: date

    @property
    def scope(self) -> str:
        """For whom and what about, in words; empty for everybody."""
        return " / ".join(part for part in (self.subject_kind, self.buyer_class) if part)


def tariff_in_words(tariff: Tariff, *, english: bool = False) -> list[str]:
    """Return a price in words, with every number that it has."""
    return in_words(
        tariff.model, tariff.charge_unit.value, dedup_days=tariff.dedup_days, charges_misses=tariff.charges_misses,
        english=english,
    )  # fmt: skip


def listed(wanted: Wanted) -> sa.Select[Tariff]:
    """Return the query of the prices in force on a day, as everybody could read them when that day was over.

    Prices are only ever added, and none begins before it was published, so a past day gives the same list for ever.
    """
    later = aliased(Tariff)
    known = start_of_day(wanted.on + timedelta(days=1))
    newest = (
        sa.select(sa.func.max(later.effective_from))
        .where(
            later.product_id == Tariff.product_id, later.scope == Tariff.scope, later.effective_from <= wanted.on,
            later.published_at < known,
        )
        .scalar_subquery()
    )  # fmt: skip
    query = sa.select(Tariff).where(Tariff.effective_from == newest, Tariff.published_at < known)
    if wanted.unit is not None:
        query = query.where(Tariff.charge_unit == wanted.unit)
    if wanted.regime is not None:
        query = query.where(Tariff.regime == wanted.regime)
    return query.where(Tariff.product_id.in_(_products(wanted)))


def caps_listed(wanted: Wanted) -> sa.Select[FeeCap]:
    """Return the query of every cap ever reported (DIS-08), up to and including those reported on the day."""
    query = sa.select(FeeCap).where(FeeCap.set_at < start_of_day(wanted.on + timedelta(days=1)))
    if wanted.unit is not None:
        query = query.where(FeeCap.charge_unit == wanted.unit)
    return query.where(FeeCap.product_id.in_(_products(wanted)))


def ever_listed(wanted: Wanted) -> sa.Select[Tariff]:
    """Return the query of every price published up to and including the day, former and announced ones alike."""
    known = start_of_day(wanted.on + timedelta(days=1))
    return sa.select(Tariff).where(Tariff.published_at < known, Tariff.product_id.in_(_products(wanted)))


def _products(wanted: Wanted) -> sa.Select[UUID]:
    query = sa.select(Product.id).join(Party, Party.id == Product.owner_id)
    if wanted.place is not None:
        query = query.where(Product.place == wanted.place)
    if wanted.seller:
        query = query.where(sa.or_(Party.uscc == wanted.seller, Party.name.icontains(wanted.seller, autoescape=True)))
    if wanted.product:
        text = wanted.product
        query = query.where(sa.or_(Product.code == text, Product.title.icontains(text, autoescape=True)))
    return query


def rows(session: Session, tariffs: Sequence[Tariff], on: date) -> list[Row]:
    """Return the lines of the price list for these prices, with the caps of that day, by place, product and scope."""
    known = _products_by_id(session, (tariff.product_id for tariff in tariffs))
    caps = _caps_on(session, known, on)
    found = []
    for tariff in tariffs:
        scopes = [scope for scope in (tariff.subject_kind, ALL_KINDS) if scope]
        of_tariff = (caps.get((tariff.product_id, tariff.charge_unit, scope)) for scope in scopes)
        cap = next((cap for cap in of_tariff if cap), None) if tariff.regime is Regime.GOV_GUIDED else None
        found.append(Row(tariff, known[tariff.product_id], cap))
    return sorted(found, key=lambda row: (row.tariff.place, row.product.code, row.tariff.scope))


def history(session: Session, wanted: Wanted) -> list[Entry]:
    """Return every price and cap that was published up to the day, by product, kind and first day."""
    tariffs = session.scalars(ever_listed(wanted).order_by(Tariff.effective_from, Tariff.id)).all()
    caps = session.scalars(caps_listed(wanted).order_by(FeeCap.effective_from, FeeCap.id)).all()
    ids = {tariff.product_id for tariff in tariffs} | {cap.product_id for cap in caps}
    known = _products_by_id(session, ids)
    found = [*_prices_with_spans(tariffs, known, wanted.on), *_caps_with_spans(caps, known, wanted.on)]
    return sorted(found, key=lambda entry: (entry.product.code, entry.what != What.PRICE, entry.span.first_day))


def of_product(session: Session, code: str, on: date) -> tuple[Product, list[Entry]]:
    """Return a product with every price and cap that it had, has and will have, as published up to the day.

    Raises:
        NoSuchProduct: there is no such product.
    """
    product = products.by_code(session, code)
    found = history(session, Wanted(on, place=product.place, product=product.code))
    return product, [entry for entry in found if entry.product.id == product.id]


def of_seller(session: Session, uscc: str, on: date) -> tuple[Party, list[Entry]]:
    """Return a seller with all prices and caps of its products, as published up to the day.

    Raises:
        NoSuchSeller: nobody with that credit code has published a price.
    """
    party = session.scalar(sa.select(Party).where(Party.uscc == uscc))
    found = history(session, Wanted(on, seller=uscc)) if party is not None else []
    if party is None or not found:
        raise NoSuchSeller(f"信用代码 {uscc[:40]} 没有公示过收费标准。", detail_en="No published price of that seller.")
    return party, found


def caps_with_products(session: Session, caps: Iterable[FeeCap]) -> list[tuple[FeeCap, Product]]:
    """Return caps with their products and sellers."""
    found = list(caps)
    known = _products_by_id(session, (cap.product_id for cap in found))
    return [(cap, known[cap.product_id]) for cap in found]


def _products_by_id(session: Session, ids: Iterable[UUID]) -> dict[UUID, Product]:
    query = sa.select(Product).where(Product.id.in_(set(ids))).options(joinedload(Product.owner))
    return {product.id: product for product in session.scalars(query)}


def _caps_on(
    session: Session, product_ids: Iterable[UUID], on: date
) -> dict[tuple[UUID, ChargeUnit, str], FeeCap]:  # fmt: skip
    query = sa.select(FeeCap).where(
        FeeCap.product_id.in_(list(product_ids)), FeeCap.effective_from <= on,
        FeeCap.set_at < start_of_day(on + timedelta(days=1)),
    )  # fmt: skip
    in_order = session.scalars(query.order_by(FeeCap.effective_from, FeeCap.id))
    return {(cap.product_id, cap.charge_unit, cap.scope): cap for cap in in_order}


def _prices_with_spans(tariffs: Sequence[Tariff], known: dict[UUID, Product], on: date) -> list[Entry]:
    series: dict[tuple[UUID, str], list[Tariff]] = {}
    for tariff in tariffs:
        series.setdefault((tariff.product_id, tariff.scope), []).append(tariff)
    return [
        Entry(
            What.PRICE, known[tariff.product_id], tariff.number, tariff.charge_unit, tariff.subject_kind,
            tariff.buyer_class, tariff.unit_price_max,
            tariff_in_words(tariff), span,
            business_date(tariff.published_at),
        )
        for group in series.values()
        for tariff, span in zip(group, spans([one.effective_from for one in group], on), strict=True)
    ]  # fmt: skip


def _caps_with_spans(caps: Sequence[FeeCap], known: dict[UUID, Product], on: date) -> list[Entry]:
    series: dict[tuple[UUID, ChargeUnit, str], list[FeeCap]] = {}
    for cap in caps:
        series.setdefault((cap.product_id, cap.charge_unit, cap.scope), []).append(cap)
    return [
        Entry(
            What.CAP, known[cap.product_id], cap.report_number, cap.charge_unit, cap.subject_kind, None, cap.amount,
            [], span, cap.report_date,
        )
        for group in series.values()
        for cap, span in zip(group, spans([one.effective_from for one in group], on), strict=True)
    ]  # fmt: skip
