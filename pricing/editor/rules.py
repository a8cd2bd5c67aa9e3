"""The working of a preview: what a quantity would cost, how far below the cap, and what the seller should notice."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from kernel.money import Money, UnitPrice, decimal_text, round_half_up
from pricing.packs.rules import arbitrage
from pricing.price_changes.rules import edges, first_rise
from pricing.rating.rules import ModelKind, TariffModel, exact_price


@dataclass(frozen=True, slots=True)
class Row:
    """What a quantity costs; ``headroom`` is what an average unit is below the cap, yuan, negative when above it."""

    quantity: Fraction
    amount: Money
    average: Fraction
    headroom: Fraction | None
    before: Money | None  # what the same quantity costs under the price that this one follows
    is_forecast: bool = False

    @property
    def change(self) -> Money | None:
        """What the same quantity costs more than before."""
        return None if self.before is None else self.amount - self.before


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that does not forbid the price, and that its seller should know."""

    code: str
    words: str
    words_en: str
    rule: str = ""


def telling(
    model: TariffModel, forecasts: Iterable[Fraction], asked: Iterable[Fraction], most: int
) -> list[tuple[Fraction, bool]]:
    """Return the quantities to show, at most so many; the asked and forecast ones in any case, True marks a forecast.

    They are 1, every edge of a band, pack or allowance with the units beside it, the forecast volumes, and what was
    asked for.
    """
    expected = {Fraction(ceil(volume)) for volume in forecasts if volume > 0}
    wanted = expected | {quantity for quantity in asked if quantity > 0}
    turning = [Fraction(quantity) for quantity in edges(model)]
    shown = wanted | set(turning[: max(most - len(wanted), 1)])
    return [(quantity, quantity in expected) for quantity in sorted(shown)]


def rows(
    model: TariffModel,
    quantities: Iterable[tuple[Fraction, bool]],
    *,
    cap: UnitPrice | None,
    before: TariffModel | None,
    grade: str | None = None,
) -> list[Row]:
    """Return what each quantity would cost, the average exact, and what it costs under the price before.

    Args:
        model: the price that would be fixed.
        quantities: in charge units, above zero, with the mark of a forecast.
        cap: highest price per unit, where there is one.
        before: the price that is followed.
        grade: contribution grade of the buyer looked at.
    """
    found = []
    for quantity, is_forecast in quantities:
        exact = exact_price(model, quantity, grade)
        average = Fraction(exact, quantity)
        found.append(
            Row(
                quantity,
                round_half_up(exact),
                average,
                None if cap is None else cap.exact_yuan() - average,
                None if before is None else round_half_up(exact_price(before, quantity)),
                is_forecast,
            )
        )
    return found


def notices(
    model: TariffModel, *, before: TariffModel | None, before_number: str, known_classes: Collection[str]
) -> list[Notice]:
    """Return what the seller should notice about a model.

    Args:
        model: the price that would be fixed.
        before: the price that it follows, of the same charge unit.
        before_number: its number.
        known_classes: classes of buyers that somebody belongs to.
    """
    found = [*_undercut(model), *_cliffs(model), *_unreachable(model, known_classes)]
    if before is not None:
        at = first_rise(before, model)
        if at is None:
            found.append(
                Notice(
                    "not_dearer", f"任何数量都不高于现行的 {before_number}", f"Nowhere above {before_number}", "PRC-05"
                )
            )
        else:
            words = f"数量为 {at} 时高于现行的 {before_number}，属于涨价"
            found.append(Notice("rise", words, f"A rise against {before_number} at quantity {at}", "PRC-05"))
    return found


def parked(words: str, words_en: str) -> Notice:
    """Return the notice that a change is out of bounds, and what happens with it when it is sent (A12)."""
    return Notice(
        "will_be_parked",
        f"{words}；提交后停放而不公布，由另一位有定价权限的人员或当地价格主管说明理由后解除",
        f"{words_en}. It will be parked until a colleague or the price officer releases it",
    )


def _undercut(model: TariffModel) -> list[Notice]:
    """Name packages that cost more than others which give at least as much."""
    found = []
    for entry in arbitrage(model.packs):
        ways = " + ".join(f"{count} 个 {quantity} 件套餐" for count, quantity in entry.bought)
        words = f"{entry.pack.quantity} 件套餐 ¥ {entry.pack.price.text()} 可用 {ways} 以 ¥ {entry.cost.text()} 购得"
        words_en = f"The pack of {entry.pack.quantity} is undercut by {entry.text()} at {entry.cost.text()}"
        found.append(Notice("pack_undercut", words, words_en))
    return found


def _cliffs(model: TariffModel) -> list[Notice]:
    """Name bounds of a volume tariff beyond which more costs less."""
    if model.kind is not ModelKind.VOLUME:
        return []
    found = []
    for tier in model.tiers[:-1]:
        if tier.up_to is None:
            continue
        last = tier.up_to + model.free_units
        here, beyond = exact_price(model, last), exact_price(model, last + 1)
        if beyond < here:
            number = decimal_text(last)
            words = f"数量 {number} 需 ¥ {decimal_text(here)}，多买 1 个单位反而只需 ¥ {decimal_text(beyond)}"
            found.append(Notice("more_costs_less", words, f"One unit more than {number} costs less"))
    return found


def _unreachable(model: TariffModel, known_classes: Collection[str]) -> list[Notice]:
    """Name contribution grades that no buyer has."""
    return [
        Notice(
            "grade_unreachable",
            f"贡献等级“{grade}”尚未列入任何单位，该系数（{decimal_text(factor)}）不会用到",
            f"Nobody has the contribution grade {grade}",
            "SEP-03",
        )
        for grade, factor in model.contribution
        if grade not in known_classes
    ]
