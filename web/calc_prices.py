"""The calculators of prices: what use costs, how dear a unit can be, what packages undercut, what a text says."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kernel.calendar import DAY, Period
from kernel.money import ZERO, UnitPrice, decimal_text, total
from kernel.reading import ENTRIES_MAX, Reader
from market.listings.rules import PriceMode, parse_price_text
from pricing.bundles.rules import Part, cap_of_bundle
from pricing.exemptions.rules import Purpose, must_be_free
from pricing.rating.rules import Line, ModelKind, TariffModel, rate
from pricing.segments.rules import rate_period
from pricing.tariff_models.rules import read_packs
from pricing.tariffs.rules import arbitrage, billable, headline_unit_price, highest_unit_price, nominal_unit_price
from pricing.tariffs.rules import split_tax as split_tax_of
from web.calc_desk import EXACT_DIGITS, SHOWN_DIGITS, Calculator, Desk, exact_decimal, optional, sources

EVENTS_MAX = 10_000
WINDOW_DAYS_MAX = 3660


class Counting(StrEnum):
    """Whether bands and allowances go on counting when the price changes."""

    CARRY = "carry"
    RESTART = "restart"


def rate_quantity(reader: Reader, _: Desk) -> dict[str, Any]:
    """Return what a quantity costs, with the working."""
    model = TariffModel.read(reader)
    quantity = reader.number("quantity") if reader.has("quantity") or model.kind is not ModelKind.FLAT else Fraction(0)
    earlier, grade = optional(reader, "previously_used", reader.number), optional(reader, "grade", reader.text)
    reader.close()
    rated = rate(model, quantity, earlier, grade)
    return {
        "amount": rated.amount.text(),
        "exact": decimal_text(rated.exact, EXACT_DIGITS),
        "increment": None if rated.increment is None else rated.increment.text(),
        "lines": [_line(line) for line in rated.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "band": line.band,
        "quantity": decimal_text(line.quantity, EXACT_DIGITS),
        "unit_price": line.unit_price.text(),
        "flat_fee": decimal_text(line.flat_fee, EXACT_DIGITS),
        "exact": decimal_text(line.exact, EXACT_DIGITS),
    }
    if line.pack is not None:
        shown["pack"] = str(line.pack)
    if line.coefficient is not None:
        shown["coefficient"] = decimal_text(line.coefficient, EXACT_DIGITS)
    return shown if line.adjustment is None else {**shown, "adjustment": line.adjustment}


def rate_days(reader: Reader, _: Desk) -> dict[str, Any]:
    """Return what a billing period costs in which the price changes."""
    first, last = reader.day("from"), reader.day("until")
    if last < first or last == date.max:
        reader.complain("until", "out_of_range", "最后一日早于第一日或过于遥远", "lies before the first day or too far")
    changes = []
    for row in reader.children("prices", most=ENTRIES_MAX):
        day, written = row.day("from"), row.child("tariff")
        changes.append((day, TariffModel.read(written)))
        written.leave()
        row.leave()
    used = []
    for row in reader.children("usage", most=EVENTS_MAX) if reader.has("usage") else []:
        used.append((row.day("date"), row.number("quantity")))
        row.leave()
    reader.ignore("usage")
    counting = optional(reader, "counting", lambda key: reader.choice(key, Counting)) or Counting.CARRY
    grade = optional(reader, "grade", reader.text)
    reader.close()
    rated = rate_period(changes, used, Period(first, last + DAY), carry=counting is Counting.CARRY, grade=grade)
    return {
        "amount": rated.amount.text(),
        "exact": decimal_text(rated.exact, EXACT_DIGITS),
        "fraction": str(rated.exact),
        "parts": [
            {
                "from": part.period.start.isoformat(),
                "until": part.period.last_day.isoformat(),
                "model": part.model.to_dict(),
                "quantity": decimal_text(part.quantity, EXACT_DIGITS),
                "exact": decimal_text(part.exact, EXACT_DIGITS),
                "amount": part.amount.text(),
            }
            for part in rated.parts
        ],
    }


def effective_price(reader: Reader, _: Desk) -> dict[str, Any]:
    """Return the highest average price of a unit against its cap, or the price of a bundle against its caps."""
    return _bundle(reader) if reader.has("products") else _single(reader)


def _single(reader: Reader) -> dict[str, Any]:
    reader.ignore("products")
    model = TariffModel.read(reader)
    cap = optional(reader, "cap", reader.unit_price)
    set_up = optional(reader, "set_up_fee", reader.money) or ZERO
    reader.close()
    highest, at = highest_unit_price(model, set_up)
    return {
        "highest": decimal_text(highest, SHOWN_DIGITS),
        "fraction": str(highest),
        "quantity": None if at is None else str(at),
        "nominal": decimal_text(nominal_unit_price(model), EXACT_DIGITS),
        "cap": None if cap is None else cap.text(),
        "within_cap": None if cap is None else highest <= cap.exact_yuan(),
    }


def _bundle(reader: Reader) -> dict[str, Any]:
    parts = []
    for position, row in enumerate(reader.children("products", most=ENTRIES_MAX), start=1):
        written, quantity = row.child("tariff"), row.number("quantity")
        model = TariffModel.read(written)
        written.leave()
        cap: UnitPrice | None = optional(row, "cap", row.unit_price)
        name = optional(row, "product", row.text) or str(position)
        row.leave()
        if quantity <= 0:
            row.complain("quantity", "not_positive", "数量必须大于零", "must be above zero")
        if not reader.problems:
            parts.append(Part(code=name, quantity=quantity, cap=cap, alone=rate(model, quantity).amount))
    set_up, given = (optional(reader, key, reader.money) for key in ("set_up_fee", "price"))
    reader.close()
    alone = total(part.alone for part in parts)
    price, limit = (alone if given is None else given) + (set_up or ZERO), cap_of_bundle(parts)
    return {
        "products": [
            {
                "product": part.code,
                "alone": part.alone.text(),
                "cap": None if part.cap is None else part.cap.text(),
                "at_cap": None if part.cap is None else decimal_text(part.cap.times(part.quantity), EXACT_DIGITS),
            }
            for part in parts
        ],
        "alone": alone.text(),
        "price": price.text(),
        "caps": decimal_text(limit, EXACT_DIGITS),
        "within_cap": price.exact_yuan() <= limit,
    }


def package_arbitrage(reader: Reader, _: Desk) -> dict[str, Any]:
    """Return the packages of a table that others undercut, and the price per unit that "from" means."""
    packs = read_packs(reader)
    reader.close()
    return {
        "arbitrage": [
            {
                "quantity": str(found.pack.quantity),
                "price": found.pack.price.text(),
                "bought": [{"count": str(count), "quantity": str(size)} for count, size in found.bought],
                "cost": found.cost.text(),
                "text": found.text(),
            }
            for found in arbitrage(packs)
        ],
        "headline": decimal_text(headline_unit_price(packs), SHOWN_DIGITS),
    }


def charged_events(reader: Reader, _: Desk) -> dict[str, Any]:
    """Return which repeated queries are charged."""
    events = []
    for row in reader.children("events", most=EVENTS_MAX):
        events.append((row.text("subject"), row.day("date").toordinal()))
        row.leave()
    window = reader.whole("window_days", least=1, most=WINDOW_DAYS_MAX)
    reader.close()
    charged = billable(events, window)
    return {
        "billable": len(charged),
        "free": len(events) - len(charged),
        "charged": [{"subject": subject, "date": date.fromordinal(day).isoformat()} for subject, day in charged],
    }


def split_tax(reader: Reader, desk: Desk) -> dict[str, Any]:
    """Return a price without tax and the tax in it, at a rate given or at the rate in force."""
    amount, given = reader.money("amount"), optional(reader, "rate", reader.number)
    place, on = (optional(reader, key, read) for key, read in (("place", reader.text), ("on", reader.day)))
    if given is None and (place is None or on is None):
        reader.complain("rate", "missing", "请写税率，或写地区和日期", "give a rate, or place and date")
    reader.close()
    cited = desk.find(place, "tax.vat.rate", on) if given is None else None
    tax_rate = exact_decimal(given) if cited is None else cited.decimal()
    base, tax = split_tax_of(amount, tax_rate)
    found = {"base": base.text(), "tax": tax.text(), "rate": decimal_text(tax_rate)}
    return found if cited is None else {**found, "sources": sources(cited)}


def price_text(reader: Reader, _: Desk) -> dict[str, Any]:
    """Return what a printed price says; "cannot tell" is an answer."""
    text = reader.words("text")
    reader.close()
    found = parse_price_text(text)
    return {
        "mode": str(found.mode),
        "told": found.mode is not PriceMode.UNKNOWN,
        "amount": None if found.amount is None else found.amount.text(),
        "unit": found.unit,
        "pack_size": str(found.pack_size),
        "pack_price": None if found.pack_price is None else found.pack_price.text(),
    }


def public_interest(reader: Reader, desk: Desk) -> dict[str, Any]:
    """Return that use in the public interest costs 0.00, by which article, and what it would cost otherwise."""
    purpose, place, on = reader.choice("purpose", Purpose), reader.text("place"), reader.day("on")
    model, quantity = None, Fraction(0)
    if reader.has("tariff"):
        written = reader.child("tariff")
        model, quantity = TariffModel.read(written), reader.number("quantity")
        written.leave()
    reader.ignore("tariff", "quantity")
    reader.close()
    cited = desk.find(place, "exemption.purposes_free", on)
    must_be_free(purpose, tuple(cited.value.split(",")), f"{cited.source.number} {cited.source.article}")
    shadow = None if model is None else rate(model, quantity).amount.text()
    return {"amount": ZERO.text(), "shadow": shadow, "purpose": str(purpose), "sources": sources(cited)}


CALCULATORS: dict[str, Calculator] = {
    "rate": rate_quantity,
    "rate-period": rate_days,
    "effective-price": effective_price,
    "package-arbitrage": package_arbitrage,
    "dedup": charged_events,
    "vat": split_tax,
    "price-text": price_text,
    "public-interest": public_interest,
}
