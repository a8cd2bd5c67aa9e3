"""Posted package tables: the cheapest way to cover a quantity, and packages that others undercut. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from kernel.errors import Invalid
from kernel.money import Money

Purchase = tuple[tuple[int, int], ...]  # (how many packs, units in each)


@dataclass(frozen=True, slots=True)
class Pack:
    """A package on offer: so many units for one price."""

    quantity: int
    price: Money


@dataclass(frozen=True, slots=True)
class Arbitrage:
    """A posted package that can be had for less by buying others; ``bought`` is (count, units per pack)."""

    pack: Pack
    bought: Purchase
    cost: Money

    def text(self) -> str:
        """Return ``5 x pack of 20``."""
        return " + ".join(f"{count} x pack of {quantity}" for count, quantity in self.bought)


def cheapest(packs: Sequence[Pack], wanted: int) -> tuple[Purchase, Money]:
    """Return what is bought to get so many units, and what it costs; of equal offers, the one with fewer kinds.

    On offer are whole packs of one kind, or as many as fit of one kind and the rest in packs of one other kind. So a
    posted pack never costs more than its posted price, and more units never cost less.

    Raises:
        Invalid: there are no packages, one has no units, or less than one unit is wanted.
    """
    _must_have_units(packs)
    if not packs or wanted < 1:
        raise Invalid("请给出套餐表和不小于 1 的数量。", detail_en="Give packages and a quantity from 1.")
    return _best(offer for first in packs for offer in _covering(wanted, first, packs))


def arbitrage(packs: Sequence[Pack]) -> list[Arbitrage]:
    """Return the packages that cost more than other packages of the same table which give at least as much.

    For every posted package: as many as fit of one other, and the rest, if any, from one more kind.

    Raises:
        Invalid: a package has no units.
    """
    _must_have_units(packs)
    found = []
    for pack in packs:
        offers = [offer for first in packs if first != pack for offer in _covering(pack.quantity, first, packs)]
        if offers:
            bought, cost = _best(offers)
            if cost < pack.price:
                found.append(Arbitrage(pack, bought, cost))
    return found


def headline_unit_price(packs: Sequence[Pack]) -> Fraction:
    """Return the lowest price per unit of a table, in yuan, exact: what "from" means in a catalogue.

    Raises:
        Invalid: there are no packages, or one has no units.
    """
    _must_have_units(packs)
    if not packs:
        raise Invalid("没有套餐，无法计算起价。", detail_en="There are no packages.")
    return min(Fraction(pack.price.exact_yuan(), pack.quantity) for pack in packs)


def _must_have_units(packs: Sequence[Pack]) -> None:
    if any(pack.quantity < 1 for pack in packs):
        raise Invalid("每个套餐至少包含 1 个单位。", detail_en="A package has at least one unit.")


def _best(offers: Iterable[tuple[int, Purchase]]) -> tuple[Purchase, Money]:
    fen, bought = min(offers, key=lambda offer: (offer[0], len(offer[1]), offer[1]))
    return bought, Money(fen)


def _covering(wanted: int, first: Pack, packs: Sequence[Pack]) -> list[tuple[int, Purchase]]:
    """Return the offers that begin with one kind of pack: fen, and what is bought."""
    fitting, rest = divmod(wanted, first.quantity)
    alone = fitting + (rest > 0)
    offers: list[tuple[int, Purchase]] = [(alone * first.price.fen, ((alone, first.quantity),))]
    if fitting and rest:
        for other in packs:
            count = -(-rest // other.quantity)
            cost = fitting * first.price.fen + count * other.price.fen
            offers.append((cost, ((fitting, first.quantity), (count, other.quantity))))
    return offers
