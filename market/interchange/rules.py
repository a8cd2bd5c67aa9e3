"""One product as a record that means the same everywhere, and that record as DCAT-AP and ODRL (JSON-LD). Pure.

DCAT-AP 3.0 names the data set and where it comes from, ODRL 2.2 what may be done with it and for how much. Reading the
document back gives the same record, and therefore the same digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kernel.errors import Invalid

TERMS = "urn:huiyi:terms:"
CHINESE = "zh"
CONTEXT: dict[str, Any] = {
    "adms": "http://www.w3.org/ns/adms#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "huiyi": TERMS,
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
FORBIDDEN = ("odrl:sell", "odrl:distribute", "odrl:grantUse", "huiyi:restoreRawData")
LANGUAGE = "http://publications.europa.eu/resource/authority/language/ZHO"
RESTRICTED = "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"


class RecordUnreadable(Invalid):
    """The document is not a product record as this platform writes them."""

    code = "interchange.unreadable"
    title = "产品记录无法读取"
    title_en = "The product record cannot be read"


class DigestDiffers(Invalid):
    """What was read is not what the document says it is."""

    code = "interchange.digest_differs"
    title = "产品记录与摘要不符"
    title_en = "The record does not have the digest that it states"


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """One column of what is delivered."""

    name: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One public data resource behind the product, and the department that holds it."""

    code: str
    title: str
    department: str


@dataclass(frozen=True, slots=True)
class PriceRecord:
    """One price in force, in yuan as text; ``model`` says how it is counted."""

    number: str
    charge_unit: str
    unit_price_max: str
    cap: str | None
    regime: str
    buyer_class: str | None
    model: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product as it is offered: what it is, who offers it, where it comes from, what it costs."""

    code: str
    place: str
    title: str
    description: str
    scenario: str
    domain: str
    delivery_form: str
    source_statement: str
    seller_uscc: str
    seller_name: str
    version: str
    content_sha256: str
    certificate: str | None
    valid_until: str | None
    fields: tuple[FieldRecord, ...]
    sources: tuple[SourceRecord, ...]
    prices: tuple[PriceRecord, ...]


def in_order(record: ProductRecord) -> dict[str, Any]:
    """Return the record as plain values; sources and prices, which have no order of their own, by code and number."""
    plain = asdict(record)
    plain["sources"] = sorted(plain["sources"], key=lambda one: one["code"])
    plain["prices"] = sorted(plain["prices"], key=lambda one: one["number"])
    return plain


def digest(record: ProductRecord) -> str:
    """Return the SHA-256 of the canonical JSON of the record."""
    text = json.dumps(in_order(record), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _said(text: str) -> dict[str, str]:
    return {"@value": text, "@language": CHINESE}


def dataset(record: ProductRecord, base: str) -> dict[str, Any]:
    """Return the record as ``dcat:Dataset``; ``base`` is the address of the platform."""
    page = f"{base}/products/{record.code}"
    made: dict[str, Any] = {
        "@id": f"{page}#dataset",
        "@type": "dcat:Dataset",
        "dct:identifier": record.code,
        "dct:title": _said(record.title),
        "dct:description": _said(record.description),
        "dct:publisher": _agent(record),
        "dcat:theme": {"@type": "skos:Concept", "skos:prefLabel": _said(record.domain)},
        "dcat:keyword": [_said(record.domain), _said(record.scenario)],
        "dct:spatial": {"@type": "dct:Location", "dct:identifier": record.place},
        "dct:provenance": {"@type": "dct:ProvenanceStatement", "rdfs:label": _said(record.source_statement)},
        "dct:accessRights": {"@id": RESTRICTED, "@type": "dct:RightsStatement"},
        "dcat:version": record.version,
        "dcat:landingPage": {"@id": page, "@type": "foaf:Document"},
        "prov:wasDerivedFrom": [_source(one) for one in record.sources],
        "csvw:tableSchema": {"@type": "csvw:Schema", "csvw:column": {"@list": [_column(one) for one in record.fields]}},
        "dcat:distribution": _distribution(record, page),
        "odrl:hasPolicy": offer(record, base),
        "huiyi:scenario": _said(record.scenario),
        "huiyi:recordDigest": {"@type": "xsd:hexBinary", "@value": digest(record)},
    }
    if record.certificate is not None:
        valid = {"huiyi:validUntil": {"@type": "xsd:date", "@value": record.valid_until}} if record.valid_until else {}
        made["adms:identifier"] = {"@type": "adms:Identifier", "skos:notation": record.certificate, **valid}
    return made


def _agent(record: ProductRecord) -> dict[str, Any]:
    return {
        "@id": f"urn:uscc:{record.seller_uscc}",
        "@type": "foaf:Agent",
        "foaf:name": _said(record.seller_name),
        "dct:identifier": record.seller_uscc,
    }


def _source(source: SourceRecord) -> dict[str, Any]:
    return {
        "@type": "prov:Entity",
        "dct:identifier": source.code,
        "dct:title": _said(source.title),
        "prov:wasAttributedTo": {"@type": "foaf:Agent", "foaf:name": _said(source.department)},
    }


def _column(field: FieldRecord) -> dict[str, Any]:
    return {"@type": "csvw:Column", "csvw:name": field.name, "csvw:title": _said(field.title),
            "csvw:datatype": field.kind}  # fmt: skip


def _distribution(record: ProductRecord, page: str) -> dict[str, Any]:
    return {
        "@id": f"{page}#distribution",
        "@type": "dcat:Distribution",
        "dct:title": _said(record.title),
        "dcat:accessURL": {"@id": page, "@type": "rdfs:Resource"},
        "huiyi:deliveryForm": record.delivery_form,
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256", "@type": "spdx:ChecksumAlgorithm"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": record.content_sha256},
        },
    }


def offer(record: ProductRecord, base: str) -> dict[str, Any]:
    """Return what may be done with the product, and for how much, as ``odrl:Offer``.

    The scope is that of the contract (GB/T 37932-2025, 9.2 d): one purpose, no transfer, no resale, no way back to the
    raw data.
    """
    page = f"{base}/products/{record.code}"
    target, assigner = {"@id": f"{page}#dataset"}, {"@id": f"urn:uscc:{record.seller_uscc}"}
    common = {"odrl:target": target, "odrl:assigner": assigner}
    permission: dict[str, Any] = {
        "@type": "odrl:Permission", **common, "odrl:action": {"@id": "odrl:use"},
        "odrl:constraint": [_constraint("purpose", "eq", _said(record.scenario))],
    }  # fmt: skip
    # each price is an offer of its own: duties that stand together would all have to be fulfilled
    permissions = [{**permission, "odrl:duty": [_duty(one)]} for one in record.prices] or [permission]
    forbidden = [
        {"@type": "odrl:Prohibition", **common, "odrl:action": {"@id": action}} for action in FORBIDDEN
    ]  # fmt: skip
    return {
        "@id": f"{page}#offer", "@type": "odrl:Offer", "odrl:uid": {"@id": f"{page}#offer"},
        "odrl:profile": {"@id": f"{TERMS}profile"}, "odrl:assigner": assigner,
        "odrl:permission": permissions, "odrl:prohibition": forbidden,
    }  # fmt: skip


def _constraint(operand: str, operator: str, value: Any) -> dict[str, Any]:
    return {
        "@type": "odrl:Constraint", "odrl:leftOperand": {"@id": f"odrl:{operand}"},
        "odrl:operator": {"@id": f"odrl:{operator}"}, "odrl:rightOperand": value,
    }  # fmt: skip


def _duty(price: PriceRecord) -> dict[str, Any]:
    amount = {"@type": "xsd:decimal", "@value": price.unit_price_max}
    made: dict[str, Any] = {
        "@type": "odrl:Duty",
        "odrl:action": {"rdf:value": {"@id": "odrl:compensate"}, "odrl:refinement": [
            {**_constraint("payAmount", "lteq", amount), "odrl:unit": {"@id": "urn:iso:std:iso:4217:CNY"}}]},
        "dct:identifier": price.number,
        "huiyi:chargeUnit": price.charge_unit,
        "huiyi:regime": price.regime,
        "huiyi:priceModel": {"@type": "@json", "@value": dict(price.model)},
    }  # fmt: skip
    if price.cap is not None:
        made["huiyi:cap"] = {"@type": "xsd:decimal", "@value": price.cap}
    if price.buyer_class is not None:
        made["huiyi:buyerClass"] = price.buyer_class
    return made


def document(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON-LD document that carries its own context: nobody need fetch one."""
    return {"@context": CONTEXT, **body}


def catalogue(
    records: Sequence[ProductRecord], base: str, *, page: str, following: str | None, publisher: str,
    title: str = "惠益公共数据产品目录",
) -> dict[str, Any]:  # fmt: skip
    """Return a page of the catalogue as ``dcat:Catalog``."""
    view: dict[str, Any] = {"@id": page, "@type": "hydra:PartialCollectionView"}
    if following is not None:
        view["hydra:next"] = {"@id": following}
    return document({
        "@id": f"{base}/catalogue#catalogue",
        "@type": "dcat:Catalog",
        "dct:title": _said(title),
        "dct:description": _said(f"{title}：登记证书、数据来源、收费标准和使用条件"),
        "dct:publisher": {"@id": f"{base}/#platform", "@type": "foaf:Agent", "foaf:name": _said(publisher)},
        "dct:language": {"@id": LANGUAGE, "@type": "dct:LinguisticSystem"},
        "foaf:homepage": {"@id": f"{base}/", "@type": "foaf:Document"},
        "dcat:dataset": [dataset(one, base) for one in records],
        "hydra:view": view,
    })  # fmt: skip


def record_of(body: Mapping[str, Any]) -> ProductRecord:
    """Read a ``dcat:Dataset`` that :func:`dataset` wrote.

    Raises:
        RecordUnreadable: something is missing or is not what it should be.
        DigestDiffers: the record has another digest than the document says.
    """
    try:
        read = _read(body)
        stated = body["huiyi:recordDigest"]["@value"]
        found = digest(read)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise RecordUnreadable(
            f"产品记录缺少或写错了 {error}；请使用本平台导出的 DCAT-AP 文件", detail_en=f"Missing or wrong: {error}"
        ) from error
    if found != stated:
        raise DigestDiffers(
            f"读到的记录摘要为 {found}，文件所载为 {stated}：内容在传递中被改动",
            detail_en="The record was changed on its way",
        )
    return read


def _read(body: Mapping[str, Any]) -> ProductRecord:
    spread, certificate = body["dcat:distribution"], body.get("adms:identifier")
    duties = [duty for one in body["odrl:hasPolicy"]["odrl:permission"] for duty in one.get("odrl:duty", [])]
    return ProductRecord(
        code=_text(body["dct:identifier"]),
        place=_text(body["dct:spatial"]["dct:identifier"]),
        title=_text(body["dct:title"]["@value"]),
        description=_text(body["dct:description"]["@value"]),
        scenario=_text(body["huiyi:scenario"]["@value"]),
        domain=_text(body["dcat:theme"]["skos:prefLabel"]["@value"]),
        delivery_form=_text(spread["huiyi:deliveryForm"]),
        source_statement=_text(body["dct:provenance"]["rdfs:label"]["@value"]),
        seller_uscc=_text(body["dct:publisher"]["dct:identifier"]),
        seller_name=_text(body["dct:publisher"]["foaf:name"]["@value"]),
        version=_text(body["dcat:version"]),
        content_sha256=_text(spread["spdx:checksum"]["spdx:checksumValue"]["@value"]),
        certificate=None if certificate is None else _text(certificate["skos:notation"]),
        valid_until=None if certificate is None else _maybe(certificate.get("huiyi:validUntil")),
        fields=tuple(
            FieldRecord(_text(one["csvw:name"]), _text(one["csvw:title"]["@value"]), _text(one["csvw:datatype"]))
            for one in body["csvw:tableSchema"]["csvw:column"]["@list"]
        ),
        sources=tuple(
            SourceRecord(_text(one["dct:identifier"]), _text(one["dct:title"]["@value"]),
                         _text(one["prov:wasAttributedTo"]["foaf:name"]["@value"]))
            for one in body["prov:wasDerivedFrom"]
        ),
        prices=tuple(_price(one) for one in duties),
    )  # fmt: skip


def _price(duty: Mapping[str, Any]) -> PriceRecord:
    return PriceRecord(
        number=_text(duty["dct:identifier"]),
        charge_unit=_text(duty["huiyi:chargeUnit"]),
        unit_price_max=_text(duty["odrl:action"]["odrl:refinement"][0]["odrl:rightOperand"]["@value"]),
        cap=_maybe(duty.get("huiyi:cap")),
        regime=_text(duty["huiyi:regime"]),
        buyer_class=None if duty.get("huiyi:buyerClass") is None else _text(duty["huiyi:buyerClass"]),
        model=dict(duty["huiyi:priceModel"]["@value"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError(repr(value))
    value.encode()  # half a surrogate pair is no text
    return value


def _maybe(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else _text(value["@value"])
