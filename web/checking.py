"""Checking at the terminal: the books against themselves and against kept anchors, and one amount in words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from kernel import db
from kernel.identity import Actor
from kernel.json_body import read_json
from settlement.explanations import queries
from web.checker import verify as check
from web.config import Config


@click.command()
@click.option(
    "--from", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="改查这个 SQLite 文件"
)
@click.option(
    "--anchor", "anchors", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="与另行保存的锚定文件比对；可多次给出",
)  # fmt: skip
def verify(file: Path | None, anchors: tuple[Path, ...]) -> None:
    """独立核对账簿、权益、价格、审计封印、封存根与锚定；有问题则退出码为 1。例：huiyi verify --anchor anchor.json"""
    copies = [read_json(anchor.read_bytes()) for anchor in anchors]
    engine = db.make_engine(f"sqlite:///{file}" if file else Config.from_environment().database_url)
    try:
        with engine.connect() as connection:
            findings = check(connection, copies)
    finally:
        engine.dispose()
    for finding in findings:
        click.echo(f"✗ {finding}")
    click.echo(f"核对完毕：{len(findings)} 处问题。")
    sys.exit(1 if findings else 0)


def show(actor: Actor, statement: str, line: int, console: Console) -> bool:
    """Print the explanation of a line of a statement; say whether everything agrees with the books."""
    found = queries.explain(db.session(), actor, statement, line)
    console.print(_branch(Tree(f"[bold]{statement} · {line}[/]"), found.tree))
    table = Table("项目", "重算", "账面", "")
    for one in found.checks:
        table.add_row(escape(one.what), one.recomputed, one.booked, "✓" if one.agrees else "[bold red]✗[/]")
    console.print(table)
    return found.agrees


def _branch(tree: Tree, node: dict[str, Any]) -> Tree:
    formula = f" [dim]{escape(node['formula'])}[/]" if node.get("formula") else ""
    own = tree.add(f"{escape(node['label'])}：{escape(node['value'])}{formula}")
    for line in node["lines"]:
        _branch(own, line)
    return tree
