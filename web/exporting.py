"""``huiyi export``: sealed lines and the journal as Parquet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from kernel import db
from kernel.calendar import Period
from kernel.identity import Actor

DATA_SETS = ("revenue", "shares", "statements", "journal")


def command(application: Callable[[], AbstractContextManager[Any]], actor: Actor) -> click.Command:
    """Return the command as the terminal's actor runs it."""

    @click.command()
    @click.argument("data_set", metavar="DATASET", type=click.Choice(DATA_SETS))
    @click.option("--from", "since", required=True, help="起始月份，如 2026-01")
    @click.option("--to", "until", required=True, help="截止月份，如 2026-12")
    @click.option("--place", default="", help="地方，默认全部")
    @click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
    def export(data_set: str, since: str, until: str, place: str, output: Path) -> None:
        """导出 Parquet，供 pandas 等分析：金额为整分。

        例：huiyi export revenue --from 2026-01 --to 2026-12 -o revenue.parquet
        """
        from settlement.reports.rules import months

        with application():
            count = written(actor, data_set, months(since, until), place, output)
        click.echo(f"已导出 {count} 行到 {output}。")

    return export


def written(actor: Actor, data_set: str, period: Period, place: str, target: Path) -> int:
    """Write an extract beside its place and put it there when it is whole; return how many rows it has."""
    from settlement.extracts.queries import batches
    from settlement.extracts.rules import DataSet
    from settlement.extracts.sheets import write

    part = target.with_name(f".{target.name}.part")
    wanted = DataSet(data_set)
    try:
        with part.open("wb") as opened:
            count = write(opened, wanted, batches(db.session(), actor, wanted, period, place=place))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return count
