"""What every exported spreadsheet has in common: text stays text, and the same content gives the same bytes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xlsxwriter

# what looks like a formula, an address or a number is none unless the program says so
SETTINGS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
A4 = 9
MARGIN, HEAD_MARGIN = Decimal("0.4"), Decimal("0.75")  # inches
WIDTH = 16
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


def print_ready(sheet: Any, *, heading_row: int, last_column: int, header: str, footer: str) -> None:
    """Set a sheet up for paper: A4 across, as wide as the page, headings on every page, pages numbered.

    Args:
        sheet: of an open workbook.
        heading_row: the row that is repeated; everything above it is on the first page only.
        last_column: the last column that is printed.
        header: what stands over every page, at the left.
        footer: what stands under every page, at the left.
    """
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(left=MARGIN, right=MARGIN, top=HEAD_MARGIN, bottom=HEAD_MARGIN)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(heading_row)
    sheet.set_header(f"&L&9{_plain(header)}")
    sheet.set_footer(f"&L&8{_plain(footer)}&R&9&P / &N")
    sheet.freeze_panes(heading_row + 1, 0)
    sheet.center_horizontally()
    sheet.set_column(0, last_column, WIDTH)


def _plain(text: str) -> str:
    """Return a text that headers and footers show as it is: there an ampersand gives orders."""
    return text.replace("&", "&&")


def decimal_cell(amount: str) -> Decimal:
    """Return an amount written as text for a cell of numbers; it never was a binary fraction."""
    return Decimal(amount)
