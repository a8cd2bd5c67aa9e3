"""Turns the dated values of one parameter into records, with every reason to refuse them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any

from kernel.policy_reader import Plain, Reader, text
from kernel.policy_records import EVIDENCE, Document, Parameter, Source, Value, value_fault

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Spot:
    """Where in which file we are reading, and for which level of government."""

    file: str
    where: str
    level: str
    is_overlay: bool


def read_values(
    reader: Reader, parameter: Parameter | None, documents: Mapping[str, Document], spot: Spot, entries: object
) -> tuple[Value, ...]:
    """Return the values by date, each ending the day before the next begins or when its act lapses."""
    if parameter is None:
        reader.fault(spot.file, spot.where, "参数未在 register.yaml 登记")
        return ()
    if not isinstance(entries, list) or not entries:
        reader.fault(spot.file, spot.where, "取值应当是列表，每项有 from、value、source")
        return ()
    found = (_value(reader, parameter, documents, spot, entry) for entry in entries)
    return _dated(reader, spot, sorted((value for value in found if value is not None), key=_begin))


def _value(
    reader: Reader, parameter: Parameter, documents: Mapping[str, Document], spot: Spot, entry: object
) -> Value | None:
    file, where = spot.file, spot.where
    content = reader.mapping(file, where, entry)
    filled = reader.keys(file, where, content, "from value source", "until")
    valid_from, until = (reader.day(file, where, key, content) for key in ("from", "until"))
    source = _source(reader, documents, spot, content.get("source"))
    _check_raw(reader, parameter, spot, content.get("value"))
    if not filled or valid_from is None or source is None:
        return None
    document = documents[source.document]
    if valid_from < document.in_force:
        reader.fault(file, where, f"取值自 {valid_from} 起，早于文件 {document.key} 的施行日 {document.in_force}")
    ends = [day for day in (until, document.valid_until) if day is not None]
    if ends and min(ends) < valid_from:
        reader.fault(file, where, f"取值在开始（{valid_from}）之前已失效（{min(ends)}）")
    return Value(
        value=text(content, "value"),
        valid_from=valid_from,
        valid_until=min(ends, default=None),
        ends_as_written=until is not None,
        source=source,
        level=spot.level,
        file=file,
        is_overlay=spot.is_overlay,
    )


def _check_raw(reader: Reader, parameter: Parameter, spot: Spot, raw: object) -> None:
    if raw is None:
        return
    if isinstance(raw, Plain) or not isinstance(raw, str):
        reader.fault(spot.file, spot.where, f"value {raw} 须加引号（否则 YAML 会把它变成浮点数等其他类型）")
        return
    words = value_fault(parameter, raw)
    if words is not None:
        reader.fault(spot.file, spot.where, words)


def _source(reader: Reader, documents: Mapping[str, Document], spot: Spot, entry: object) -> Source | None:
    file, where = spot.file, f"{spot.where}.source"
    content: Mapping[str, Any] = reader.mapping(file, where, entry)
    if entry is None or not reader.keys(file, where, content, "document article evidence rule", "quote recalled"):
        return None
    _check_evidence(reader, spot, content)
    document = documents.get(text(content, "document"))
    if document is None:
        reader.fault(file, where, f"没有文件 {text(content, 'document')}，请先在 documents 中登记")
        return None
    return Source(
        document=document.key,
        title=document.title,
        number=document.number,
        article=text(content, "article"),
        quote=text(content, "quote"),
        evidence=text(content, "evidence"),
        rule=reader.rule(file, where, content),
        status=document.status,
        read_on=document.read_on,
        recalled=content.get("recalled") is True,
    )


def _check_evidence(reader: Reader, spot: Spot, content: Mapping[str, Any]) -> None:
    evidence, where = text(content, "evidence"), f"{spot.where}.source"
    if evidence not in EVIDENCE:
        reader.fault(spot.file, where, f"evidence 应当取自 {'、'.join(EVIDENCE)}，现为 {evidence}")
    elif evidence == "R" and not spot.is_overlay:
        reader.fault(spot.file, where, "凭记忆（R）的取值不得作为默认值，只能写入补充文件")
    elif evidence == "R" and content.get("recalled") is not True:
        reader.fault(spot.file, where, "凭记忆（R）的取值须注明 recalled: true")
    elif evidence != "R" and "recalled" in content:
        reader.fault(spot.file, where, f"recalled 只用于 evidence R，现为 {evidence}")


def _dated(reader: Reader, spot: Spot, values: list[Value]) -> tuple[Value, ...]:
    """End each value the day before the next one begins, unless its own end says that both would apply."""
    dated: list[Value] = []
    for value, following in zip_longest(values, values[1:]):
        if following is None or (value.valid_until is not None and value.valid_until < following.valid_from):
            dated.append(value)
            continue
        begins, both = following.valid_from, f"“{value.value}”“{following.value}”"
        if begins == value.valid_from:
            reader.fault(spot.file, spot.where, f"{begins} 有两个取值{both}")
        elif value.ends_as_written:
            reader.fault(spot.file, spot.where, f"自 {begins} 起有两个取值{both}")
        dated.append(replace(value, valid_until=begins - DAY))
    return tuple(dated)


def _begin(value: Value) -> date:
    return value.valid_from
