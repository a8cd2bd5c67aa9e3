"""How much each party contributed, as exact fractions: weighted factors, and the Shapley value of a coalition game."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from math import factorial, lcm

from kernel.errors import Invalid
from kernel.money import Exact, decimal_text, fraction
from settlement.contributions import PLAYERS_MAX

NOTHING = Fraction(0)


class GameKind(StrEnum):
    """What the numbers of a coalition game are; the formula is the same for both."""

    VALUE = "value"
    COST = "cost"


class CoefficientsNotOne(Invalid):
    """The coefficients of the factors must add up to exactly one."""

    code = "settlement.weights_not_one"
    title = "系数之和不等于 1"
    title_en = "The coefficients do not add up to one"


class FactorUnusable(Invalid):
    """A factor that cannot be normalised, or that some party does not state."""

    code = "settlement.factor_unusable"
    title = "贡献指标无法计算"
    title_en = "A factor cannot be used"


class GameIncomplete(Invalid):
    """A coalition game needs the number of every coalition, and not too many players."""

    code = "settlement.game_incomplete"
    title = "合作博弈数据不完整"
    title_en = "The coalition game is not complete"


def contribution(coefficients: Mapping[str, Exact], parties: Mapping[str, Mapping[str, Exact]]) -> dict[str, Fraction]:
    """Return each party's contribution weight: every factor is normalised to one, then weighted.

    The weights are exact and add up to one.

    Args:
        coefficients: factor → coefficient, from the agreement; they add up to one.
        parties: party → factor → figure, such as calls, quality score, money put in.

    Raises:
        CoefficientsNotOne: the coefficients do not add up to exactly one, or one is negative.
        FactorUnusable: a party lacks a factor or states another, a figure is negative, or nobody has any of a factor.

    Source:
        REV-04: w = α·usage + β·quality + γ·input, 各项先归一化.
    """
    shares = {factor: fraction(value) for factor, value in coefficients.items()}
    together = sum(shares.values(), NOTHING)
    if together != 1 or any(share < 0 for share in shares.values()):
        raise CoefficientsNotOne(
            f"各项系数必须非负且合计为 1，现在合计 {decimal_text(together)}，请按协议修正。",
            detail_en=f"The coefficients add up to {decimal_text(together)}; they must be 1 and none negative.",
            rule="REV-04",
        )
    if not parties:
        raise FactorUnusable("没有任何参与方。", detail_en="There are no parties.")
    figures = {party: _figures(party, shares, stated) for party, stated in parties.items()}
    sums = {factor: sum((stated[factor] for stated in figures.values()), NOTHING) for factor in shares}
    for factor, share in shares.items():
        if share and not sums[factor]:
            raise FactorUnusable(
                f"指标“{factor}”各方合计为零，无法归一化，请补充数据或将其系数改为 0。",
                detail_en=f"Nobody has any {factor}; it cannot be normalised.",
                rule="REV-04",
            )
    counted = [factor for factor, share in shares.items() if share]
    return {
        party: sum((shares[factor] * Fraction(stated[factor], sums[factor]) for factor in counted), NOTHING)
        for party, stated in sorted(figures.items())
    }


def _figures(party: str, shares: Mapping[str, Fraction], stated: Mapping[str, Exact]) -> dict[str, Fraction]:
    if set(stated) != set(shares):
        wrong = "、".join(sorted(set(stated) ^ set(shares)))
        raise FactorUnusable(
            f"参与方“{party}”的指标与系数不一致：{wrong}。",
            detail_en=f"The factors of {party} and the coefficients differ: {', '.join(set(stated) ^ set(shares))}.",
            rule="REV-04",
        )
    figures = {factor: fraction(value) for factor, value in stated.items()}
    if any(figure < 0 for figure in figures.values()):
        raise FactorUnusable(f"参与方“{party}”的指标不能为负数。", detail_en=f"A figure of {party} is negative.")
    return figures


def shapley(
    players: Sequence[str], values: Mapping[frozenset[str], Exact], kind: GameKind = GameKind.VALUE
) -> dict[str, Fraction]:
    """Return the Shapley value of every player, exact; the values add up to that of the whole coalition.

    Args:
        players: ids, each once, at most 16.
        values: every coalition but the empty one → its value or cost; the empty one counts zero.
        kind: whether these are values or costs; said for the record, the arithmetic is the same.

    Raises:
        GameIncomplete: a coalition is missing or unknown, or the players cannot be used.

    Source:
        REV-04 names no method; Shapley (1953) is offered where an agreement chooses it.
    """
    order = list(dict.fromkeys(players))
    count = len(order)
    if not order or count != len(players) or count > PLAYERS_MAX:
        raise GameIncomplete(
            f"参与方应为 1 到 {PLAYERS_MAX} 个且不重复。", detail_en=f"1 to {PLAYERS_MAX} players, each once."
        )
    worth, scale = _worth(order, values)
    factorials = [factorial(size) for size in range(count + 1)]
    chances = [factorials[size] * factorials[count - size - 1] for size in range(count)]
    sums = [0] * count
    for coalition in range(1 << count):
        size = coalition.bit_count()
        for position in range(count):
            if not coalition >> position & 1:
                gain = worth[coalition | 1 << position] - worth[coalition]
                sums[position] += chances[size] * gain
    return {player: Fraction(sums[position], factorials[count] * scale) for position, player in enumerate(order)}


def _worth(order: Sequence[str], values: Mapping[frozenset[str], Exact]) -> tuple[list[int], int]:
    """Return the worth of every coalition by its bits, multiplied up to whole numbers, and by how much."""
    place = {player: position for position, player in enumerate(order)}
    exact: dict[int, Fraction] = {}
    for coalition, value in values.items():
        strangers = coalition - place.keys()
        if strangers or not coalition:
            names = "、".join(sorted(strangers)) or "（空）"
            raise GameIncomplete(f"联盟中有未列出的参与方：{names}。", detail_en="A coalition names no known player.")
        exact[sum(1 << place[player] for player in coalition)] = fraction(value)
    if len(exact) != (1 << len(order)) - 1:
        missing = next(names for bits, names in _coalitions(order) if bits not in exact)
        raise GameIncomplete(
            f"缺少联盟 {missing} 的数值：除空集外每个联盟都要给出。",
            detail_en=f"The value of coalition {missing} is missing.",
            errors=[{"pointer": f"/values/{missing}", "code": "missing", "message": "缺少该联盟的数值"}],
        )
    scale = lcm(*(value.denominator for value in exact.values()))
    return [0, *(int(exact[bits] * scale) for bits in range(1, 1 << len(order)))], scale


def _coalitions(order: Sequence[str]) -> Iterator[tuple[int, str]]:
    for size in range(1, len(order) + 1):
        for positions in combinations(range(len(order)), size):
            yield sum(1 << position for position in positions), ",".join(order[at] for at in positions)
