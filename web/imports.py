"""Bulk import at the terminal: progress while it runs, a table when it is done, a report file when asked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import policy_book
from kernel.identity import Actor, Grant
from market.bank_lines import commands as bank_line_commands
from market.bank_lines import queries as bank_line_queries
from market.bank_lines.pages import REASON_WORDS, STATE_WORDS
from market.listings import commands as listing_commands
from market.listings.model import ImportRow
from market.listings.sheets import report_csv
from pricing.cost_sheets import commands as cost_sheet_commands
from registry.accounts import queries as accounts
from registry.accounts.model import Account
from registry.accounts.rules import AccountState
from registry.agreements import queries as agreements
from registry.parties import queries as parties
from settlement.metering import commands as metering_commands

SHOWN_MAX = 20
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def listings(actor: Actor, file: Path, place: str, report: Path | None, console: Console) -> None:
    """Import a catalogue; every row becomes a draft or is refused with its reasons."""
    with console.status(f"正在读取 {file.name} …"), db.transaction() as session:
        result = listing_commands.import_listings(
            session, actor, place=place, file_name=file.name, content=file.read_bytes(), now=clock.now(),
            book=policy_book(),
        )  # fmt: skip
        rows = [{"line_number": row.line_number, "accepted": row.accepted, "reasons": row.reasons, "raw": row.raw}
                for row in result.rows]  # fmt: skip
    console.print(_reasons(result.rows))
    console.print(
        f"{result.batch.number}：共 {len(rows)} 行，"
        f"接受 {result.accepted} 行（草稿，不上架），拒绝 {result.refused} 行。"
    )
    if report is not None:
        report.write_bytes(report_csv(rows))
        console.print(f"逐行结果：{report}")
    else:
        _print_refused(result.rows, console)


def _reasons(rows: list[ImportRow]) -> Table:
    counted = Counter((row.accepted, reason["field"], reason["code"]) for row in rows for reason in row.reasons)
    table = Table("结果", "字段", "原因", "行数", title="逐行结果汇总")
    for (accepted, field, code), count in sorted(counted.items(), key=lambda item: (item[0][0], -item[1])):
        table.add_row("接受" if accepted else "拒绝", field, code, str(count))
    return table


def _print_refused(rows: list[ImportRow], console: Console) -> None:
    refused = [row for row in rows if not row.accepted]
    for row in refused[:SHOWN_MAX]:
        for reason in row.reasons:
            words = f"  第 {row.line_number} 行 {reason['field']}：{reason['message']}"
            console.print(words, markup=False, soft_wrap=True)  # the file's own brackets are no markup
    if len(refused) > SHOWN_MAX:
        console.print(f"  …… 另有 {len(refused) - SHOWN_MAX} 行，加 --report 文件名 可得全部。")


def usage(actor: Actor, file: Path, place: str, console: Console, source: str | None = None) -> None:
    """Count the uses of a file: all of them or none; what is known already is counted once."""
    received_at = clock.now()
    try:
        with console.status(f"正在计入 {file.name} …"), db.transaction() as session:
            done = metering_commands.import_usage(
                session, actor, place=place, file_name=file.name, content=file.read_bytes(), now=clock.now(),
                source=source, received_at=received_at,
            )  # fmt: skip
    except DomainError as refusal:
        for error in refusal.errors[:SHOWN_MAX]:
            console.print(f"  {error.get('message', '')}", markup=False, soft_wrap=True)
        raise
    console.print(f"{file.name}：共 {done.rows} 行，新计入 {done.accepted} 行，已计过 {done.duplicates} 行。")


def bank(actor: Actor, file: Path, place: str, console: Console) -> None:
    """Take a statement of the bank: all of its lines or none; say what was matched and what waits, with its reason."""
    try:
        with console.status(f"正在读取 {file.name} …"), db.transaction() as session:
            made = bank_line_commands.import_file(
                session, actor, place=place, file_name=file.name, content=file.read_bytes(), now=clock.now(),
                book=policy_book(),
            )  # fmt: skip
            lines = bank_line_queries.of_file(session, made.id)
    except DomainError as refusal:
        for error in refusal.errors[:SHOWN_MAX]:
            console.print(f"  {error.get('message', '')}", markup=False, soft_wrap=True)
        raise
    waiting = [(line, line.reason) for line in lines if line.reason is not None]
    for line, reason in waiting[:SHOWN_MAX]:
        words = f"  待核 {line.serial}：{line.amount} 元，{line.payer_name}，{REASON_WORDS[reason]}"
        console.print(words, markup=False, soft_wrap=True)
    counted = Counter(line.state for line in lines)
    told = "，".join(f"{STATE_WORDS[state]} {count} 行" for state, count in sorted(counted.items()))
    console.print(f"{file.name}：共 {made.row_count} 行，早先已有 {made.known} 行；{told or '没有新的流水'}。")


def cost_survey(login: str, file: Path, agreement_number: str, year: int, console: Console) -> None:
    """Take in a filled cost survey as a draft of the person's institution; every wrong cell is listed.

    The terminal holds no role of an operating institution, so it acts for an account that does, with its roles.
    """
    sent = {"name": file.name, "media_type": WORKBOOK, "content": file.read_bytes()}
    try:
        with console.status(f"正在读取 {file.name} …"), db.transaction() as session:
            person = _person(session, login)
            agreement = agreements.by_number(session, agreement_number)
            survey = cost_sheet_commands.import_sheet(
                session, person, agreement_id=agreement.id, year=year, file=sent, now=clock.now(), book=policy_book()
            )
    except DomainError as refusal:
        for error in refusal.errors[:SHOWN_MAX]:
            console.print(f"  {error.get('message', '')}", markup=False, soft_wrap=True)
        raise
    console.print(
        f"{survey.number}：{len(survey.keys)} 个分摊依据，{len(survey.lines)} 项成本，"
        "已存为草稿，核对后由运营机构提交。"
    )


def _person(session: Session, login: str) -> Actor:
    """Return the person with that login as a sign-in would: active, with the roles for organisations in order.

    Raises:
        NoSuchAccount: there is no such account, or it is disabled.
    """
    account = session.scalar(accounts.listed().where(Account.login == accounts.normalised_login(login)))
    if account is None or account.state is not AccountState.ACTIVE:
        raise accounts.NoSuchAccount(f"没有登录名为 {login[:40]} 的账号，或账号已停用", detail_en="No such account.")
    held = accounts.grants_in_force(session, account.id)
    counted = [one for one in held if one.party_id is None or parties.get(session, one.party_id).is_in_order]
    grants = tuple(Grant(one.role, one.party_id, one.place) for one in counted)
    return Actor(id=account.id, name=account.name, org_id=account.party_id, grants=grants, channel="cli")
