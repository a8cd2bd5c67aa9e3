"""Identity numbers and everything about people that tests need."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

from stdnum.cn import ric

KEY = b"a key for tests"
_serial = count(0)


def identity_number() -> str:
    """A valid number of a resident identity card that no other test has; of nobody in particular."""
    serial = next(_serial)
    born = date(1980, 1, 1) + timedelta(days=serial // 500)
    body = f"330624{born:%Y%m%d}{serial % 500 + 1:03d}"
    return body + ric.calc_check_digit(body + "0")
