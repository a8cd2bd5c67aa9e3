"""The value basis of a market price: scenario, benefit, method and comparable prices (Futian)."""

from __future__ import annotations

from enum import StrEnum

from kernel.errors import Invalid


class ValuationMethod(StrEnum):
    """How the application value was found."""

    INCOME = "income"  # 收益法: what the buyer gains or saves
    MARKET = "market"  # 市场法: what comparable products cost
    COST = "cost"  # 成本法: what it costs to make
    OTHER = "other"


METHOD_TITLES = {
    ValuationMethod.INCOME: "收益法",
    ValuationMethod.MARKET: "市场法",
    ValuationMethod.COST: "成本法",
    ValuationMethod.OTHER: "其他方法",
}


class ValueBasisUnusable(Invalid):
    """A value basis that does not fit its price."""

    code = "value_basis.unusable"


class ValueBasisMissing(Invalid):
    """The place wants the application value to be the basis of the price, and nobody said what it is."""

    code = "value_basis.missing"
    title = "未说明数据应用价值"
    title_en = "The value basis is missing"


def must_fit(is_market_price: bool, method: ValuationMethod, comparables: int) -> None:
    """Refuse a basis beside a price that does not come about by value, or comparison with nothing.

    Raises:
        ValueBasisUnusable: says why.

    Source:
        PRC-01; 福田区: 以数据应用价值作为产品和服务交易价格的重要依据.
    """
    if not is_market_price:
        raise _unusable("/value_basis", "只有市场调节价以数据应用价值为依据")
    if method is ValuationMethod.MARKET and not comparables:
        raise _unusable("/value_basis/comparables", "市场法须列出至少一个可比价格")


def must_be_stated(is_market_price: bool, demanded_by: str | None, is_stated: bool) -> None:
    """Refuse a market price without a basis where the rules of the place make value its basis.

    Args:
        is_market_price: whether the price comes about by value.
        demanded_by: act and article that demand it (policy ``pricing.merchant_price_basis``), None where none does.
        is_stated: whether a basis was given.

    Raises:
        ValueBasisMissing: it was not.
    """
    if is_market_price and demanded_by is not None and not is_stated:
        words = "请说明应用场景、预期效益、估值方法和可比价格"
        raise ValueBasisMissing(
            f"当地以数据应用价值为定价的重要依据（{demanded_by}），{words}。",
            detail_en="State scenario, benefit, method and comparable prices.",
            rule="PRC-01",
            article=demanded_by,
            errors=[{"pointer": "/value_basis", "code": ValueBasisMissing.code, "message": words}],
        )


def _unusable(pointer: str, words: str) -> ValueBasisUnusable:
    errors = [{"pointer": pointer, "code": ValueBasisUnusable.code, "message": words}]
    return ValueBasisUnusable(f"{words}。", rule="PRC-01", errors=errors)
