"""Where each role goes when nothing waits for it: the pages of its daily work, the usual one first."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext as _

from kernel.identity import Role
from web.worklists.tasks import Asking

WAYS = {
    Role.REVIEWER: (
        ("review_pages.worklist", _("产品合规审查")), ("register_desk_pages.desk", _("登记受理")),
        ("egress_pages.browse", _("出域核查")), ("throughput_pages.show", _("办结情况")),
    ),
    Role.PRICE: (
        ("headroom_pages.browse", _("收入余量")), ("assessment_pages.browse", _("年度评估")),
        ("what_if_pages.show", _("情景试算")),
    ),
    Role.SUPERVISOR: (
        ("duty_pages.browse", _("法定义务")), ("incident_pages.browse", _("风险事件")),
        ("throughput_pages.show", _("办结情况")),
    ),
    Role.FINANCE_PREPARER: (
        ("settlement_pages.browse", _("收益结算")), ("contribution_pages.browse", _("贡献公示")),
        ("bank_line_pages.browse", _("银行流水")),
    ),
    Role.FINANCE_CHECKER: (
        ("settlement_pages.browse", _("收益结算")), ("payee_pages.browse", _("收款账户")),
        ("reconciliation_pages.desk", _("对账")),
    ),
    Role.FINANCE_PAYER: (
        ("payout_pages.browse", _("收益拨付")), ("refund_pages.browse", _("退款")),
        ("bank_line_pages.browse", _("银行流水")),
    ),
    Role.BUYER: (
        ("catalogue_pages.search", _("选购产品")), ("order_pages.quotes", _("报价")),
        ("exemption_pages.browse", _("公益免费使用")),
    ),
    Role.SOURCE: (
        ("resource_pages.browse", _("公共数据资源")), ("data_request_pages.browse", _("数据使用申请")),
        ("quality_pages.browse", _("数据质量")),
    ),
    Role.MERCHANT: (("contract_pages.browse", _("订单")), ("taking_pages.show", _("收入进度"))),
    Role.OPERATOR: (("data_request_pages.browse", _("数据使用申请")), ("duty_pages.browse", _("法定义务"))),
    Role.SECURITY_ADMINISTRATOR: (("person_pages.create", _("新建账号")), ("party_pages.browse", _("机构"))),
}  # fmt: skip


def ways(asking: Asking) -> dict[str, str]:
    """Return the pages of the daily work of the roles that the person holds: address → its words."""
    return {url_for(page): str(words) for role in WAYS if asking.holds(role) for page, words in WAYS[role]}
