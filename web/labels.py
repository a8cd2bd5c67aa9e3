"""Words for the values that pages show: states, roles, kinds. One table, translated at the moment of showing."""

from __future__ import annotations

from enum import Enum

from flask_babel import lazy_gettext as _

from kernel.identity import Role

ROLES = {
    Role.MERCHANT: _("数据商"), Role.OPERATOR: _("运营机构"), Role.SOURCE: _("数源部门"), Role.BUYER: _("买方"),
    Role.REVIEWER: _("合规审核"), Role.PRICE: _("价格主管"), Role.FINANCE_PREPARER: _("结算经办"),
    Role.FINANCE_CHECKER: _("结算复核"), Role.FINANCE_PAYER: _("付款"), Role.AUDITOR: _("审计"),
    Role.SYSTEM_ADMINISTRATOR: _("系统管理"), Role.SECURITY_ADMINISTRATOR: _("安全管理"),
    Role.SUPERVISOR: _("公共数据主管部门"), Role.SCHEDULER: _("定时任务"),
}  # fmt: skip
VALUES = {
    "draft": _("草稿"), "submitted": _("已提交"), "signed": _("已签署"), "filed": _("已备案"), "active": _("生效中"),
    "suspended": _("已暂停"), "expired": _("已到期"), "terminated": _("已终止"), "in_order": _("正常"), "ended": _("已终止"),
    "checked": _("已核查"), "under_review": _("审核中"), "approved": _("已同意"), "rejected": _("未同意"),
    "in_stage": _("审查中"), "returned": _("退回补正"), "passed": _("已通过"), "refused": _("未通过"), "withdrawn": _("已撤回"),
    "waiting": _("待开始"), "open": _("进行中"), "agreed": _("同意"), "accepted": _("已受理"), "not_accepted": _("不予受理"),
    "public_notice": _("公示中"), "objected": _("有异议"), "coded": _("已赋码"), "cancelled": _("已注销"), "revoked": _("已撤销"),
    "requested": _("已申请"), "placed": _("已下单"), "contracted": _("已签约"), "paid": _("已付款"), "fulfilled": _("已履行"),
    "refunded": _("已退款"), "expected": _("待收款"), "captured": _("已到账"), "prepared": _("已编制"), "sealed": _("已封存"),
    "gov_guided": _("政府指导价"), "trial": _("试行收费标准"), "market_value_based": _("按数据应用价值定价"),
    "break_even": _("保本微利"), "free_public_interest": _("公益免费"), "per_item": _("元/件"), "per_use": _("元/次"),
    "per_period": _("元/期"), "per_data_volume": _("按数据调用量"), "api": _("数据接口"), "file": _("数据文件"), "report": _("数据报告"),
    "public_governance": _("公共治理"), "public_welfare": _("公益事业"), "industry_development": _("产业发展"),
    "sector_development": _("行业发展"), "tariff": _("按收费标准"), "public_interest": _("公益使用免费"),
    "source_reuse": _("数源部门免费回用"), "industry": _("产业、行业用途"), "own_account": _("本单位账户"),
    "treasury_non_tax": _("国库（非税收入）"), "held": _("暂挂"), "administrative_unit": _("行政单位"),
    "public_institution": _("事业单位"), "enterprise": _("企业"), "non_legal_person": _("非法人组织"),
    "free": _("无偿"), "own": _("本平台"), "imported": _("导入"), "disabled": _("已停用"), "agree": _("同意"),
    "refuse": _("不同意"), "return_once": _("一次性退回补正"), "decided": _("已决定"), "deemed": _("超期视为同意"),
    "data_authority": _("公共数据主管部门"), "price_authority": _("价格主管部门"), "operating_institution": _("运营机构"),
    "data_merchant": _("数据商"), "source_department": _("数源部门"), "buyer": _("买方"), "trading_venue": _("数据交易场所"),
    "platform": _("授权运营平台"), "municipal_data_agency": _("市政务大数据管理机构"),
    "provincial_data_authority": _("省公共数据主管部门"), "finance_department": _("财政部门"), "first": _("首次登记"),
    "change": _("变更登记"), "correction": _("更正登记"), "renewal": _("续展"), "cancellation": _("注销登记"),
    "revocation": _("撤销登记"), "provide": _("提供合同"), "entrusted": _("委托处理合同"), "joint": _("融合开发合同"),
    "intermediary": _("中介合同"), "personal": _("个人"), "quzhou": _("衢州"), "futian": _("福田"), "puer": _("普洱"),
    "xinchang": _("新昌"), "guangzhou": _("广州"), "fixed": _("固定金额"), "rate": _("按比例"), "recover": _("成本回收"),
    "pool": _("按权重分配"), "rest": _("其余"),
}  # fmt: skip


def role_title(role: Role) -> str:
    """Return the name of a role in the language of the request."""
    return str(ROLES[role])


def state_label(value: object) -> str:
    """Return the word for a state, kind or place; the value itself when there is none."""
    key = str(value.value if isinstance(value, Enum) else value)
    return str(VALUES.get(key, key))
