"""How a value came about, as trees of labelled lines that are kept as JSON beside the result; pure."""

from collections.abc import Sequence
from typing import Any

from kernel.policy import Cited


def cited_dict(cited: Cited) -> dict[str, Any]:
    """Return a value of the book of rules as it is kept beside the result that rests on it."""
    source = cited.source
    return {
        "name": cited.name,
        "label": cited.label,
        "value": cited.value,
        "unit": cited.unit,
        "place": cited.place,
        "level": cited.level,
        "is_overlay": cited.is_overlay,
        "document": source.document,
        "title": source.title,
        "number": source.number,
        "article": source.article,
        "quote": source.quote,
        "evidence": source.evidence,
        "rule": source.rule,
    }


def node(
    label: str, value: str, *, formula: str = "", source: Any = None, lines: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Return one line of an explanation, with the lines under it that it rests on."""
    found: dict[str, Any] = {"label": label, "value": value, "lines": list(lines)}
    if formula:
        found["formula"] = formula
    if source:
        found["source"] = source
    return found
