"""The command line: ``huiyi``. Every command says what it did; exit 0 done, 1 refused or findings, 2 usage."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import click
from flask import Flask
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from sqlalchemy.exc import OperationalError, ProgrammingError

from kernel import clock, db
from kernel.calendar import DAY, Period, WorkingCalendar
from kernel.errors import DomainError
from kernel.http import problem
from kernel.identity import Actor, Grant, Role
from kernel.json_body import read_json
from kernel.policy import describe
from web.checking import verify
from web.config import ROOT, Config, ConfigError
from web.exporting import command
from web.schema import upgrade

console = Console()
WIDE = 140
TERMINAL_ID = UUID(int=0)
TERMINAL_ROLES = (Role.SUPERVISOR, Role.FINANCE_PREPARER, Role.SCHEDULER)
TERMINAL = Actor(id=TERMINAL_ID, name="终端", grants=tuple(Grant(role) for role in TERMINAL_ROLES), channel="cli")


def main() -> None:
    """Run ``huiyi``; refusals become one clear line and exit 1."""
    try:
        huiyi(standalone_mode=True)
    except DomainError as refusal:
        click.echo(json.dumps(problem(refusal), ensure_ascii=False), err=True)
        sys.exit(1)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except (OperationalError, ProgrammingError) as error:
        reason = str(error.orig).strip().partition("\n")[0]
        click.echo(
            f"数据库没有应答，或结构不是最新：{reason}。请核对 HUIYI_DATABASE_URL，并运行 huiyi migrate。", err=True
        )
        sys.exit(1)


@contextmanager
def application() -> Iterator[Flask]:
    """Open the application of the environment for one command."""
    from web import create_app

    app = create_app(Config.from_environment())
    try:
        with app.test_request_context():
            yield app
    finally:
        app.extensions["huiyi_database"].engine.dispose()


@click.group()
@click.version_option(package_name="huiyi")
def huiyi() -> None:
    """惠益 Huiyi — 公共数据授权运营的登记、定价、交易与收益分配。"""


@huiyi.command()
def config() -> None:
    """列出全部设置、现值与含义。例：huiyi config"""
    table = Table("设置", Column("现值", overflow="fold"), Column("含义", overflow="fold"))
    for row in Config.from_environment().rows():
        table.add_row(*(escape(text) for text in row))
    Console(width=max(console.width, WIDE)).print(table)


@huiyi.command()
def migrate() -> None:
    """把数据库升级到最新结构。例：HUIYI_DATABASE_URL=… huiyi migrate"""
    upgrade(Config.from_environment().database_url)
    click.echo("数据库结构已是最新。")


@huiyi.command()
def serve() -> None:
    """以多进程服务器提供网站与接口。例：HUIYI_ENV=production … huiyi serve"""
    settings = Config.from_environment()
    upgrade(settings.database_url)
    os.environ.setdefault("HUIYI_SECRET_KEY", settings.secret_key)  # one key for all workers
    address = f"{settings.host}:{settings.port}"
    options = ["--bind", address, "--workers", settings.workers, "--threads", "4", "--chdir", str(ROOT)]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *options, "wsgi:app"])  # noqa: S606 — no shell wanted


@huiyi.command()
def work() -> None:
    """运行定时进程（封印、入账、超期同意、核对）：可开数个，由其中一个主持，其余待命。例：huiyi work"""
    from web.terminal_progress import shown
    from web.timetable import work as keep_time

    with application() as app, shown(console):
        keep_time(app, lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True))


@huiyi.group()
def admin() -> None:
    """管理员。"""


@admin.command("create")
@click.option("--login", required=True)
@click.option("--name", required=True)
@click.password_option(help="至少 12 个字符")
def admin_create(login: str, name: str, password: str) -> None:
    """建立第一位安全管理员（只能一次）。例：huiyi admin create --login root --name 张三"""
    from registry.accounts import commands

    with application(), db.transaction() as session:
        commands.create_first_administrator(
            session, TERMINAL, login=login, name=name, password=password, now=clock.now()
        )
    click.echo(f"已建立管理员 {login}。")


@huiyi.group("import")
def import_() -> None:
    """批量导入。"""


@import_.command("listings")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--place", required=True)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="逐行结果写入该 CSV 文件")
def import_listings(file: Path, place: str, report: Path | None) -> None:
    """导入产品目录：逐行接受或拒绝并说明原因。例：huiyi import listings catalogue.csv --place futian"""
    from web.imports import listings

    with application():
        listings(TERMINAL, file, place, report, console)


@import_.command("usage")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--place", required=True)
def import_usage(file: Path, place: str) -> None:
    """导入使用事件（CSV、JSON 行、Parquet）。例：huiyi import usage 2026-10.parquet --place xinchang"""
    from web.imports import usage

    with application():
        usage(TERMINAL, file, place, console)


@import_.command("bank")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--place", required=True)
def import_bank(file: Path, place: str) -> None:
    """导入银行对账单（CSV、XLSX）：逐行匹配或写明待核原因。例：huiyi import bank 2026-11.csv --place xinchang"""
    from web.imports import bank

    with application():
        bank(TERMINAL, file, place, console)


@import_.command("cost-survey")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--agreement", required=True, help="授权运营协议编号")
@click.option("--year", required=True, type=click.IntRange(2000, 2100), help="成本发生年度")
@click.option("--as", "login", required=True, help="以运营机构哪个账号的身份导入（登录名）；终端自己无权填报")
def import_cost_survey(file: Path, agreement: str, year: int, login: str) -> None:
    """导入填好的成本调查表，存为草稿。

    例：huiyi import cost-survey cost.xlsx --agreement AGR-2026-000001 --year 2025 --as operator.li
    """
    from web.imports import cost_survey

    with application():
        cost_survey(login, file, agreement, year, console)


@huiyi.group("usage")
def usage_() -> None:
    """用量：导入与归档。"""


@usage_.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--place", required=True)
@click.option("--source", help="由谁计量；同一计量方的同一编号只计一次。各行自带 source 列的以行内为准")
def usage_import(file: Path, place: str, source: str | None) -> None:
    """导入使用事件（CSV、JSON 行、Parquet）：整份计入，或整份拒绝并逐行说明。

    例：huiyi usage import 2026-10.parquet --place xinchang --source platform-1
    """
    from web.imports import usage

    with application():
        usage(TERMINAL, file, place, console, source)


@usage_.command("archive")
@click.option("--place", required=True)
@click.option("--check", is_flag=True, help="只核对已归档的文件，不归档")
def usage_archive(place: str, check: bool) -> None:
    """把已封存期间各日的用量写成 Parquet 文件，读回核对后作数；先核对已有文件，有出入则退出码为 1。

    例：huiyi usage archive --place xinchang
    """
    from web.archiving import archive

    with application():
        sys.exit(archive(TERMINAL, place, console, only_check=check))


@huiyi.group("search")
def search_() -> None:
    """产品目录的索引。"""


@search_.command("rebuild")
def search_rebuild() -> None:
    """按登记、定价的现状重写全部索引；可随时中断、重来，网站照常服务。例：huiyi search rebuild"""
    from web.cataloguing import rebuild

    with application():
        click.echo(f"索引已重写，共 {rebuild(TERMINAL, clock.now())} 条。")


@huiyi.command()
@click.option("--place", required=True)
@click.option("--period", required=True, help="月份，如 2026-10")
@click.option("--dry-run", is_flag=True, help="只算不写")
def settle(place: str, period: str, dry_run: bool) -> None:
    """编制一期结算并列出各方应得。例：huiyi settle --place xinchang --period 2026-10 --dry-run"""
    from web.settle import settle as run

    with application():
        run(TERMINAL, place, Period.month(period), dry_run, console)


@huiyi.command()
@click.option("--place", required=True)
@click.option("--period", required=True, help="月份，如 2026-10")
def close(place: str, period: str) -> None:
    """列出一个月的结账检查清单；有未了事项则退出码为 1。例：huiyi close --place xinchang --period 2026-10"""
    from web.closing import check_list

    with application():
        blocked = check_list(TERMINAL, place, Period.month(period), console)
    sys.exit(1 if blocked else 0)


@huiyi.command()
@click.option("--place", required=True)
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), help="日期，默认今天")
def retention(place: str, on: datetime | None) -> None:
    """列出一地每张表保存多久、哪些已可销毁；只列不删。例：huiyi retention --place xinchang"""
    from web.retention import show

    with application():
        day = date(on.year, on.month, on.day) if on else clock.today()
        show(place, day, Console(width=max(console.width, WIDE)))


@huiyi.command()
@click.argument("name")
def calc(name: str) -> None:
    """计算器：从标准输入读 JSON，向标准输出写 JSON。

    例：echo '{"amount":"10.00","weights":{"a":"70","b":"30"}}' | huiyi calc split
    """
    from web.calc import calculate
    from web.policies import book_of, read_holidays

    settings = Config.from_environment()
    book = book_of(Path(settings.policies), tuple(settings.overlays()))
    calendar = WorkingCalendar(read_holidays(Path(settings.policies) / "holidays"))
    payload = read_json(sys.stdin.buffer.read())
    click.echo(json.dumps(calculate(name, payload, book=book, calendar=calendar), ensure_ascii=False))


@huiyi.group()
def policy() -> None:
    """规则。"""


@policy.command("show")
@click.argument("place")
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), help="日期，默认今天")
def policy_show(place: str, on: datetime | None) -> None:
    """列出一地在某日有效的全部规则、取值、文件与条款。例：huiyi policy show xinchang --on 2026-07-01"""
    from web.policies import book_of

    settings = Config.from_environment()
    book = book_of(Path(settings.policies), tuple(settings.overlays()))
    day = date(on.year, on.month, on.day) if on else clock.today()
    table = Table(
        "规则", "名称", "取值", "单位", "文件与条款", "证据", title=f"{book.place(place).title} · {day.isoformat()}"
    )
    for row in describe(book, place, day):
        table.add_row(row.rule, f"{row.label}\n[dim]{row.name}[/]", row.value or f"[yellow]未定：{row.configure}[/]",
                      row.unit, f"{row.number} {row.article}", row.evidence)  # fmt: skip
    Console(width=max(console.width, WIDE)).print(table)


@huiyi.group("splits")
def splits_() -> None:
    """分配方案。"""


@splits_.command("lint")
@click.argument("file", type=click.File("rb"))
def splits_lint(file: BinaryIO) -> None:
    """检查分配步骤（JSON 列表，或含 steps 的对象），逐条列出问题及其步骤。例：huiyi splits lint steps.json"""
    from settlement.splits.queries import findings

    payload = read_json(file.read())
    found = findings(payload["steps"] if isinstance(payload, dict) and "steps" in payload else payload)
    for one in found:
        where = f"第 {one['step']} 步" if one["step"] is not None else "整个方案"
        click.echo(f"{where}\t{one['code']}\t{one['pointer']}\t{one['message']}")
    click.echo("没有发现问题。" if not found else f"共 {len(found)} 处问题。")
    if found:
        sys.exit(1)


@huiyi.command()
@click.option("--place", required=True)
@click.option("--day", "first", type=click.DateTime(["%Y-%m-%d"]), required=True, help="日期；有 --until 时为第一日")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="最后一日（含）")
@click.option("--report", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="先导入支付机构明细 CSV")
@click.option("--fetch", is_flag=True, help="先向支付机构取得这些日期的明细")
@click.option("--compare", help="不对账，只列出某次对账以来的变化（对账编号）")
def reconcile(
    place: str, first: datetime, until: datetime | None, report: Path | None, fetch: bool, compare: str | None
) -> None:  # fmt: skip
    """支付机构、订单、账簿、银行四方对账；有差异时退出码为 1。例：huiyi reconcile --place xinchang --day 2026-10-13"""
    from web.reconciling import reconcile as run

    start, last = (date(one.year, one.month, one.day) for one in (first, until or first))
    with application():
        agrees = run(TERMINAL, place, Period(start, last + DAY), report, compare, console, fetch=fetch)
    if not agrees:
        sys.exit(1)


@huiyi.command()
def openapi() -> None:
    """输出 OpenAPI 文档。例：huiyi openapi > openapi.json"""
    from web.openapi import document

    with application():
        click.echo(json.dumps(document(), ensure_ascii=False, indent=2))


@huiyi.command()
@click.option("--serve/--no-serve", default=True, help="讲完后是否提供网站")
@click.option("--port", default="8000", show_default=True)
def demo(serve: bool, port: str) -> None:
    """讲述五地完整故事并提供网站。例：huiyi demo --no-serve"""
    from web.demo import tell

    tell(ROOT / "var" / "demo.sqlite", console, serve=serve, port=port)


huiyi.add_command(command(application, TERMINAL))


@huiyi.command()
@click.argument("statement")
@click.argument("line", type=click.IntRange(1))
def explain(statement: str, line: int) -> None:
    """说明结算单某一行的金额从何而来并逐项重算；不一致则退出码为 1。例：huiyi explain STM-xinchang-2026-000001 1"""
    from web.checking import show

    with application():
        sys.exit(0 if show(TERMINAL, statement, line, console) else 1)


huiyi.add_command(verify)

if __name__ == "__main__":
    main()
