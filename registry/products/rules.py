"""Data products: who may sell, what a version is, and the ban on re-development by the operator. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, Invalid
from registry.parties.rules import Capacity
from registry.resources.rules import AccessKind


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


@dataclass(frozen=True, slots=True)
class Origin:
    """A version of another product that a version is made from, and whether it was had free of charge or paid."""

    version_id: UUID
    access: AccessKind


class SellerNotAllowed(Invalid):
    """The organisation may not sell products at this place."""

    code = "product.seller_not_allowed"


class SellerRelated(Invalid):
    """The seller is tied to the operating institution by control, and the two must be separate there."""

    code = "product.seller_related_to_operator"


class OriginsNotAllowed(Invalid):
    """A version cannot be made from that product."""

    code = "product.origins_not_allowed"


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


@dataclass(frozen=True, slots=True)
class Involvement:
    """How somebody would take part in re-developing what an operator delivered: by lineage, and by relation."""

    lineage: tuple[str, ...]  # codes, from the product that is derived from to the one that the operator delivered
    operator_name: str
    relation: str  # the chain of related parties in words; empty where it is the operator itself

    def words(self) -> str:
        """Return both paths in words."""
        chain = " ← ".join(self.lineage)
        who = f"与其存在关联：{self.relation}" if self.relation else "即本单位"
        return f"来源路径 本产品 ← {chain}，{self.lineage[-1]} 由 {self.operator_name} 作为运营机构交付，{who}"


def refuse_redevelopment(involved: Sequence[Involvement], *, citation: str) -> None:
    """Refuse a product derived, over any number of steps, from one that a related operator delivered.

    Args:
        involved: every way in which the seller takes part.
        citation: act and article, for the words.

    Raises:
        RedevelopmentForbidden: there is at least one.

    Source:
        27号 第六条; 普洱市公共数据资源授权运营管理办法 第五条 (DEV-01).
    """
    if involved:
        raise RedevelopmentForbidden(
            f"{involved[0].words()}；运营机构不得直接或间接参与已交付产品和服务的再开发（DEV-01，{citation}），"
            "请由无关联的经营主体开发",
            detail_en=f"The operator, or a party related to it, must not re-develop {involved[0].lineage[-1]}",
            rule="DEV-01",
            article=citation,
            errors=[
                {"pointer": "/origins", "code": RedevelopmentForbidden.code, "message": one.words()} for one in involved
            ],
        )


def refuse_related_seller(seller_name: str, operator_name: str, relation: str, *, citation: str) -> None:
    """Refuse a seller that is tied to the operating institution by control, where the two must be separate.

    Args:
        seller_name: who would sell.
        operator_name: who operates the authorization.
        relation: the chain of control in words.
        citation: act and article, for the words.

    Raises:
        SellerRelated: always; call it only where a chain was found.

    Source:
        广州市公共数据授权运营管理暂行办法（运商分离）(SEP-01).
    """
    raise SellerRelated(
        f"{seller_name} 与运营机构 {operator_name} 存在控制关系：{relation}；当地实行运商分离（SEP-01，{citation}），"
        "运营机构不得直接或间接从事数据商业务，请由无控制关系的数据商申请",
        detail_en=f"{seller_name} is tied by control to the operating institution {operator_name}",
        rule="SEP-01",
        article=citation,
        errors=[{"pointer": "/owner_id", "code": SellerRelated.code, "message": relation}],
    )


# Words by which a text makes one purchase depend on another (SEP-02); a reader decides whether it really does.
BUNDLING_WORDS = (
    "须同时购买",
    "必须购买",
    "须另行购买",
    "须配套购买",
    "捆绑",
    "搭售",
    "打包购买",
    "限与",
    "不单独销售",
)


def bundling_words(*texts: str) -> list[str]:
    """Return the words in the texts that hint at a forced bundle (强行搭售).

    Source:
        广州市公共数据授权运营管理暂行办法（问答）创新特色第一项 (SEP-02).
    """
    return [word for word in BUNDLING_WORDS if any(word in text for text in texts)]


class Section(StrEnum):
    """A part of a version that two versions are compared by."""

    DESCRIPTION = "description"
    FIELDS = "fields"
    SAMPLE = "sample"
    INPUTS = "inputs"
    ORIGINS = "origins"
    EVIDENCE = "evidence"


class ChangeKind(StrEnum):
    """What happened to a part from one version to the next."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions; ``name`` says of which field, input, product or file."""

    section: Section
    kind: ChangeKind
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What a version is, by section: name of the part -> what it says."""

    parts: Mapping[Section, Mapping[str, str]]


def difference(before: VersionFacts, after: VersionFacts) -> list[Change]:
    """Return what changed from one version to another, part by part, in the order of the sections.

    Nothing is returned for two equal versions, and comparing backwards swaps added and removed.
    """
    found = []
    for section in Section:
        old, new = before.parts.get(section, {}), after.parts.get(section, {})
        for name in dict.fromkeys([*old, *new]):
            if name not in new:
                found.append(Change(section, ChangeKind.REMOVED, name, old[name], ""))
            elif name not in old:
                found.append(Change(section, ChangeKind.ADDED, name, "", new[name]))
            elif old[name] != new[name]:
                found.append(Change(section, ChangeKind.CHANGED, name, old[name], new[name]))
    return found


def content_sha256(content: Mapping[str, Any]) -> str:
    """Return the digest that names the content of a version: SHA-256 over canonical JSON."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def personal_fields(fields: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the titles of the fields that hold personal information."""
    return [str(field.get("title") or field.get("name")) for field in fields if field.get("personal")]
