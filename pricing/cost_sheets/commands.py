"""Taking in filled spreadsheets: the whole sheet, or nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from pricing.cost_sheets.sheets import read
from pricing.costs import commands as costs
from pricing.costs import queries
from pricing.costs.model import CostSurvey
from registry.agreements import queries as agreements


class SeveralDrafts(Conflict):
    """It is not clear which of several drafts a spreadsheet replaces."""

    code = "cost_survey.several_drafts"


def import_sheet(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    year: int,
    file: Mapping[str, Any],
    now: datetime,
    book: PolicyBook,
) -> CostSurvey:
    """Take in a filled template: as a new draft, or in place of the one draft of that agreement and year.

    ``file`` gives name, media type and content; the file itself is kept.

    Raises:
        NotAllowed: the actor does not act for the operating institution.
        SeveralDrafts: there is more than one draft of that agreement and year.
        SheetUnreadable: the file is no filled template.
        SheetRefused: cells are wrong, each named.
        ChargeTaken, CategoryUnknown: see :func:`pricing.costs.commands.open_survey`.
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    actor.must(Permission.COST_WRITE, org_id=agreement.operating_institution_id, place=agreement.place)
    drafts = queries.drafts_of(session, agreement_id, year)
    if len(drafts) > 1:
        raise SeveralDrafts(
            f"该协议 {year} 年有多份草稿（{'、'.join(draft.number for draft in drafts)}），"
            "请在要替换的草稿页面上传表格。",
            detail_en="Several drafts: upload the spreadsheet on the page of the draft that it replaces.",
            rule="PRC-02",
        )
    if drafts:
        return replace(session, actor, drafts[0].id, file=file, now=now, book=book)
    filled = read(file["content"], agreement=agreement.number, year=year)
    with filled.naming_cells():
        survey = costs.open_survey(
            session, actor, agreement_id=agreement_id, year=year, **filled.content, now=now, book=book
        )
    _note(session, actor, survey, file, now)
    return survey


def replace(
    session: Session, actor: Actor, survey_id: UUID, *, file: Mapping[str, Any], now: datetime, book: PolicyBook
) -> CostSurvey:
    """Replace subsidy, keys and lines of a draft by a filled template.

    Raises:
        NotAllowed: the actor does not act for the operating institution.
        WrongState: the survey was filed already.
        SheetUnreadable: the file is no filled template.
        SheetRefused: cells are wrong, each named.
        ChargeTaken, CategoryUnknown: see :func:`pricing.costs.commands.open_survey`.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.COST_WRITE, org_id=survey.operating_institution_id, place=survey.place)
    agreement = agreements.get(session, survey.agreement_id)
    filled = read(file["content"], agreement=agreement.number, year=survey.year)
    with filled.naming_cells():
        costs.amend(session, actor, survey_id, **filled.content, now=now, book=book)
    _note(session, actor, survey, file, now)
    return survey


def _note(session: Session, actor: Actor, survey: CostSurvey, file: Mapping[str, Any], now: datetime) -> None:
    sha256 = files.keep(session, now=now, **file)
    detail = {"file": file["name"], "sha256": sha256, "lines": len(survey.lines)}
    audit.record(session, actor, "cost_survey.import", survey, at=now, note=survey.number, detail=detail)
