"""The worked example of the page on prices is what the calculators answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

from kernel.policy import PolicyBook
from tests.test_docs import CODE_BLOCK, ROOT, text_of
from web.calc import calculate

PAGE: Path = ROOT / "docs" / "pricing.md"
LINE = re.compile(r"echo '(.+)' \| huiyi calc (\S+) +# (\w+) (\S+)")


def test_the_worked_price_is_what_the_calculators_give() -> None:
    law = PolicyBook.load(ROOT / "policies")
    block = next(body for kind, body in CODE_BLOCK.findall(text_of(PAGE)) if kind == "sh")
    lines = [LINE.fullmatch(line) for line in block.splitlines()]
    assert len(lines) == 10
    for line in lines:
        assert line is not None
        payload, name, field, value = line.groups()
        assert str(calculate(name, json.loads(payload), book=law)[field]) == value, line[0]
