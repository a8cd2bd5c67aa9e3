"""The menu: every desk of the site under a few words, and for each actor only what the actor may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext

from kernel.http import current_actor
from kernel.identity import Actor, Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the menu: its address, the addresses that belong to it, and who sees it (nothing named: everyone)."""

    key: str
    url: str
    permissions: tuple[Permission, ...] = ()
    also: tuple[str, ...] = ()
    unless: Permission | None = None  # who holds it comes there from another entry

    def is_open_to(self, actor: Actor) -> bool:
        """Say whether the actor sees this entry."""
        if self.unless is not None and actor.may(self.unless):
            return False
        return not self.permissions or any(actor.may(permission) for permission in self.permissions)

    def nearness(self, path: str) -> int:
        """Return how much of the path this entry names, if it is this page or one that belongs to it; else 0."""
        near = (len(url) for url in (self.url, *self.also) if path == url or path.startswith(url + "/"))
        return max(near, default=0)


MENU: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("desk", (Entry("desk", "/desk", (Permission.ACCOUNT_OWN,)),)),
    ("catalogue", (Entry("catalogue", "/catalogue", also=("/products",)),)),
    ("prices", (Entry("prices", "/prices", also=("/price-list",)),)),
    ("registry", (Entry("registry", "/registry", also=("/certificates", "/objections")),)),
    ("authorization", (
        Entry("plans", "/plans", (Permission.PLAN_READ,)),
        Entry("calls", "/calls"),
        Entry("applications", "/applications", (Permission.APPLICATION_READ,)),
        Entry("operator_reviews", "/operator-reviews", (Permission.APPLICATION_READ,)),
        Entry("agreements", "/agreements", (Permission.AGREEMENT_READ,)),
        Entry("service_agreements", "/service-agreements", (Permission.AGREEMENT_READ,)),
        Entry("exits", "/exits", (Permission.AGREEMENT_READ,)),
    )),
    ("data", (
        Entry("resources", "/resources", (Permission.RESOURCE_READ,)),
        Entry("sharing", "/sharing", (Permission.RESOURCE_READ,)),
        Entry("quality", "/quality", (Permission.QUALITY_READ,)),
        Entry("requests", "/requests", (Permission.REQUEST_READ,)),
        Entry("drafts", "/workspace/drafts", (Permission.PRODUCT_WRITE,)),
        Entry("products", "/workspace/products", (Permission.PRODUCT_READ,)),
        Entry("reviews", "/reviews", (Permission.REVIEW_READ,)),
        Entry("egress", "/egress", (Permission.PRODUCT_READ,)),
        Entry("registrations", "/registrations", (Permission.REGISTRATION_READ,)),
    )),
    ("trade", (
        Entry("orders", "/orders", (Permission.ORDER_READ,)),
        Entry("quotes", "/quotes", (Permission.ORDER_PLACE,)),
        Entry("approvals", "/approvals", (Permission.ORDER_PLACE,)),
        Entry("trade_records", "/trade-records", (Permission.ORDER_READ,)),
        Entry("entitlements", "/entitlements", (Permission.ENTITLEMENT_READ,)),
        Entry("exemptions", "/exemptions", (Permission.ORDER_READ,)),
        Entry("webhooks", "/webhooks", (Permission.WEBHOOK_MANAGE,)),
        Entry("developers", "/developers"),
        Entry("payments", "/payments", (Permission.ORDER_PLACE, Permission.PAYMENT_RECORD, Permission.SETTLEMENT_READ)),
        Entry("bank_lines", "/bank-lines", (Permission.SETTLEMENT_READ,)),
        Entry("suspense", "/suspense", (Permission.SETTLEMENT_READ,)),
        Entry("refunds", "/refunds", (Permission.REFUND_ASK, Permission.REFUND_DECIDE, Permission.REFUND_PAY)),
        Entry("buyer_accounts", "/buyer-accounts", (Permission.BUYER_ACCOUNT_READ,)),
        Entry("invoices", "/invoices", (Permission.ORDER_READ,)),
        Entry("receipts", "/receipts", (Permission.ORDER_READ,)),
        Entry("deliveries", "/deliveries", (Permission.TAKINGS_READ,)),
        Entry("takings", "/takings", (Permission.TAKINGS_READ,)),
        Entry("reuse", "/reuse", (Permission.RESOURCE_WRITE,)),
        Entry("feedback", "/feedback", (Permission.FEEDBACK_DELIVER, Permission.FEEDBACK_RECEIVE)),
        Entry("disputes", "/disputes", (Permission.ORDER_READ,)),
        Entry("listings", "/listings", (Permission.LISTING_WRITE, Permission.LISTING_IMPORT), also=("/imports",)),
    )),
    ("pricing", (
        Entry("pricing", "/pricing", (Permission.COST_READ,)),
        Entry(
            "assessments",
            "/pricing/assessments",
            (Permission.COST_READ,),
            also=("/pricing/adjustments", "/pricing/cycles"),
        ),
        Entry("headroom", "/pricing/headroom", (Permission.COST_READ,)),
        Entry("charges", "/pricing/charges", (Permission.COST_READ,)),
        Entry("negotiations", "/negotiations", (Permission.ORDER_READ,)),
        Entry("equal_prices", "/pricing/equal-prices", (Permission.PRICE_TRY,)),
        Entry("service_fees", "/service-fees", (Permission.PRICE_TRY,), also=("/pricing/service-fees",)),
        Entry("charge_records", "/pricing/charges/new", (Permission.CHARGE_RECORD,), unless=Permission.COST_READ),
        Entry("free_use", "/pricing/free-use", (Permission.ORDER_READ,)),
        Entry("misuses", "/pricing/misuses", (Permission.ORDER_READ,)),
        Entry("complaints", "/pricing/complaints", (Permission.ORDER_READ,)),
        Entry("what_if", "/pricing/what-if", (Permission.PRICE_TRY,)),
    )),
    ("settlement", (
        Entry("settlements", "/settlements", (Permission.SETTLEMENT_READ,)),
        Entry("statements", "/statements", (Permission.STATEMENT_READ,)),
        Entry("reports", "/reports", (Permission.STATEMENT_READ,)),
        Entry("report_packs", "/report-packs", (Permission.COST_READ,)),
        Entry("schedules", "/schedules", (Permission.STATEMENT_READ,)),
        Entry("contributions", "/contributions", (Permission.CONTRIBUTION_READ,)),
        Entry("payouts", "/payouts", (Permission.PAYOUT_READ,)),
        Entry("payees", "/payees", (Permission.PAYEE_READ,)),
        Entry("receivables", "/receivables", (Permission.CLAWBACK_READ,)),
        Entry("reconciliation", "/reconciliation", (Permission.SETTLEMENT_READ,)),
        Entry("ledger", "/ledger", (Permission.LEDGER_READ,)),
        Entry("book_closings", "/book-closings", (Permission.SETTLEMENT_READ,)),
        Entry("usage_state", "/usage", (Permission.SETTLEMENT_READ,)),
    )),
    ("supervision", (
        Entry("disclosures", "/disclosures"),
        Entry("statistics", "/statistics"),
        Entry("proofs", "/proofs", (Permission.ACCOUNT_OWN,)),
        Entry("duties", "/duties", (Permission.DUTY_READ,)),
        Entry("evaluations", "/evaluations", (Permission.DUTY_READ,)),
        Entry("incidents", "/incidents", (Permission.INCIDENT_READ,)),
        Entry("trainings", "/trainings", (Permission.TRAINING_READ,)),
        Entry("access", "/access-decisions", (Permission.ACCESS_READ,)),
        # everybody may read the own organisation (it stands on the account page); this is the list of the others
        Entry("parties", "/parties", (Permission.AGREEMENT_READ, Permission.PARTY_CREATE)),
        Entry("relations", "/relations", (Permission.RELATION_WRITE,)),
        Entry("onboarding", "/onboarding-desk", (Permission.ONBOARDING_DECIDE,)),
        Entry("accounts", "/accounts", (Permission.ACCOUNT_CREATE,)),
        Entry("operations", "/operations", (Permission.OPERATIONS_READ,)),
    )),
)  # fmt: skip
# what only visitors see at the top: whoever is signed in has been admitted, and finds the proofs under supervision
FOR_VISITORS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("proofs", (Entry("proofs", "/proofs"),)),
    ("apply", (Entry("apply", "/onboarding"),)),
)


def navigation() -> list[dict[str, Any]]:
    """Return the menu of this actor with the present page marked: sections, and the entries of those with several."""
    actor = current_actor()
    titles = menu_titles()
    shown = []
    for key, entries in MENU if actor.is_authenticated else (*MENU, *FOR_VISITORS):
        offered = [one for one in entries if one.is_open_to(actor)]
        nearest = max((one.nearness(request.path) for one in offered), default=0)
        items = [
            {"url": one.url, "label": titles[one.key], "active": one.nearness(request.path) == nearest > 0}
            for one in offered
        ]
        if items:
            first = items[0]
            label = titles[key] if len(items) > 1 else first["label"]
            active = any(one["active"] for one in items)
            entries_shown = items if len(items) > 1 else []
            shown.append({"url": first["url"], "label": label, "active": active, "entries": entries_shown})
    return shown


def menu_titles() -> dict[str, str]:
    """Return the menu's words in the language of the request."""
    return {
        "desk": gettext("工作台"), "authorization": gettext("授权"), "data": gettext("数据与产品"),
        "supervision": gettext("监督"), "apply": gettext("单位入驻"),
        "catalogue": gettext("产品目录"), "prices": gettext("收费公示"), "registry": gettext("登记公示"),
        "trade": gettext("交易"), "settlement": gettext("结算"),
        "orders": gettext("订单"), "quotes": gettext("报价"), "entitlements": gettext("使用权"),
        "invoices": gettext("发票"), "receipts": gettext("交付回执"),
        "deliveries": gettext("交付情况"), "takings": gettext("收入进度"), "reuse": gettext("本部门可免费使用的产品"),
        "feedback": gettext("成果回馈"), "disputes": gettext("争议处置"),
        "exemptions": gettext("公益免费使用"), "payments": gettext("付款"), "bank_lines": gettext("银行流水"),
        "suspense": gettext("待核款项"),
        "refunds": gettext("退款"), "buyer_accounts": gettext("预付与月结"), "listings": gettext("挂牌管理"),
        "products": gettext("产品管理"), "requests": gettext("数据使用申请"), "reviews": gettext("合规审查"),
        "registrations": gettext("登记受理"), "agreements": gettext("授权运营协议"),
        "plans": gettext("实施方案"), "calls": gettext("遴选公告"), "applications": gettext("运营机构申请"),
        "operator_reviews": gettext("运营机构安全审核"),
        "service_agreements": gettext("服务协议"), "exits": gettext("授权退出"),
        "resources": gettext("公共数据资源"), "sharing": gettext("共享目录"), "quality": gettext("数据质量"),
        "drafts": gettext("产品草稿"), "egress": gettext("出域合规核查"),
        "parties": gettext("机构"),
        "relations": gettext("关联关系"),
        "access": gettext("数据访问判定"),
        "onboarding": gettext("入驻申请"),
        "trainings": gettext("岗前培训"),
        "accounts": gettext("账号"), "operations": gettext("运行"),
        "pricing": gettext("定价"),
        "negotiations": gettext("面议"), "equal_prices": gettext("同质同价"), "service_fees": gettext("服务费"),
        "what_if": gettext("情景试算"),
        "approvals": gettext("采购复核"), "trade_records": gettext("交易记录"),
        "webhooks": gettext("事件推送"), "developers": gettext("开发者"),
        "free_use": gettext("免费使用的价值"),
        "misuses": gettext("改作他用"),
        "complaints": gettext("收费投诉"),
        "assessments": gettext("年度评估"), "headroom": gettext("收入余量"),
        "charges": gettext("运营机构承担的费用"), "charge_records": gettext("记录费用"),
        "settlements": gettext("收益结算"), "statements": gettext("结算单"), "schedules": gettext("分配方案"),
        "contributions": gettext("贡献公示"),
        "reconciliation": gettext("对账"),
        "ledger": gettext("账簿"), "book_closings": gettext("结账"), "reports": gettext("收益报表"),
        "report_packs": gettext("年度报送"),
        "usage_state": gettext("用量汇总"),
        "payouts": gettext("收益拨付"), "payees": gettext("收款账户"), "receivables": gettext("应收退款"),
        "disclosures": gettext("信息披露"), "statistics": gettext("市场统计"), "proofs": gettext("每日锚定"),
        "evaluations": gettext("运营评价"),
        "incidents": gettext("风险事件"),
        "duties": gettext("法定义务"),
    }  # fmt: skip
