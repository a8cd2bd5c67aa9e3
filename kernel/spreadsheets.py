"""What every exported spreadsheet has in common: text stays text, and the same content gives the same bytes."""

from __future__ import annotations

from datetime import datetime
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import xlsxwriter

# what looks like a formula, an address or a number is none unless the program says so
SETTINGS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
UNDATED = datetime(1980, 1, 1)  # noqa: DTZ001 - the earliest day that a file inside the spreadsheet can bear


def workbook(target: IO[bytes], title: str, *, made_at: datetime | None = None) -> xlsxwriter.Workbook:
    """Return an open workbook; it is written when the ``with`` block ends.

    Args:
        target: where it goes.
        title: of the document.
        made_at: the moment of which it tells; left out where the content alone counts.
    """
    import xlsxwriter  # only where something is exported

    book = xlsxwriter.Workbook(target, SETTINGS)
    book.set_properties({"title": title, "created": made_at.replace(tzinfo=None) if made_at else UNDATED})
    return book
