"""What a pack holds: sealed revenue, ledger and statements of one agreement and year, summed by the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from kernel.calendar import Period
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money, total
from market.orders.model import Order
from pricing.adjustments.model import Adjustment
from pricing.assessments.queries import latest as latest_assessment
from pricing.assessments.rules import share_text
from pricing.ceilings.queries import caps_of_agreement
from pricing.ceilings.queries import latest as latest_ceiling
from pricing.costs.queries import within_reach
from pricing.tariffs.queries import REGIME_TITLES, in_force
from registry.agreements.model import Agreement
from registry.agreements.queries import NoSuchAgreement
from registry.disclosures.queries import authorizations
from registry.disclosures.rules import Authorization, Side
from registry.parties.model import Party
from registry.products.model import Product
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import Cause, unearned
from settlement.packs.rules import (
    Cell,
    NothingSealed,
    PackKind,
    Section,
    Tie,
    content,
    must_tie,
)
from settlement.reports.queries import sealed_within
from settlement.reports.rules import Row
from settlement.revenue.model import RevenueLine
from settlement.revenue.rules import UseClass
from settlement.runs.model import SettlementRun
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement
from settlement.statements.rules import PAYEES
from settlement.workings.queries import digest

SUM = sa.func.sum
CLASSES = {UseClass.INDUSTRY: "产业、行业发展", UseClass.PUBLIC_INTEREST: "公共治理、公益事业"}


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as it is given out; ``sha256`` is made over its plain data."""

    kind: PackKind
    year: int
    agreement: Agreement
    ties: tuple[Tie, ...]
    sections: tuple[Section, ...]

    @property
    def head(self) -> dict[str, str]:
        """Whose operation it is about."""
        one = self.agreement
        return {
            "number": one.number, "title": one.title, "place": one.place,
            "authorizing_entity": one.authorizing_entity.name, "operator": one.operating_institution.name,
            "operator_uscc": one.operating_institution.uscc, "first_day": one.term_start.isoformat(),
            "ends_before": one.term_end.isoformat(),
        }  # fmt: skip

    def content(self) -> dict[str, Any]:
        """Return it as plain data."""
        return content(self.kind, self.year, self.head, self.ties, self.sections)

    @property
    def sha256(self) -> str:
        """The digest over its canonical text."""
        return digest(self.content())


def reported(actor: Actor) -> sa.Select[Agreement]:
    """Return the query of the agreements of which the actor may have packs: its own, or those of its places."""
    reach = within_reach(actor, Permission.COST_READ, Agreement.place, Agreement.operating_institution_id)
    parties = (joinedload(Agreement.authorizing_entity), joinedload(Agreement.operating_institution))
    return sa.select(Agreement).where(reach, Agreement.activated_at.is_not(None)).options(*parties)


def pack(session: Session, actor: Actor, kind: PackKind, agreement_number: str, year: int, *, on: date) -> Pack:
    """Return the pack of an agreement for a year, tied to the ledger to the fen.

    Args:
        session: the session to read with.
        actor: who asks.
        kind: which duty.
        agreement_number: of the agreement.
        year: the year that is reported.
        on: the day on which registrations, caps and fees are looked up.

    Raises:
        NoSuchAgreement: there is none, or none that the actor may report on.
        NothingSealed: no settlement of the year is sealed.
        DoesNotTie: revenue, ledger, shares or statements differ.

    Source:
        DIS-01 – DIS-03, DIS-10; M12.
    """
    agreement = session.scalar(reported(actor).where(Agreement.number == agreement_number))
    if agreement is None:
        raise NoSuchAgreement(f"没有协议 {agreement_number}，或不在您的职责范围内")
    ties = ties_of(session, agreement, year)
    must_tie(ties, agreement=agreement.number, year=year)
    build: dict[PackKind, Callable[[Session, Agreement, int, date], list[Section]]] = {
        PackKind.OPERATING_REPORT: _operating_report, PackKind.IMPLEMENTING_DISCLOSURE: _implementing,
        PackKind.OPERATING_DISCLOSURE: _operating, PackKind.ANNUAL_OPERATION: _annual,
    }  # fmt: skip
    return Pack(kind, year, agreement, ties, tuple(build[kind](session, agreement, year, on)))


def ties_of(session: Session, agreement: Agreement, year: int) -> tuple[Tie, ...]:
    """Return the sums of the year that must agree, each read from another book.

    Raises:
        NothingSealed: no settlement of the year is sealed.
    """
    within = Period.year(year)
    runs = session.scalars(
        sa.select(SettlementRun.id).where(SettlementRun.place == agreement.place, *sealed_within(within))
    ).all()
    if not runs:
        raise NothingSealed(
            f"{agreement.place} {year} 年没有已封存的结算，请在封存后出具", detail_en=f"Nothing of {year} is sealed"
        )
    own = (RevenueLine.agreement_id == agreement.id, RevenueLine.run_id.in_(runs))
    gross, tax, net = (_sum(session, amount, *own) for amount in (RevenueLine.gross, RevenueLine.tax, RevenueLine.net))
    booked_gross, booked_tax = _booked(session, agreement.id, within)
    shares = session.scalar(
        sa.select(SUM(ShareLine.amount)).join(RevenueLine, RevenueLine.id == ShareLine.revenue_line_id).where(*own)
    )
    stated = _sum(session, Statement.total, Statement.run_id.in_(runs))
    shared = _sum(session, ShareLine.amount, ShareLine.run_id.in_(runs))
    return (
        Tie("收入（含税）", "已封存收入", "账簿", gross, booked_gross),
        Tie("销项税", "已封存收入", "账簿", tax, booked_tax),
        Tie("可分配收入", "已封存收入", "分配行", net, shares or ZERO),
        Tie("全地结算单合计", "结算单", "分配行", stated, shared),
    )


def _sum(session: Session, column: Any, *conditions: sa.ColumnElement[bool]) -> Money:
    found: Money | None = session.scalar(sa.select(SUM(column)).where(*conditions))
    return found or ZERO


def _booked(session: Session, agreement_id: UUID, within: Period) -> tuple[Money, Money]:
    """Return what the ledger booked as earned and as output tax on the orders of an agreement, by its entries alone."""
    other = aliased(JournalLine)
    entries = (
        sa.select(JournalLine.entry_id)
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .join(Order, JournalLine.account == sa.literal(unearned("")) + Order.number)
        .where(
            JournalEntry.cause == Cause.REVENUE_EARNED, JournalEntry.entry_date >= within.start,
            JournalEntry.entry_date < within.end, Order.agreement_id == agreement_id,
        )
    )  # fmt: skip
    is_earned = other.account.startswith(unearned(""))
    is_tax = other.account.startswith("liability:output_tax:")
    query = sa.select(SUM(sa.case((is_earned, other.amount))), SUM(sa.case((is_tax, other.amount)))).where(
        other.entry_id.in_(entries)
    )
    gross, tax = session.execute(query).one()
    return gross or ZERO, -(tax or ZERO)


def products(session: Session, agreement: Agreement, year: int) -> list[tuple[UseClass, Row]]:
    """Return sales of a year by product and class of use."""
    query = (
        sa.select(
            RevenueLine.use_class, Product.code, Product.title, sa.func.count(), SUM(RevenueLine.quantity),
            SUM(RevenueLine.billable),
            *(SUM(getattr(RevenueLine, name)) for name in ("gross", "tax", "net", "shadow")),
        )
        .join(SettlementRun, SettlementRun.id == RevenueLine.run_id)
        .join(Product, Product.id == RevenueLine.product_id)
        .where(RevenueLine.agreement_id == agreement.id, *sealed_within(Period.year(year)))
        .group_by(RevenueLine.use_class, Product.code, Product.title)
        .order_by(Product.code, RevenueLine.use_class)
    )  # fmt: skip
    return [
        (use_class, Row(code, title, str(year), lines, int(quantity), int(billable), *amounts))
        for use_class, code, title, lines, quantity, billable, *amounts in session.execute(query)
    ]


def _sales(session: Session, agreement: Agreement, year: int) -> Section:
    found = products(session, agreement, year)
    rows: list[tuple[Cell, ...]] = [
        (row.key, row.title, CLASSES[use_class], row.quantity, row.billable, row.gross, row.tax, row.net, row.shadow)
        for use_class, row in found
    ]
    sums = [row for _, row in found]
    rows.append((
        "合计", "", "", sum(row.quantity for row in sums), sum(row.billable for row in sums),
        *(total(getattr(row, name) for row in sums) for name in ("gross", "tax", "net", "shadow")),
    ))  # fmt: skip
    headings = ("产品编码", "产品", "用途类别", "用量", "计费量", "收入（含税）", "税额", "收入（不含税）", "影子金额")
    return Section("各产品销量和收入", headings, tuple(rows))


def _operating_report(session: Session, agreement: Agreement, year: int, on: date) -> list[Section]:
    ceiling, assessed = latest_ceiling(session, agreement.id, year), latest_assessment(session, agreement.id, year)
    net = total(row.net for _, row in products(session, agreement, year))
    rows: list[tuple[Cell, ...]] = [("实际收入（不含税，全部销售）", net)]
    if ceiling:
        rows += [
            ("核定成本", ceiling.operating_cost), ("核定利润", ceiling.permitted_profit),
            ("实际收入减核定成本", net - ceiling.operating_cost),
            ("最高准许收入", ceiling.max_permitted_revenue),
        ]  # fmt: skip
    else:
        rows.append(("最高准许收入", "未核定"))
    if assessed:
        rows += [
            ("年度评估", assessed.number), ("评估口径实际收入", assessed.actual),
            ("偏离", share_text(assessed.permitted, assessed.actual)),
        ]  # fmt: skip
    query = (
        sa.select(Adjustment, Product.code)
        .join(Product, Product.id == Adjustment.product_id)
        .where(Adjustment.agreement_id == agreement.id, Adjustment.carried_out_at.is_not(None))
        .order_by(Adjustment.number)
    )
    changed = [
        (one.number, code, one.current.text(), one.decided.text() if one.decided else "")
        for one, code in session.execute(query)
    ]
    return [
        Section("总体情况", ("项目", "数值"), tuple(rows)), _sales(session, agreement, year),
        Section("收费标准调整", ("编号", "产品编码", "调整前（元）", "调整后（元）"), tuple(changed)),
    ]  # fmt: skip


def _authorized(session: Session, agreement: Agreement, side: Side, year: int, on: date) -> list[Authorization]:
    party = agreement.authorizing_entity_id if side is Side.IMPLEMENTING else agreement.operating_institution_id
    found = authorizations(session, side, party, agreement.place, year, on=on, modes={})
    return [one for one in found if one.number == agreement.number]


def _resources(lines: list[Authorization]) -> Section:
    rows = tuple((one.code, one.title, one.confirmation_number or "拟登记") for line in lines for one in line.resources)
    return Section("授权的公共数据资源", ("资源编码", "资源名称", "登记确认号"), rows)


def _implementing(session: Session, agreement: Agreement, year: int, on: date) -> list[Section]:
    codes = dict(session.execute(sa.select(Product.id, Product.code).where(Product.agreement_id == agreement.id)).all())
    caps = {
        (cap.product_id, cap.charge_unit, cap.scope): cap
        for cap in caps_of_agreement(session, agreement.id)
        if cap.effective_from <= on
    }
    rows = tuple(
        (codes[cap.product_id], str(cap.charge_unit), cap.amount.text(), cap.effective_from.isoformat(),
         cap.report_number)
        for cap in caps.values()
    )  # fmt: skip
    headings = ("产品编码", "计费单位", "上限（元）", "生效日", "书面报告文号")
    return [_resources(_authorized(session, agreement, Side.IMPLEMENTING, year, on)),
            Section("上限收费标准", headings, rows), _sales(session, agreement, year)]  # fmt: skip


def _operating(session: Session, agreement: Agreement, year: int, on: date) -> list[Section]:
    lines = _authorized(session, agreement, Side.OPERATING, year, on)
    listed = tuple(
        (one.code, one.title, one.mode, one.scenario, one.registration_code or "拟登记")
        for line in lines
        for one in line.products
    )
    found = session.scalars(sa.select(Product).where(Product.agreement_id == agreement.id).order_by(Product.code)).all()
    fees = tuple(
        (one.code, str(fee.charge_unit), fee.unit_price_max.text(), REGIME_TITLES[fee.regime],
         fee.effective_from.isoformat(), fee.number)
        for one in found
        for fee in in_force(session, one.id, on)
    )  # fmt: skip
    return [
        _resources(lines), Section("产品和服务", ("产品编码", "名称", "形态", "场景", "登记编码"), listed),
        Section("具体收费标准", ("产品编码", "计费单位", "最高单价（元）", "定价方式", "执行日", "编号"), fees),
        _sales(session, agreement, year),
    ]  # fmt: skip


def _annual(session: Session, agreement: Agreement, year: int, on: date) -> list[Section]:
    own = (RevenueLine.agreement_id == agreement.id, *sealed_within(Period.year(year)))
    query = (
        sa.select(Party.name, Party.uscc, ShareLine.payee_kind, SUM(ShareLine.amount))
        .join(RevenueLine, RevenueLine.id == ShareLine.revenue_line_id)
        .join(SettlementRun, SettlementRun.id == RevenueLine.run_id)
        .join(Party, Party.id == ShareLine.party_id)
        .where(*own)
        .group_by(Party.name, Party.uscc, ShareLine.payee_kind)
        .order_by(Party.uscc, ShareLine.payee_kind)
    )
    shares = tuple((name, uscc, PAYEES[payee], amount) for name, uscc, payee, amount in session.execute(query))
    runs = sa.select(RevenueLine.run_id).join(SettlementRun, SettlementRun.id == RevenueLine.run_id).where(*own)
    issued = session.scalars(sa.select(Statement).where(Statement.run_id.in_(runs)).order_by(Statement.number))
    stated = tuple(
        (one.number, one.party_name or "", one.period_start.isoformat(), one.total, one.sha256) for one in issued
    )
    return [
        *_operating_report(session, agreement, year, on),
        Section("收益分配", ("单位", "统一社会信用代码", "收款方式", "金额"), shares),
        Section("结算单（全地）", ("编号", "单位", "期间", "金额", "SHA-256"), stated),
    ]
