"""Reads of the cost surveys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from kernel.errors import Conflict, Invalid, NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from kernel.money import PERCENT, Exact, Money, decimal_text, fraction, total
from pricing.charges import queries as charges
from pricing.charges.model import Charge
from pricing.costs.model import AllocationKey, CostLine, CostSurvey
from pricing.costs.rules import (
    CATEGORY_OF_CHARGE,
    CATEGORY_TITLES,
    COST_ARTICLE,
    AccountRow,
    CostCategory,
    Key,
    KeyEffect,
    SurveyState,
    effect_of_key,
    keys_must_stand,
    must_stand,
    naming_problem,
    node,
    operating_cost,
    totals,
    unusable,
)

SHARE_DIGITS = 9  # as many as the column of a share keeps; a key itself is exact
POINTS_DIGITS = 4  # a share in words: per cent with four decimals


class NoSuchSurvey(NotFound):
    """There is no such cost survey, or none that the actor may know of."""

    code = "cost_survey.not_found"


class NoSuchKey(NotFound):
    """The survey has no allocation key of that name."""

    code = "cost_survey.key_not_found"


class EvidenceUnknown(Invalid):
    """A digest that is no file of evidence of the institution's surveys or charges."""

    code = "cost_survey.evidence_unknown"


class ChargeTaken(Conflict):
    """A charge counts once in a survey, and in one accepted survey only."""

    code = "cost_survey.charge_taken"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What drawing in the charges of a year did to a survey: numbers of charges."""

    survey: CostSurvey
    added: list[str]
    removed: list[str]
    taken: list[tuple[str, str]]  # charge and the accepted survey that counts it


def _whole() -> tuple[ORMOption, ...]:
    """Return what every reader of a survey needs beside it: keys, lines, and key and charge of each line."""
    return (
        selectinload(CostSurvey.keys),
        selectinload(CostSurvey.lines).selectinload(CostLine.key),
        selectinload(CostSurvey.lines).selectinload(CostLine.charge),
    )


def within_reach(
    actor: Actor, permission: Permission, place: InstrumentedAttribute[str], org: InstrumentedAttribute[UUID]
) -> sa.ColumnElement[bool]:
    """Return the condition by which lists show what the actor may read: own organisation, or own place for watchers."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[permission]:
            continue
        limits: list[sa.ColumnElement[bool]] = [sa.true()]
        if grant.place is not None:
            limits.append(place == grant.place)
        if grant.org_id is not None and grant.role not in WATCHERS:
            limits.append(org == grant.org_id)
        reached.append(sa.and_(*limits))
    return sa.or_(sa.false(), *reached)


def visible(actor: Actor, *, place: str | None = None, state: SurveyState | None = None) -> sa.Select[CostSurvey]:
    """Return the query of the surveys that the actor may read, with their lines."""
    reach = within_reach(actor, Permission.COST_READ, CostSurvey.place, CostSurvey.operating_institution_id)
    query = sa.select(CostSurvey).where(reach).options(*_whole())
    if place is not None:
        query = query.where(CostSurvey.place == place)
    return query if state is None else query.where(CostSurvey.state == state)


def get(session: Session, actor: Actor, survey_id: UUID) -> CostSurvey:
    """Return one survey with its lines.

    Raises:
        NoSuchSurvey: there is none that the actor may read.
    """
    found = session.scalar(visible(actor).where(CostSurvey.id == survey_id))
    if found is None:
        raise NoSuchSurvey(f"没有编号为 {survey_id} 的成本调查，或您无权查看。")
    return found


def locked(session: Session, survey_id: UUID) -> CostSurvey:
    """Return one survey with its lines, locked for a change.

    Raises:
        NoSuchSurvey: there is none.
    """
    query = (
        sa.select(CostSurvey)
        .where(CostSurvey.id == survey_id)
        .options(*_whole())
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = session.scalar(query)
    if found is None:
        raise NoSuchSurvey(f"没有编号为 {survey_id} 的成本调查。")
    return found


def drafts_of(session: Session, agreement_id: UUID, year: int) -> Sequence[CostSurvey]:
    """Return the drafts of an agreement and year, the oldest first."""
    query = sa.select(CostSurvey).where(
        CostSurvey.agreement_id == agreement_id, CostSurvey.year == year, CostSurvey.state == SurveyState.DRAFT
    )
    return session.scalars(query.order_by(CostSurvey.number)).all()


def counted_in(session: Session, charge_ids: Sequence[UUID], *, but: UUID | None = None) -> dict[UUID, str]:
    """Return, for those of the charges that an accepted survey counts, the number of that survey."""
    query = (
        sa.select(CostLine.charge_id, CostSurvey.number)
        .join(CostSurvey, CostSurvey.id == CostLine.survey_id)
        .where(CostLine.charge_id.in_(charge_ids), CostSurvey.state == SurveyState.ACCEPTED, CostSurvey.id != but)
    )
    return {charge_id: number for charge_id, number in session.execute(query) if charge_id is not None}


def undrawn(session: Session, survey: CostSurvey) -> tuple[list[Charge], list[tuple[str, str]]]:
    """Return the charges of the survey's year that it does not hold yet, and those another accepted one counts."""
    of_year = charges.costs_of_year(session, survey.agreement_id, survey.year)
    elsewhere = counted_in(session, [charge.id for charge in of_year], but=survey.id)
    held = {line.charge_id for line in survey.lines}
    free = [charge for charge in of_year if charge.id not in {*held, *elsewhere}]
    return free, [(charge.number, elsewhere[charge.id]) for charge in of_year if charge.id in elsewhere]


def prepared(
    session: Session, survey: CostSurvey, keys: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]
) -> tuple[list[AllocationKey], list[CostLine]]:
    """Return the keys and lines that are to stand in a survey, checked as a whole and not yet stored.

    ``keys`` and ``lines`` are as in :func:`pricing.costs.commands.open_survey`, their evidence by digest.

    Raises:
        KeyUnusable: a key cannot stand.
        LineUnusable: a line cannot stand, or names a key or charge that is not there.
        ChargeTaken: a charge stands twice, or another accepted survey counts it.
        NothingSurveyed: there is no line.
    """
    keys_must_stand([Key(**_key_columns(key)) for key in keys])
    made = {
        key["name"]: AllocationKey(position=position, **_key_columns(key), evidence_sha256=key.get("evidence_sha256"))
        for position, key in enumerate(keys, start=1)
    }
    drawable = {charge.number: charge for charge in charges.costs_of_year(session, survey.agreement_id, survey.year)}
    rows = [_line_row(line, position, made, drawable) for position, line in enumerate(lines, start=1)]
    for row in rows:
        must_stand(row.as_line(), row.position)
    totals([row.as_line() for row in rows])
    must_be_free(session, [row.charge for row in rows if row.charge is not None], but=survey.id)
    return list(made.values()), rows


def _key_columns(key: Mapping[str, Any]) -> dict[str, Any]:
    measured = {name: key.get(name) for name in ("industry_units", "public_units")}
    return {"name": key["name"], "driver": key["driver"], **measured, "direct_share": key.get("industry_share")}


def _line_row(
    line: Mapping[str, Any],
    position: int,
    keys: Mapping[str, AllocationKey],
    drawable: Mapping[str, Charge],
) -> CostLine:
    key, charge = _named_key(line, position, keys), _named_charge(line, position, drawable)
    share = key.as_key().share if key is not None else line["industry_share"]
    words = key.name if key is not None else line.get("allocation_key") or ""
    found = line.get("evidence_sha256") or (charge.evidence_sha256 if charge is not None else None)
    return CostLine(
        position=position, category=line["category"], text=line["text"], amount=line["amount"],
        industry_share=shown(share), allocation_key=words, key=key, charge=charge,
        subsidised=bool(line.get("subsidised")), evidence_sha256=found, disallowed_amount=Money(0),
    )  # fmt: skip


def _named_key(line: Mapping[str, Any], position: int, keys: Mapping[str, AllocationKey]) -> AllocationKey | None:
    problem = naming_problem(line.get("key") or "", line.get("industry_share"), keys)
    if problem is not None:
        raise unusable(position, *problem)
    return keys.get(line.get("key") or "")


def _named_charge(line: Mapping[str, Any], position: int, drawable: Mapping[str, Charge]) -> Charge | None:
    number = line.get("charge") or ""
    if not number:
        return None
    charge = drawable.get(number)
    if charge is None:
        raise unusable(position, "charge", f"该协议当年没有编号为 {number} 的计入经营成本的费用，或该费用已更正")
    if line["amount"] != charge.amount or line["category"] != CATEGORY_OF_CHARGE[charge.kind]:
        raise unusable(position, "amount", f"金额和类别须与费用 {number}（{charge.amount} 元）一致")
    return charge


def line_of_charge(charge: Charge, key: AllocationKey | None, position: int) -> CostLine:
    """Return the line, not yet stored, by which a charge counts in a survey."""
    line = {"category": CATEGORY_OF_CHARGE[charge.kind], "text": charges.title_of(charge), "amount": charge.amount}
    share = {"key": key.name} if key is not None else {"industry_share": Decimal(1)}
    keys = {key.name: key} if key is not None else {}
    return _line_row({**line, **share, "charge": charge.number}, position, keys, {charge.number: charge})


def must_be_free(session: Session, drawn: Sequence[Charge], *, but: UUID | None) -> None:
    """Refuse charges that stand twice among those drawn, or that an accepted survey other than ``but`` counts.

    Raises:
        ChargeTaken: names the charge and where it counts already.

    Source:
        CST-02: what is in the operating cost counts there once.
    """
    numbers = Counter(charge.number for charge in drawn)
    elsewhere = counted_in(session, [charge.id for charge in drawn], but=but)
    for charge in drawn:
        twice = "在本次填报中出现不止一次" if numbers[charge.number] > 1 else ""
        words = twice or (f"已计入认定的成本调查 {elsewhere[charge.id]}" if charge.id in elsewhere else "")
        if words:
            raise ChargeTaken(
                f"费用 {charge.number} {words}，同一费用只能计入一次。",
                detail_en=f"{charge.number} counts already.",
                rule="CST-02",
            )


def shown(share: Exact) -> Decimal:
    """Return a share as its column keeps it; amounts are computed from the key, which is exact."""
    return share if isinstance(share, Decimal) else Decimal(decimal_text(share, SHARE_DIGITS))


def must_be_own_evidence(session: Session, institution_id: UUID, sha256: str) -> str:
    """Return the digest of a file that the institution attached before, or that came with a charge it bore.

    Raises:
        EvidenceUnknown: there is no such file; a digest alone opens nobody else's.
    """
    of_survey = CostSurvey.operating_institution_id == institution_id
    places = (
        sa.select(CostLine.id).join(CostSurvey).where(of_survey, CostLine.evidence_sha256 == sha256),
        sa.select(AllocationKey.id).join(CostSurvey).where(of_survey, AllocationKey.evidence_sha256 == sha256),
        sa.select(Charge.id).where(Charge.operating_institution_id == institution_id, Charge.evidence_sha256 == sha256),
    )
    if not any(session.scalar(place.limit(1)) for place in places):
        raise EvidenceUnknown(
            f"没有摘要为 {sha256[:12]}… 的凭证，或不是本机构此前提交的凭证，请重新上传文件。",
            detail_en="No evidence of this institution has that digest.",
            rule="PRC-02",
            errors=[{"pointer": "/evidence_sha256", "code": EvidenceUnknown.code, "message": "没有此凭证"}],
        )
    return sha256


def key_of(survey: CostSurvey, wanted: str | UUID) -> AllocationKey:
    """Return a key of the survey by its name or identity.

    Raises:
        NoSuchKey: there is none.
    """
    found = next((key for key in survey.keys if wanted in (key.name, key.id)), None)
    if found is None:
        raise NoSuchKey(f"成本调查 {survey.number} 没有分摊依据“{str(wanted)[:40]}”。")
    return found


def preview_key(survey: CostSurvey, changed: Key) -> list[KeyEffect]:
    """Return what the changed key would do, line by line, without changing anything.

    Raises:
        KeyUnusable: the changed key cannot stand.
    """
    keys_must_stand([changed])
    return effect_of_key([(line.position, line.as_line()) for line in survey.lines], changed)


def account_of(session: Session, actor: Actor, agreement_id: UUID, year: int) -> tuple[CostSurvey, list[AccountRow]]:
    """Return the separate account (单独核算) of an agreement and year, from its newest survey, an accepted one first.

    Raises:
        NoSuchSurvey: there is none that the actor may read.

    Source:
        PRC-09; 发改价格〔2025〕65号 五.
    """
    accepted_first = sa.case((CostSurvey.state == SurveyState.ACCEPTED, 0), else_=1)
    query = visible(actor).where(CostSurvey.agreement_id == agreement_id, CostSurvey.year == year)
    found = session.scalars(query.order_by(accepted_first, CostSurvey.number.desc()).limit(1)).first()
    if found is None:
        raise NoSuchSurvey(f"该协议没有 {year} 年的成本调查，或您无权查看。")
    return found, found.accounts()


def explain_cost(survey: CostSurvey) -> dict[str, Any]:
    """Return how the operating cost came about: categories, lines, keys with their units, evidence, disallowances."""
    recognised = survey.totals().recognised
    categories = [_explain_category(survey, category) for category in CostCategory]
    return node(
        f"经营成本（{survey.number}，{survey.year} 年，产业、行业用途）",
        _yuan(operating_cost(recognised, survey.subsidy)),
        formula=f"认定成本 {recognised.grouped()} − 政府补助 {survey.subsidy.grouped()}",
        source=COST_ARTICLE,
        lines=[
            *(found for found in categories if found is not None),
            node("政府补助", f"− {_yuan(survey.subsidy)}", source=f"成本调查 {survey.number}"),
        ],
    )


def _explain_category(survey: CostSurvey, category: CostCategory) -> dict[str, Any] | None:
    lines = [line for line in survey.lines if line.category is category]
    if not lines:
        return None
    amount = total(line.as_line().recognised for line in lines)
    return node(
        CATEGORY_TITLES[category], _yuan(amount), source=COST_ARTICLE, lines=[_explain_line(line) for line in lines]
    )


def _explain_line(row: CostLine) -> dict[str, Any]:
    line = row.as_line()
    below = [node("支出", _yuan(line.amount))]
    if row.charge is not None:
        below.append(charges.explain_one(row.charge))
    if row.key is not None:
        below.append(_explain_key(row.key))
    elif row.allocation_key:
        below.append(node(f"分摊依据：{row.allocation_key}", percent(line.industry_share)))
    if line.disallowed:
        below.append(node(f"核减：{row.disallowed_reason}", f"− {_yuan(line.disallowed)}", source=COST_ARTICLE))
    if row.evidence_sha256:
        below.append(node("凭证 SHA-256", row.evidence_sha256))
    formula = f"{line.amount.grouped()} × {percent(line.industry_share)}"
    if line.disallowed:
        formula += f" − {line.disallowed.grouped()}"
    return node(f"第 {row.position} 项 {row.text}", _yuan(line.recognised), formula=formula, lines=below)


def _explain_key(row: AllocationKey) -> dict[str, Any]:
    key = row.as_key()
    evidence = [node("凭证 SHA-256", row.evidence_sha256)] if row.evidence_sha256 else []
    return node(f"分摊依据：{key.name}", percent(key.share), formula=key.basis, source=COST_ARTICLE, lines=evidence)


def _yuan(amount: Money) -> str:
    return f"¥ {amount.grouped()}"


def percent(share: Exact) -> str:
    """Return a share as per cent with four decimals at most, for people."""
    return f"{decimal_text(fraction(share) * PERCENT, POINTS_DIGITS)}%"
