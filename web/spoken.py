"""Words that the floors below say in Chinese and pages translate as they show them; marked here for the catalogue."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _

SPOKEN = (
    # gates
    _("出售主体状态正常"),
    _("购买方状态正常"),
    _("授权运营协议有效"),
    _("所用数据的使用申请已获同意"),
    _("所用数据的使用申请已获同意且未停止开放"),
    _("最新版本通过合规审查"),
    _("所购版本通过合规审查"),
    _("产品登记有效"),
    _("收费标准已公示"),
    _("供方已上架"),
    _("交易场所符合当地规定"),
    _("订单已履行且未退款"),
    # settlement
    _("数值明显异常"),
    # review and registration
    _("公共数据主管部门合规安全审核"),
    _("出售主体状态"),
    _("产品字段已列明"),
    _("登记主体信息"),
    _("数据合法来源"),
    _("数据资源情况"),
    _("存证情况"),
    _("产品和服务信息"),
    # explanations of prices and ceilings
    _("定价依据"),
    _("数据应用价值"),
    _("经营成本（产业、行业用途，扣除政府补助）"),
    _("成本调查前一年10年期国债平均收益率"),
    _("最高准许收入（以最后一次核定为准）"),
    _("分界（正好等于分界的，属于以下一档）"),
    _("报告发展改革部门和数据管理部门"),
    _("凭证 SHA-256"),
    _("支出"),
    _("周期实际收入合计"),
    _("周期最高准许收入合计"),
    _("没有超收；不足部分文件没有规定结转，不予结转"),
    _("被授予单位"),
    _("批准人"),
    _("用途证明"),
    _("保本微利上限"),
    _("产品所用公共数据"),
    _("条款"),
    _("舍入"),
    _("本期收入"),
    _("减：以前各期已计"),
    _("其中增值税"),
    _("可分配收入（不含税）"),
    # units of the law
    _("工作日"),
    _("年"),
    _("月"),
    _("日"),
    _("比率"),
    _("月-日"),
    # settlement
    _("分配＋税"),
    _("收入（不含税＋税）"),
    _("结算单＋税"),
    _("支付至本单位账户"),
    _("上缴国库（非税收入）"),
    _("非法规 演示"),
    _("分配方案无法计算"),
    _("政策参数未配置"),
    _("款项尚未到账"),
    _("争议中的金额"),
    _("交付尚未会签"),
    _("没有已签署的分配方案"),
    _("没有收费标准"),
    _("企业"),
    _("行政单位"),
    _("事业单位（按当地规定）"),
    _("事业单位收款规则未配置"),
)


def spoken(words: object) -> str:
    """Return words of a record or a rule in the reader's language; as they are when the catalogue has none.

    Templates must not use ``_`` for this: it would read a per cent sign in the words as a placeholder.
    """
    said = str(words or "")
    return gettext(said) if said else ""
