"""What waits for price officers, authorizing entities and operators: determinations, caps, years, cycles, alarms."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext

from kernel.calendar import business_date
from kernel.identity import SELLERS, Role
from kernel.money import PERCENT, decimal_text, fraction
from pricing.adjustments import queries as adjustments
from pricing.adjustments.model import Adjustment
from pricing.adjustments.rules import AdjustmentState
from pricing.assessments import queries as assessments
from pricing.ceilings.model import FeeCap
from pricing.costs import queries as costs
from pricing.costs.model import CostSurvey
from pricing.costs.rules import SurveyState
from pricing.cycles import queries as cycles
from pricing.headroom import queries as headroom
from pricing.headroom.model import WHOLE_AGREEMENT
from pricing.parked_prices import queries as parked
from pricing.tariffs import queries as tariffs
from registry.accounts.queries import accounts_behind
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from web.worklists import procedures
from web.worklists.tasks import SHOWN_MAX, Asking, Task

# kind of task in the procedure → kind on the desk, and the rule that demands it
OF_PROCEDURE = {
    "application_due": ("determinations", "PRC-06"),
    "survey": ("surveys", "PRC-02"),
    "assess": ("determinations", "PRC-06"),
    "propose": ("determinations", "PRC-02"),
    "confirm": ("determinations", "PRC-02"),
    "returned": ("determinations", "PRC-03"),
    "set_caps": ("cap_plans", "PRC-03"),
    "report": ("cap_plans", "PRC-04"),
}


def determinations_waiting(asking: Asking) -> Iterator[Task]:
    """Return what the person can do now in determining revenue: surveys, applications, proposals, caps, reports."""
    actor = asking.acting(Role.PRICE, Role.SUPERVISOR)
    due = procedures.applications(asking.session, actor)
    for one in procedures.tasks(asking.session, actor, due):
        kind, rule = OF_PROCEDURE[one.kind]
        title = gettext("%(operator)s · %(year)s 年", operator=one.title, year=one.year)
        yield Task(kind, one.word, one.number, title, one.url, one.place, one.since, one.due, rule)


def own_surveys(asking: Asking) -> Iterator[Task]:
    """Return the own cost surveys that nobody has filed yet, or that were sent back."""
    own = asking.own(Role.OPERATOR)
    query = costs.visible(asking.acting(Role.OPERATOR), state=SurveyState.DRAFT)
    query = query.where(CostSurvey.operating_institution_id.in_(own)).order_by(CostSurvey.id)
    for one in asking.session.scalars(query.limit(SHOWN_MAX)):
        what = gettext("更正后重新提交成本调查") if one.note else gettext("填完并提交成本调查")
        yield Task(
            "surveys", what, one.number, gettext("%(year)s 年成本", year=one.year),
            url_for("cost_pages.show", survey_id=one.id), one.place, business_date(one.created_at), None, "PRC-02",
            one.note,
        )  # fmt: skip


def alarms_open(asking: Asking) -> Iterator[Task]:
    """Return the alarms of the running year: for each agreement or product the highest share that was reached."""
    actor = asking.acting(Role.PRICE, Role.SUPERVISOR, Role.OPERATOR)
    seen = set()
    for one in headroom.open_alarms(asking.session, actor, asking.today):
        alarm, key = one.alarm, (one.agreement.id, one.alarm.scope)
        if key in seen:
            continue
        seen.add(key)
        share = decimal_text(fraction(alarm.share) * PERCENT)
        is_whole = alarm.scope == WHOLE_AGREEMENT
        what = (
            gettext("收入已达最高准许收入的 %(share)s%%", share=share)
            if is_whole
            else gettext("产品收入已达上限预测收入的 %(share)s%%", share=share)
        )
        name = _operator(asking, one.agreement)
        title = name if is_whole else f"{name} · {alarm.scope}"
        url = url_for("headroom_pages.show", agreement_id=one.agreement.id, year=alarm.year)
        yield Task(
            "headroom", what, one.agreement.number, title, url, alarm.place, business_date(alarm.raised_at), None,
            "PRC-07", gettext("累计 ¥ %(sum)s", sum=alarm.accrued.grouped()),
        )  # fmt: skip


def years_due(asking: Asking) -> Iterator[Task]:
    """Return the years to assess and the cycles to evaluate, for the price officers."""
    actor = asking.acting(Role.PRICE)
    for one in assessments.due(asking.session, actor, asking.book, asking.today):
        agreement = one.agreement
        yield Task(
            "assessments", gettext("评估 %(year)s 年度", year=one.year), agreement.number,
            _operator(asking, agreement),
            url_for("assessing_pages.new_assessment", agreement_id=agreement.id, year=one.year), agreement.place,
            None, one.due_date, "PRC-08",
        )  # fmt: skip
    for cycle in cycles.due(asking.session, actor, asking.book, asking.today):
        if not cycle.is_due(asking.today):
            continue
        opened, agreement = cycle.cycle, cycle.agreement
        url = (
            url_for("cycle_pages.show", cycle_id=opened.id)
            if opened
            else url_for("cycle_pages.open_cycle", agreement_id=agreement.id)
        )
        yield Task(
            "assessments", gettext("评估 %(span)s 周期", span=cycle.span.text()), agreement.number,
            _operator(asking, agreement), url, agreement.place, cycle.ends_on, None, "PRC-07",
        )  # fmt: skip


def adjustments_waiting(asking: Asking) -> Iterator[Task]:
    """Return the adjustments to decide on, and those accepted that the person has to carry out."""
    actor = asking.acting(Role.SUPERVISOR, Role.OPERATOR)
    waiting = (AdjustmentState.PROPOSED, AdjustmentState.ACCEPTED)
    query = adjustments.visible(actor).add_columns(Agreement, Product.title)
    query = query.join(Product, Product.id == Adjustment.product_id).where(Adjustment.state.in_(waiting))
    for one, agreement, title in asking.session.execute(query.order_by(Adjustment.number).limit(SHOWN_MAX)):
        if one.state is AdjustmentState.PROPOSED:
            what, is_mine = gettext("决定收费调整"), adjustments.may_decide(actor, agreement)
        else:
            what, is_mine = gettext("执行收费调整"), adjustments.may_carry_out(actor, agreement, one.kind)
        if is_mine:
            yield Task(
                "adjustments", what, one.number, title, url_for("adjustment_pages.show", adjustment_id=one.id),
                one.place, business_date(one.decided_at) if one.decided_at else None, one.due_date, "PRC-08",
            )  # fmt: skip


def parked_prices(asking: Asking) -> Iterator[Task]:
    """Return the parked changes of price that the person may release; not those that one asked for oneself."""
    for one in parked.releasable(asking.session, asking.acting(Role.PRICE, *SELLERS), SHOWN_MAX):
        if asking.actor.id in accounts_behind(asking.session, one.asked_by):
            continue
        note = gettext(
            "最高单价由 %(old)s 元改为 %(new)s 元", old=one.old_unit_price_max.text(), new=one.new_unit_price_max.text()
        )
        yield Task(
            "parked_prices", gettext("解除或撤回停放的调价"), one.number,
            asking.session.get_one(Product, one.product_id).title,
            url_for("parked_price_pages.show", number=one.number), one.place, business_date(one.asked_at),
            parked.release_by(one, asking.book), "PRC-05", note,
        )  # fmt: skip


def prices_above_cap(asking: Asking) -> Iterator[Task]:
    """Return the own prices that a new cap has overtaken: nothing is sold until they are lowered."""
    own, today = asking.own(Role.OPERATOR), asking.today
    capped = sa.exists().where(FeeCap.product_id == Product.id, FeeCap.effective_from <= today)
    query = sa.select(Product).where(Product.owner_id.in_(own), capped).order_by(Product.code).limit(SHOWN_MAX)
    for product in asking.session.scalars(query):
        for tariff in tariffs.in_force(asking.session, product.id, today):
            cap = tariffs.cap_of(asking.session, tariff, today)
            if cap is None or tariffs.is_within_cap(tariff, cap):
                continue
            note = gettext(
                "收费标准最高 %(price)s 元，上限 %(cap)s 元", price=tariff.unit_price_max.text(), cap=cap.amount.text()
            )
            url = url_for("price_editor.edit", code=product.code)
            yield Task(
                "prices", gettext("调低收费标准：高于新的上限"), tariff.number, product.title, url, product.place,
                cap.effective_from, None, "PRC-05", note,
            )  # fmt: skip


def _operator(asking: Asking, agreement: Agreement) -> str:
    return asking.session.get_one(Party, agreement.operating_institution_id).name
