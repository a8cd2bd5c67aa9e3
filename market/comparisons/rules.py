"""Rows of a comparison, and how many products fit beside each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kernel.errors import Invalid
from market.comparisons import COMPARED_MAX


class Aspect(StrEnum):
    """One row of the comparison, in the order of the page."""

    SELLER = "seller"
    PLACE = "place"
    DOMAIN = "domain"
    SCENARIO = "scenario"
    DELIVERY_FORM = "delivery_form"
    PRICES = "prices"
    CAPS = "caps"
    CERTIFICATE = "certificate"
    DEPARTMENTS = "departments"
    UPDATE_FREQUENCY = "update_frequency"
    FIELDS = "fields"
    PERSONAL = "personal"
    QUALITY = "quality"
    VERSION = "version"


class WrongNumber(Invalid):
    """A comparison needs at least two products, and no more than fit side by side."""

    code = "comparison.wrong_number"
    title = "对比的产品数量不对"
    title_en = "Not a number of products to compare"


@dataclass(frozen=True, slots=True)
class Row:
    """One aspect of all compared products; each cell is a list of words."""

    aspect: Aspect
    cells: tuple[tuple[str, ...], ...]

    @property
    def differs(self) -> bool:
        """Say whether the products differ in it."""
        return len(set(self.cells)) > 1


def chosen(codes: Sequence[str]) -> list[str]:
    """Return the codes to compare, each once, in the order given.

    Raises:
        WrongNumber: fewer than two different ones, or more than fit.
    """
    found = list(dict.fromkeys(code.strip().upper() for code in codes if code.strip()))
    if not 2 <= len(found) <= COMPARED_MAX:
        raise WrongNumber(
            f"对比须选择 2 至 {COMPARED_MAX} 个不同的产品，现为 {len(found)} 个",
            detail_en=f"Choose 2 to {COMPARED_MAX} different products; these are {len(found)}",
        )
    return found


def rows(products: Sequence[Mapping[Aspect, Sequence[str]]]) -> list[Row]:
    """Return the comparison row by row; an aspect that nobody has anything to say about is left out."""
    every = (Row(aspect, tuple(tuple(one.get(aspect, ())) for one in products)) for aspect in Aspect)
    return [row for row in every if any(row.cells)]
