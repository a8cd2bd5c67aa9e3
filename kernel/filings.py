"""What the public files without an account: a reference that proves whose it is, and how often one address may file."""

from __future__ import annotations

import secrets
from datetime import timedelta

FILINGS_MAX = 5  # from one address
FILINGS_WINDOW = timedelta(hours=1)
REFERENCE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that could be taken for another
REFERENCE_LENGTH = 26  # 130 bits: whoever knows it filed the matter


def new_reference() -> str:
    """Return a reference that nobody can guess."""
    return "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH))
