"""Reading bodies and addresses strictly: what two readers could understand differently is refused, never guessed."""

from __future__ import annotations

import json
from typing import Any

from flask import request
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from kernel.errors import Malformed

JSON_DEPTH_MAX = 20
JSON_INTEGER_MAX = 2**53 - 1  # what every JSON reader understands alike (RFC 7493)


def read_json(data: bytes) -> Any:
    """Return the value of a JSON body; whatever two readers could understand differently is refused.

    Raises:
        Malformed: not UTF-8, no JSON, nested too deeply, a key twice, NaN, or an integer beyond 2⁵³.
    """
    try:
        found = json.loads(
            data.decode(), object_pairs_hook=_keys_once, parse_constant=_not_finite, parse_int=_exact_integer
        )
        _refuse_depth(found)
    except (ValueError, RecursionError) as error:
        words = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Malformed(f"请求体不是可以读取的 JSON：{words}", detail_en=f"The body is no JSON: {words}") from error
    return found


def _refuse_depth(value: Any) -> None:
    """Count how many objects and lists stand inside each other, without recursion."""
    depth, layer = 0, [value] if isinstance(value, dict | list) else []
    while layer:
        depth += 1
        inside = (inner for outer in layer for inner in (outer.values() if isinstance(outer, dict) else outer))
        layer = [inner for inner in inside if isinstance(inner, dict | list)]
    if depth > JSON_DEPTH_MAX:
        raise ValueError(f"nested deeper than {JSON_DEPTH_MAX}")


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


def _not_finite(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _exact_integer(text: str) -> int:
    number = int(text)
    if abs(number) > JSON_INTEGER_MAX:
        raise ValueError("an integer is too large; send it as text")
    return number


def json_body() -> Any:
    """Return the JSON body of this request.

    Raises:
        UnsupportedMediaType: the body is not declared as JSON.
        Malformed: see :func:`read_json`.
    """
    if not request.is_json:
        raise UnsupportedMediaType()
    return read_json(request.get_data(cache=True))


class StrictParser(FlaskParser):
    """Reads JSON bodies by :func:`json_body`."""

    def _raw_load_json(self, req: Any) -> Any:
        return json_body() if req.is_json or req.content_length else super()._raw_load_json(req)


def in_query(schema: type[Schema]) -> dict[str, Any]:
    """Return what the address of a page asks for, by a schema; what it does not admit is answered with 422."""
    found: dict[str, Any] = StrictParser().parse(schema(), request, location="query")
    return found
