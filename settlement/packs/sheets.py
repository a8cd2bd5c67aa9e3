"""A pack as a workbook: what ties first, then a sheet for every table."""

from __future__ import annotations

import io

from kernel.spreadsheets import workbook as workbook_of
from settlement.packs.queries import Pack
from settlement.packs.rules import PACK_TITLES
from settlement.reports.sheets import add_table

TIES = ("项目", "数据来源", "金额", "对照来源", "对照金额")
NAME_MAX = 31  # the longest name that a sheet may have


def workbook(pack: Pack) -> bytes:
    """Return the pack as an .xlsx file ready to print; no cell is ever read as a formula."""
    target = io.BytesIO()
    title = f"{pack.kind.value} {PACK_TITLES[pack.kind]} {pack.agreement.number} {pack.year} 年"
    with workbook_of(target, title) as book:
        ties = [(tie.what, tie.left, tie.left_amount, tie.right, tie.right_amount) for tie in pack.ties]
        add_table(book, "账实核对", title, TIES, [*ties, ("内容摘要 SHA-256", pack.sha256, "", "", "")])
        for section in pack.sections:
            add_table(book, section.title[:NAME_MAX], section.title, section.headings, section.rows)
    return target.getvalue()
