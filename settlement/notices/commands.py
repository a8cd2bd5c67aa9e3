"""Drawing the contribution figures of a period, and opening them to the departments for objections."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import Period, WorkingCalendar, business_date
from kernel.db import new_id, to_json
from kernel.errors import Conflict
from kernel.explanations import cited_dict
from kernel.identity import Actor, Permission
from kernel.money import decimal_text
from kernel.policy import PolicyBook
from registry.accounts.queries import accounts_behind
from settlement.contributions.queries import Source
from settlement.notices import queries
from settlement.notices.model import ContributionFigure, ContributionNotice
from settlement.notices.queries import Sold
from settlement.notices.rules import Figures, NoticeEvent, NoticeState, after, usage_by_department, weighed
from settlement.splits import queries as splits
from settlement.splits.model import ShareSchedule

OBJECTION_DAYS = "settlement.objection_days"


class PeriodNotOver(Conflict):
    """The period still runs: what was used of it is not known."""

    code = "contribution.period_not_over"
    title = "期间尚未结束"
    title_en = "The period is not over"


class NothingContributed(Conflict):
    """Nothing was sold in the period that departments share by contribution."""

    code = "contribution.nothing"
    title = "本期没有按贡献分配的收入"
    title_en = "Nothing of the period is shared by contribution"


class NotAnotherPerson(Conflict):
    """Whoever drew the figures does not open them."""

    code = "contribution.not_another_person"
    title = "须由另一自然人公示"
    title_en = "Another natural person has to open it"


def draw(
    session: Session, actor: Actor, *, place: str, period: Period, totals: Sequence[Sold], now: datetime,
    book: PolicyBook,
) -> ContributionNotice:  # fmt: skip
    """Draw the contribution figures of a period from lineage and metering's totals; again, until they are opened.

    ``totals`` are the units of each product version under each schedule; ``queries.sold`` reads them.

    Raises:
        NotAllowed: the actor draws up no figures at this place.
        PeriodNotOver: the period has not ended.
        NothingContributed: no schedule of what was sold shares anything by contribution.
        WrongState: the figures of the period are open already.
        FactorUnusable: nobody has any of a factor that counts.

    Source:
        REV-04; field 11.5: 贡献权重由血缘、用量、质量、投入得出.
    """
    actor.must(Permission.CONTRIBUTION_DRAW, place=place)
    book.place(place)
    if business_date(now) < period.end:
        raise PeriodNotOver(f"{period.text()} 尚未结束，结束后再测算贡献。", detail_en="The period still runs")
    earlier = queries.latest(session, place, period, lock=True)
    if earlier is not None:
        earlier.state = after(earlier.state, NoticeEvent.REDRAW, earlier.number)
        session.flush()
    rows = _figures(session, totals, period, book)
    if not rows:
        raise NothingContributed(
            f"{place} {period.text()} 没有适用按贡献分配步骤（contributors）的用量。",
            detail_en="Nothing of the period is shared by contribution", rule="REV-04",
        )  # fmt: skip
    assert actor.id is not None
    notice = ContributionNotice(
        id=new_id(), number=numbering.number(session, "CTB", business_date(now)), place=place,
        period_start=period.start, period_end=period.end, revision=earlier.revision + 1 if earlier else 1,
        state=NoticeState.DRAFT, drawn_by=actor.id, drawn_by_name=actor.name, drawn_at=now,
        inputs_sha256=hashlib.sha256(to_json(rows).encode()).hexdigest(),
    )  # fmt: skip
    session.add(notice)
    session.flush()
    session.add_all(ContributionFigure(notice_id=notice.id, **_row(row)) for row in rows)
    session.flush()
    audit.record(session, actor, "contribution.draw", notice, at=now,
                 detail={"lines": len(rows), "revision": notice.revision})  # fmt: skip
    return notice


def open_notice(
    session: Session, actor: Actor, number: str, *, now: datetime, book: PolicyBook, calendar: WorkingCalendar
) -> ContributionNotice:
    """Show the figures to the departments; from now on they can object until the last day of the notice.

    Raises:
        NoSuchNotice: there is none that the actor may know of.
        NotAllowed: the actor opens no figures at this place.
        NotAnotherPerson: the natural person behind the account drew them.
        WrongState: it is not a draft.
        PolicyGap: the place has no ``settlement.objection_days``.

    Source:
        field 11.5: 公示期内部门可提出异议; [I]: no text gives the days, the place configures them.
    """
    notice = queries.visible(session, actor, number, lock=True)
    actor.must(Permission.CONTRIBUTION_OPEN, place=notice.place)
    state = after(notice.state, NoticeEvent.OPEN, notice.number)
    if actor.id in accounts_behind(session, notice.drawn_by):
        raise NotAnotherPerson(
            f"贡献公示 {number} 由{notice.drawn_by_name}测算，须由另一自然人复核并公示（J7）。",
            detail_en=f"{notice.drawn_by_name} drew the figures: another natural person opens them",
        )
    today = business_date(now)
    days = book.find(notice.place, OBJECTION_DAYS, on=today)
    notice.state, notice.opened_by, notice.opened_by_name, notice.opened_at = state, actor.id, actor.name, now
    notice.objection_until, notice.rule = calendar.add_working_days(today, days.integer()), cited_dict(days)
    session.flush()
    audit.record(session, actor, "contribution.open", notice, at=now,
                 detail={"objection_until": notice.objection_until.isoformat()})  # fmt: skip
    return notice


def _figures(session: Session, totals: Sequence[Sold], period: Period, book: PolicyBook) -> list[dict[str, Any]]:
    """Return the lines by business keys that are the same in every run."""
    found = queries.behind(session, {one.version_id for one in totals})
    usage = usage_by_department(
        [(one.units, sorted({source.uscc for source in found.get(one.version_id, [])})) for one in totals]
    )
    newest: dict[tuple[UUID, UUID], list[Sold]] = {}
    for one in totals:
        newest.setdefault((one.product_id, one.schedule_id), []).append(one)
    quality, origin = queries.qualities(
        session, [source for sources in found.values() for source in sources], on=period.last_day, book=book
    )
    codes = queries.codes(session, quality)
    parties = splits.parties_of(session, usage)
    rows = []
    for (product_id, schedule_id), sales in sorted(newest.items()):
        terms = splits.agreed(session.get_one(ShareSchedule, schedule_id))
        sources = _together([found.get(one.version_id, []) for one in sales])
        for step, coefficients in sorted(terms.coefficients.items()):
            by_department = _by_department(sources, usage, quality)
            for uscc, share in weighed(coefficients, by_department).items():
                rows.append(
                    {
                        "product_id": product_id, "schedule_id": schedule_id, "step": step,
                        "party_id": parties[uscc].id, "usage": share.figures.usage, "ppm": share.ppm,
                        "quality": str(share.figures.quality), "input": str(share.figures.input),
                        "weight": str(share.weight), "parts": share.explained(), "quality_source": origin,
                        "coefficients": {name: decimal_text(value) for name, value in coefficients.items()},
                        "resources": sorted(codes[source.resource_id] for source in sources if source.uscc == uscc),
                    }
                )  # fmt: skip
    return [{**row, **{key: str(row[key]) for key in ("product_id", "schedule_id", "party_id")}} for row in rows]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{key: UUID(row[key]) for key in ("product_id", "schedule_id", "party_id")}}


def _together(sources: Sequence[Sequence[Source]]) -> list[Source]:
    """Return the resources behind several versions, each once."""
    found = {one.resource_id: one for several in sources for one in several}
    return sorted(found.values(), key=lambda one: (one.uscc, str(one.resource_id)))


def _by_department(
    sources: Sequence[Source], usage: dict[str, int], quality: dict[UUID, Fraction]
) -> dict[str, Figures]:
    grouped: dict[str, list[Source]] = {}
    for one in sources:
        grouped.setdefault(one.uscc, []).append(one)
    return {
        uscc: Figures(
            usage.get(uscc, 0), Fraction(sum((quality[one.resource_id] for one in ones), Fraction(0)), len(ones)),
            sum((one.input for one in ones), Fraction(0)),
        )
        for uscc, ones in sorted(grouped.items())
    }  # fmt: skip
