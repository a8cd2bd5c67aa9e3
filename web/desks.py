"""The desk (工作台) of each role: what needs doing now, those due first on top, and what to keep an eye on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from kernel import clock, db
from kernel.fields import Schema
from kernel.http import ApiBlueprint, current_actor, policy_book, public, requires, working_calendar
from kernel.identity import FINANCE, SELLERS, Permission, Role
from kernel.money import Money
from web.menu import navigation
from web.worklists import money, offices, organisations, overviews, payouts, prices, sales, standings, uses
from web.worklists.tasks import Asking, Task, in_order
from web.worklists.ways import ways

api = ApiBlueprint("desks", __name__, url_prefix="/api/v1", description="工作台 · what waits for the person who asks")
blueprint = Blueprint("desk_pages", __name__)
Gather = Callable[[Asking], Iterable[Task]]
Gatherers = tuple[tuple[tuple[Role, ...], Gather], ...]
# who is asked to do what: the roles, and the function that finds it
ABOUT_PRICES: Gatherers = (
    ((Role.PRICE, Role.SUPERVISOR), prices.determinations_waiting),
    ((Role.OPERATOR,), prices.own_surveys),
    ((Role.OPERATOR,), prices.prices_above_cap),
    ((Role.PRICE, *SELLERS), prices.parked_prices),
    ((Role.PRICE, Role.SUPERVISOR, Role.OPERATOR), prices.alarms_open),
    ((Role.PRICE,), prices.years_due),
    ((Role.SUPERVISOR, Role.OPERATOR), prices.adjustments_waiting),
    ((Role.SUPERVISOR,), uses.free_use_waiting),
    ((Role.SUPERVISOR,), uses.misuses_waiting),
    ((Role.SUPERVISOR, Role.PRICE), uses.complaints_waiting),
    (uses.BUYERS, uses.free_use_ending),
    (uses.BUYERS, uses.misuses_to_answer),
    ((*SELLERS, *uses.BUYERS), uses.negotiations_waiting),
    (uses.BUYERS, uses.quotes_closed),
)
GATHERED: Gatherers = (
    (offices.REVIEWERS, offices.reviews_waiting),
    ((Role.SUPERVISOR,), offices.reviews_late),
    ((Role.SUPERVISOR,), offices.plans_waiting),
    ((Role.SUPERVISOR,), offices.selections_waiting),
    ((Role.SUPERVISOR,), offices.agreements_waiting),
    ((Role.SUPERVISOR,), offices.suspensions_waiting),
    ((Role.SUPERVISOR,), offices.exits_waiting),
    ((Role.SUPERVISOR,), offices.incidents_open),
    ((Role.SUPERVISOR,), offices.objections_open),
    ((Role.REVIEWER,), offices.registrations_waiting),
    ((Role.SECURITY_ADMINISTRATOR,), offices.grants_waiting),
    ((Role.FINANCE_CHECKER,), offices.settlements_waiting),
    ((Role.FINANCE_PREPARER,), offices.settlements_due),
    ((Role.SOURCE,), organisations.tickets_to_answer),
    (SELLERS, organisations.tickets_to_confirm),
    (organisations.FILING_ROLES, organisations.duties_open),
    ((Role.OPERATOR,), organisations.corrections_demanded),
    ((Role.OPERATOR,), organisations.agreement_days_near),
    ((Role.OPERATOR,), organisations.exits_of_operator),
    ((Role.OPERATOR,), organisations.calls_open),
    (SELLERS, organisations.service_agreements_to_sign),
    (SELLERS, organisations.returned_reviews),
    (SELLERS, organisations.own_registrations),
    (SELLERS, organisations.product_drafts),
    (SELLERS, organisations.own_requests),
    (uses.BUYERS, organisations.orders_waiting),
    ((Role.FINANCE_PREPARER,), money.lines_waiting),
    ((Role.FINANCE_PAYER,), money.lines_to_return),
    ((Role.FINANCE_PREPARER,), money.online_waiting),
    ((Role.FINANCE_CHECKER, Role.FINANCE_PAYER), money.refunds_waiting),
    ((Role.FINANCE_PREPARER, Role.FINANCE_CHECKER), money.breaks_waiting),
    ((Role.FINANCE_CHECKER,), money.limits_to_confirm),
    ((Role.FINANCE_CHECKER, Role.FINANCE_PAYER, Role.SUPERVISOR), payouts.batches_waiting),
    ((Role.FINANCE_PREPARER,), payouts.payouts_unknown),
    ((Role.FINANCE_PAYER,), payouts.payouts_short),
    ((Role.FINANCE_CHECKER,), payouts.resolutions_waiting),
    ((Role.FINANCE_CHECKER,), payouts.accounts_waiting),
    (uses.BUYERS, money.statements_to_pay),
    (uses.BUYERS, sales.approvals_waiting),
    (uses.BUYERS, sales.approval_rules_waiting),
    (SELLERS, sales.invoices_to_issue),
    ((*SELLERS, *uses.BUYERS), sales.receipts_to_answer),
    ((Role.SUPERVISOR,), sales.disputes_waiting),
    ((*SELLERS, *uses.BUYERS), sales.disputes_to_answer),
    ((Role.SOURCE,), sales.reuse_offered),
    ((*SELLERS, Role.SOURCE, Role.SUPERVISOR), sales.feedback_due),
    *ABOUT_PRICES,
)
# kind of task → its words, and the page that shows all of that kind
KINDS: dict[str, tuple[Any, str]] = {
    "onboarding": (lazy_gettext("入驻核验"), "onboarding_pages.browse"),
    "plan": (lazy_gettext("实施方案审查"), "plan_pages.browse"),
    "plans": (lazy_gettext("实施方案"), "plan_pages.browse"),
    "application": (lazy_gettext("运营申请审查"), "application_pages.browse"),
    "selections": (lazy_gettext("公告与遴选"), "call_pages.browse"),
    "calls": (lazy_gettext("可申请的公告"), "call_pages.browse"),
    "operator": (lazy_gettext("运营机构安全审核"), "operator_review_pages.browse"),
    "agreements": (lazy_gettext("授权运营协议"), "agreement_pages.browse"),
    "service_agreements": (lazy_gettext("服务协议"), "service_agreement_pages.browse"),
    "suspensions": (lazy_gettext("暂停与整改"), "agreement_pages.browse"),
    "exits": (lazy_gettext("退出"), "exit_pages.browse"),
    "data_request": (lazy_gettext("数据使用申请"), "data_request_pages.browse"),
    "product": (lazy_gettext("产品合规审查"), "review_pages.worklist"),
    "egress": (lazy_gettext("出域核查"), "egress_pages.browse"),
    "late_reviews": (lazy_gettext("逾期审查"), "review_pages.worklist"),
    "returned": (lazy_gettext("退回补正"), "review_pages.worklist"),
    "registrations": (lazy_gettext("登记受理"), "register_desk_pages.desk"),
    "own_registrations": (lazy_gettext("登记与续展"), "register_desk_pages.desk"),
    "objections": (lazy_gettext("公示异议"), "register_desk_pages.desk"),
    "drafts": (lazy_gettext("产品草稿"), "product_draft_pages.browse"),
    "quality": (lazy_gettext("数据质量"), "quality_pages.browse"),
    "duties": (lazy_gettext("法定义务"), "duty_pages.browse"),
    "late_duties": (lazy_gettext("逾期义务"), "duty_pages.browse"),
    "incidents": (lazy_gettext("风险事件"), "incident_pages.browse"),
    "grants": (lazy_gettext("职责授予"), "person_pages.browse"),
    "settlements": (lazy_gettext("收益结算"), "settlement_pages.browse"),
    "orders": (lazy_gettext("订单"), "contract_pages.browse"),
    "surveys": (lazy_gettext("成本调查"), "ceiling_pages.desk"),
    "determinations": (lazy_gettext("定价程序"), "determination_pages.browse"),
    "cap_plans": (lazy_gettext("上限方案"), "determination_pages.browse"),
    "prices": (lazy_gettext("收费标准"), "tariff_pages.price_list"),
    "parked_prices": (lazy_gettext("停放的调价"), "parked_price_pages.browse"),
    "headroom": (lazy_gettext("收入预警"), "headroom_pages.browse"),
    "assessments": (lazy_gettext("年度和周期评估"), "assessment_pages.browse"),
    "adjustments": (lazy_gettext("收费调整"), "assessment_pages.browse"),
    "complaints": (lazy_gettext("收费投诉"), "complaint_pages.browse"),
    "free_use": (lazy_gettext("公益免费使用"), "exemption_pages.browse"),
    "misuses": (lazy_gettext("改作他用"), "misuse_pages.browse"),
    "negotiations": (lazy_gettext("面议"), "negotiation_pages.browse"),
    "quotes": (lazy_gettext("报价"), "order_pages.quotes"),
    "bank_lines": (lazy_gettext("银行流水"), "bank_line_pages.browse"),
    "payouts": (lazy_gettext("收益拨付"), "payout_pages.browse"),
    "payees": (lazy_gettext("收款账户"), "payee_pages.browse"),
    "reconciliation": (lazy_gettext("对账差异"), "reconciliation_pages.desk"),
    "suspense": (lazy_gettext("待核款项"), "suspense_pages.browse"),
    "refunds": (lazy_gettext("退款"), "refund_pages.browse"),
    "buyer_accounts": (lazy_gettext("预付与月结"), "buyer_account_pages.browse"),
    "approvals": (lazy_gettext("采购复核"), "approval_pages.browse"),
    "invoices": (lazy_gettext("发票"), "invoice_pages.browse"),
    "receipts": (lazy_gettext("交付回执"), "receipt_pages.browse"),
    "disputes": (lazy_gettext("争议处置"), "dispute_pages.browse"),
    "reuse": (lazy_gettext("本部门可免费使用的产品"), "reuse_pages.browse"),
    "feedback": (lazy_gettext("成果回馈"), "feedback_pages.browse"),
}
NEAR_DAYS = 5  # working days within which a task counts as due soon on the page


@dataclass(frozen=True, slots=True)
class Shown:
    """A task as the desk shows it."""

    task: Task
    is_overdue: bool
    days_left: int | None


def gathered(asking: Asking, sought: Gatherers = GATHERED) -> list[Shown]:
    """Return everything that waits for the person (or what these functions find), those due first on top."""
    found = [task for roles, gather in sought if asking.holds(*roles) for task in gather(asking)]
    today = asking.today
    return [Shown(task, task.is_overdue(today), asking.days_left(task.due)) for task in in_order(found)]


def asked() -> Asking:
    """Return who asks, now."""
    return Asking(db.session(), current_actor(), clock.now(), policy_book(), working_calendar())


class DeskArgs(ma.Schema):
    """Which tasks are wanted."""

    kind = ma.fields.String(validate=ma.validate.OneOf(sorted(KINDS)), load_default=None)


class TaskOut(ma.Schema):
    """One thing to do."""

    kind = ma.fields.String(attribute="task.kind")
    what = ma.fields.String(attribute="task.what")
    number = ma.fields.String(attribute="task.number")
    title = ma.fields.String(attribute="task.title")
    url = ma.fields.String(attribute="task.url")
    place = ma.fields.String(attribute="task.place")
    since = ma.fields.Date(attribute="task.since", allow_none=True)
    due_date = ma.fields.Date(attribute="task.due", allow_none=True)
    rule = ma.fields.String(attribute="task.rule")
    note = ma.fields.String(attribute="task.note")
    is_paused = ma.fields.Boolean(attribute="task.is_paused")
    is_overdue = ma.fields.Boolean()
    working_days_left = ma.fields.Integer(attribute="days_left", allow_none=True)


class DeskOut(Schema):
    """The desk of the person who asks, on one day."""

    date = ma.fields.Date()
    counts = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    overdue = ma.fields.Integer()
    tasks = ma.fields.List(ma.fields.Nested(TaskOut))


@api.get("/desk")
@requires(Permission.ACCOUNT_OWN)
@api.arguments(DeskArgs, location="query")
@api.response(200, DeskOut)
def read(args):
    """List what waits for you: what, which record, since when, until when, by which rule."""
    asking = asked()
    found = gathered(asking)
    tasks = [one for one in found if args["kind"] in (None, one.task.kind)]
    return {"date": asking.today, "counts": counts(found), "tasks": tasks,
            "overdue": sum(one.is_overdue for one in found)}  # fmt: skip


@blueprint.get("/desk")
@public
def show() -> Response | str:
    """Show the desk of whoever is signed in; an account without any role learns where to turn."""
    if not current_actor().is_authenticated:
        return redirect(url_for("account_pages.sign_in", next=request.full_path.rstrip("?")))
    asking = asked()
    found, kind = gathered(asking), request.args.get("kind", "")
    counted = counts(found)
    kind = kind if kind in counted else ""
    return render_template(
        "desks/desk.html", found=[one for one in found if kind in ("", one.task.kind)], kind=kind, counts=counted,
        kinds=KINDS, total=len(found), overdue=sum(one.is_overdue for one in found),
        soon=sum(one.days_left is not None and one.days_left <= NEAR_DAYS for one in found), near_days=NEAR_DAYS,
        today=asking.today, sections=[one for one in navigation() if one["entries"]],
        ways={} if found else ways(asking), **_overviews(asking),
    )  # fmt: skip


def counts(found: Iterable[Shown]) -> dict[str, int]:
    """Return how many tasks there are of each kind, in the order of the tabs."""
    kinds = [one.task.kind for one in found]
    return {kind: kinds.count(kind) for kind in KINDS if kind in kinds}


def _overviews(asking: Asking) -> dict[str, Any]:
    """Return the panels beside the tasks; each only for those whom it concerns."""
    panels: dict[str, Any] = {"holds_roles": bool(asking.actor.grants)}
    if asking.holds(*SELLERS):
        panels |= {"own_products": overviews.own_products(asking), "under_way": overviews.under_way(asking)}
    if asking.holds(Role.OPERATOR):
        panels |= {
            "training": overviews.own_training(asking),
            "agreement_days": organisations.agreement_days(asking),
            "day_titles": day_titles(),
        }
    if asking.holds(Role.SOURCE):
        panels |= {
            "own_resources": overviews.own_resources(asking),
            "made_from": overviews.made_from_own_data(asking),
        }
    if asking.holds(Role.SECURITY_ADMINISTRATOR):
        panels["account_figures"] = offices.account_figures(asking)
    panels["watches_only"] = bool(asking.actor.grants) and not asking.holds(
        *(role for roles, _gather in GATHERED for role in roles)
    )
    return panels | _standings(asking)


def _standings(asking: Asking) -> dict[str, Any]:
    """Return how the things stand that each role comes for, whether or not there is something to do."""
    panels: dict[str, Any] = {"yuan": Money.signed_yuan}
    if asking.holds(*FINANCE):
        panels["settlement_months"] = standings.settlement_months(asking)
    if asking.holds(*FINANCE, Role.AUDITOR):
        panels["latest_sealed"] = standings.latest_sealed(asking)
    if asking.holds(Role.AUDITOR):
        panels["kept"] = standings.evidence(asking)
    if asking.own(Role.SOURCE):
        panels["earned"] = standings.earned_by_own_data(asking)
    if asking.own(*SELLERS):
        panels["sales"] = standings.sales_of_month(asking)
    if asking.own(*uses.BUYERS):
        panels["allowances"] = standings.allowances(asking)
    return panels


def day_titles() -> dict[str, str]:
    """Return the words for the days that matter to an agreement."""
    return {
        "trial_end": gettext("试运营届满"),
        "term_end": gettext("授权届满"),
        "reapply": gettext("重新申请截止"),
        "correction": gettext("整改截止"),
    }
