"""Offerings, orders and entitlements in the words of TMF620, TMF622 and TMF637 (version 4). Pure.

The standard writes amounts as JSON numbers. Here they are :class:`Number`, decimal text that :func:`written` puts into
the document digit by digit: no amount passes through binary fractions on this side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kernel.calendar import start_of_day
from kernel.errors import Invalid
from market.orders.rules import OrderState

CURRENCY = "CNY"
ORGANIZATION = "Organization"
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
MARK = "\x00"  # never in a text of this platform: a NUL is refused wherever text is taken in
# TMF622 knows no refund: an order whose money went back is cancelled there, and a note names its own state
ORDER_STATES = {
    OrderState.PLACED: "acknowledged",
    OrderState.CONTRACTED: "pending",
    OrderState.PAID: "inProgress",
    OrderState.FULFILLED: "completed",
    OrderState.CANCELLED: "cancelled",
    OrderState.REFUNDED: "cancelled",
}


class UnknownAttribute(Invalid):
    """``fields`` names an attribute that the resource does not have."""

    code = "tmforum.unknown_attribute"
    title = "没有该属性"
    title_en = "No such attribute"


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal that becomes a JSON number."""

    text: str


@dataclass(frozen=True, slots=True)
class OfferedPriceView:
    """One price of an offering, in yuan as text."""

    number: str
    unit: str
    price: str
    since: date


@dataclass(frozen=True, slots=True)
class OfferingView:
    """One product in the catalogue."""

    code: str
    title: str
    summary: str
    place: str
    domain: str
    venue: str | None
    seller_uscc: str
    seller_name: str
    listed_at: datetime
    valid_until: date | None
    prices: tuple[OfferedPriceView, ...]


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order."""

    number: str
    reference: str
    state: OrderState
    placed_at: datetime
    quote: str
    code: str
    title: str
    quantity: int
    amount: str
    scenario: str
    parties: tuple[tuple[str, str, str], ...]  # role, USCC, name


@dataclass(frozen=True, slots=True)
class HeldView:
    """One entitlement, and whether it holds now."""

    number: str
    order: str
    code: str
    title: str
    holds: bool
    granted_at: datetime
    valid_from: date
    valid_until: date
    quota: int | None
    purpose: str
    scenario: str
    parties: tuple[tuple[str, str, str], ...]


def written(body: Any) -> str:
    """Return a body as JSON, its :class:`Number` values digit by digit as they are."""
    text = json.dumps(body, ensure_ascii=False, default=_marked)
    return re.sub(rf'"{re.escape(json.dumps(MARK)[1:-1])}(-?[0-9.]+)"', r"\1", text)


def _marked(value: Any) -> str:
    if not isinstance(value, Number) or DECIMAL.fullmatch(value.text) is None:
        raise TypeError(repr(value))
    return MARK + value.text


def _money(text: str) -> dict[str, Any]:
    return {"unit": CURRENCY, "value": Number(text)}


def _moment(at: datetime) -> str:
    return at.isoformat()


def _party(role: str, uscc: str, name: str) -> dict[str, str]:
    return {"id": uscc, "name": name, "role": role, "@referredType": ORGANIZATION}


def _offering_ref(code: str, title: str, root: str) -> dict[str, str]:
    return {"id": code, "href": f"{root}/productCatalogManagement/v4/productOffering/{code}", "name": title}


def offering(found: OfferingView, root: str) -> dict[str, Any]:
    """Return a product as ``ProductOffering`` of TMF620; ``root`` is the address of the views."""
    valid = {"startDateTime": _moment(found.listed_at)}
    if found.valid_until is not None:
        valid["endDateTime"] = _moment(start_of_day(found.valid_until))
    return {
        **_offering_ref(found.code, found.title, root),
        "description": found.summary,
        "isBundle": False,
        "isSellable": True,
        "lifecycleStatus": "Launched",
        "validFor": valid,
        "category": [{"id": found.domain, "name": found.domain}],
        "place": [{"id": found.place, "name": found.place}],
        **({"channel": [{"id": found.venue, "name": found.venue}]} if found.venue else {}),
        "productSpecification": {"id": found.code, "name": found.title},
        "productOfferingPrice": [_offered(one) for one in found.prices],
        "relatedParty": [_party("seller", found.seller_uscc, found.seller_name)],
        "@type": "ProductOffering",
    }


def _offered(price: OfferedPriceView) -> dict[str, Any]:
    return {
        "id": price.number, "name": price.number, "priceType": "usage",
        "unitOfMeasure": {"amount": 1, "units": price.unit},
        "price": {"taxIncludedAmount": _money(price.price)}, "lifecycleStatus": "Launched",
        "validFor": {"startDateTime": _moment(start_of_day(price.since))}, "@type": "ProductOfferingPrice",
    }  # fmt: skip


def order(found: OrderView, root: str) -> dict[str, Any]:
    """Return an order as ``ProductOrder`` of TMF622."""
    state = ORDER_STATES[found.state]
    price = [{"priceType": "oneTime", "price": {"taxIncludedAmount": _money(found.amount)}}]
    return {
        "id": found.number,
        "href": f"{root}/productOrderingManagement/v4/productOrder/{found.number}",
        "externalId": found.reference,
        "orderDate": _moment(found.placed_at),
        "state": state,
        "description": found.scenario,
        "quote": [{"id": found.quote}],
        "note": [{"id": "state", "text": found.state.value}],
        "orderTotalPrice": price,
        "productOrderItem": [{
            "id": "1", "action": "add", "state": state, "quantity": found.quantity, "itemTotalPrice": price,
            "productOffering": _offering_ref(found.code, found.title, root),
        }],
        "relatedParty": [_party(*one) for one in found.parties],
        "@type": "ProductOrder",
    }  # fmt: skip


def held(found: HeldView, root: str, today: date) -> dict[str, Any]:
    """Return an entitlement as ``Product`` of TMF637."""
    return {
        "id": found.number,
        "href": f"{root}/productInventory/v4/product/{found.number}",
        "name": found.title,
        "isBundle": False,
        "isCustomerVisible": True,
        "status": held_status(found, today),
        "orderDate": _moment(found.granted_at),
        "startDate": _moment(start_of_day(found.valid_from)),
        "terminationDate": _moment(start_of_day(found.valid_until)),
        "productCharacteristic": [
            {"name": name, "valueType": "string", "value": str(value)}
            for name, value in (("purpose", found.purpose), ("scenario", found.scenario), ("quota", found.quota))
            if value is not None
        ],
        "productOffering": _offering_ref(found.code, found.title, root),
        "productOrderItem": [{
            "productOrderId": found.order, "orderItemId": "1", "orderItemAction": "add",
            "productOrderHref": f"{root}/productOrderingManagement/v4/productOrder/{found.order}",
        }],
        "relatedParty": [_party(*one) for one in found.parties],
        "@type": "Product",
    }  # fmt: skip


def held_status(found: HeldView, today: date) -> str:
    """Return the status of TMF637: what does not hold within its term is suspended."""
    if today > found.valid_until:
        return "terminated"
    if today < found.valid_from:
        return "pendingActive"
    return "active" if found.holds else "suspended"


def chosen(found: Mapping[str, Any], wanted: Sequence[str], known: Iterable[str]) -> dict[str, Any]:
    """Return the wanted attributes of a resource, beside ``id`` and ``href``; all of them when none is named (TMF630).

    Raises:
        UnknownAttribute: there is no such attribute.
    """
    possible = sorted(known)
    for name in wanted:
        if name not in possible:
            raise UnknownAttribute(
                f"没有属性 {name}；可选：{'、'.join(possible)}", detail_en=f"No attribute {name}",
                errors=[{"pointer": "/fields", "code": UnknownAttribute.code, "message": name}],
            )  # fmt: skip
    return {name: value for name, value in found.items() if not wanted or name in ("id", "href", *wanted)}
