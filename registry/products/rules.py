"""Data products: who may sell, what a version is, and the ban on re-development by the operator. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, Invalid
from registry.parties.rules import Capacity


class DeliveryForm(StrEnum):
    """In which form a buyer receives the product."""

    API = "api"
    FILE = "file"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Input:
    """One resource that goes into a version: what was put in, and its quality, as REV-04 weighs them."""

    resource_id: UUID
    weight_input: Decimal
    quality: Decimal


class SellerNotAllowed(Invalid):
    """The organisation may not sell products at this place."""

    code = "product.seller_not_allowed"


class InputsNotAllowed(Invalid):
    """Some inputs are outside the agreement or lack an approved request."""

    code = "product.inputs_not_allowed"


class RedevelopmentForbidden(Conflict):
    """The operator would re-develop a product that was delivered under its own authorization."""

    code = "product.redevelopment_forbidden"


# Short codes of the places in product codes; a new place takes the first letters of its key.
PLACE_LETTERS = {"quzhou": "QZ", "futian": "FT", "puer": "PE", "xinchang": "XC", "guangzhou": "GZ"}


def place_letters(place: str) -> str:
    """Return the letters that begin the code of every product of a place."""
    return PLACE_LETTERS.get(place, place[:2].upper())


def seller_capacity(held: Iterable[Capacity], allowed: Iterable[str]) -> Capacity | None:
    """Return the capacity in which an organisation may sell at a place, or None (SEP-01).

    Args:
        held: the capacities of the organisation there.
        allowed: the value of the policy ``seller.capacities``.
    """
    holds = set(held)
    return next((Capacity(name) for name in allowed if Capacity(name) in holds), None)


def refuse_redevelopment(*, owner_id: UUID, ancestor_operators: Mapping[UUID, str], citation: str) -> None:
    """Refuse a product derived from one that was delivered under the owner's own authorization.

    Args:
        owner_id: the organisation that would sell the new product.
        ancestor_operators: operating institution of each ancestor, with the code of the ancestor.
        citation: act and article, for the words.

    Raises:
        RedevelopmentForbidden: the owner operates the authorization of an ancestor.

    Source:
        DEV-01.
    """
    if owner_id in ancestor_operators:
        raise RedevelopmentForbidden(
            f"产品源自 {ancestor_operators[owner_id]}，该产品由本单位作为运营机构交付；"
            f"运营机构不得直接或间接参与已交付产品和服务的再开发（{citation}），请由其他经营主体开发",
            detail_en=f"The operator must not re-develop its own delivered product {ancestor_operators[owner_id]}",
            rule="DEV-01",
            article=citation,
        )


def content_sha256(content: Mapping[str, Any]) -> str:
    """Return the digest that names the content of a version: SHA-256 over canonical JSON."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def personal_fields(fields: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the titles of the fields that hold personal information."""
    return [str(field.get("title") or field.get("name")) for field in fields if field.get("personal")]
