"""Words that the floors below say in Chinese and pages translate as they show them; marked here for the catalogue."""

from __future__ import annotations

import re

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from web.sentences import said

HAN = re.compile("[\u3400-\u9fff]")
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
    _("小时"),
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
    # gates, trade records, reports, year packs and proofs
    _("已签订服务或开发利用协议"),
    _("应急预案已制定"),
    _("运营人员岗前培训合格"),
    _("运营机构安全审核有效"),
    _("没有未处置的安全事件"),
    _("出域合规核查通过"),
    _("已办理当地要求的登记、备案"),
    _("磋商中，合同未签订"),
    _("合同已签订，待付款"),
    _("已付款，待开通"),
    _("已交付"),
    _("接口调用"),
    _("分析报告"),
    _("应付各方"),
    _("付款在途"),
    _("争议占用"),
    _("应收各方退回"),
    _("固定费用（含场所服务费）"),
    _("成本补偿"),
    _("按比例分配"),
    _("剩余归属"),
    _("上年度运营情况报告（价格主管部门、数据管理部门）"),
    _("年度运营情况（数据主管部门）"),
    _("按月"),
    _("按季"),
    _("按年"),
    _("免费使用的批准未撤销、未退回且在期限内（付费订单不适用）"),
    _("所购版本通过出域合规核查"),
    _("已封存收入"),
    _("分配行"),
    _("全地结算单合计"),
    _("各产品销量和收入"),
    _("实际收入（不含税，全部销售）"),
    _("核定成本"),
    _("核定利润"),
    _("实际收入减核定成本"),
    _("评估口径实际收入"),
    _("总体情况"),
    _("收费标准调整"),
    _("调整前（元）"),
    _("调整后（元）"),
    _("授权的公共数据资源"),
    _("资源编码"),
    _("资源名称"),
    _("登记确认号"),
    _("形态"),
    _("执行日"),
    _("收益分配"),
    _("结算单（全地）"),
    _("叶数"),
    _("封存根 SHA-256"),
    _("封存根 SM3"),
    _("锚定日期"),
    _("由主管部门恢复该单位的资格"),
    _("与运营机构签订服务或开发利用协议"),
    _("由主管部门办理协议生效、恢复或续签"),
    _("制定并提交本授权的应急预案"),
    _("安排运营机构人员培训，由主管部门登记合格"),
    _("由运营机构申请基本安全和技术安全审核"),
    _("完成事件报告、评估和恢复"),
    _("就所列资源提交使用申请，或提交不含该资源的新版本"),
    _("送审最新版本"),
    _("就最新版本申请出域合规核查"),
    _("申请登记"),
    _("办理当地登记或备案后录入编号"),
    _("0–30 天"),
    _("31–60 天"),
    _("61–90 天"),
    _("91–180 天"),
    _("181–365 天"),
    _("365 天以上"),
    _("拟登记"),
    # the steps of a statement line
    _("不含税收入"),
    _("含税收入"),
    _("公益用途免费"),
    _("截至本期累计"),
    _("此前各期已结算"),
    _("订单金额（累计上限）"),
    _("本步之前尚未分配"),
    _("本步之后尚未分配"),
    _("争议或未会签而暂不结算（DSP-04）"),
    _("同一对象重复查询按一次计费"),
    _("收费标准公布"),
)


def spoken(words: object) -> str:
    """Return words of a record or a rule in the reader's language; as they are when the catalogue has none."""
    text = str(words or "")
    return said(text) if text else ""


def tongue(words: object) -> Markup:
    """Return the attribute that marks words as Chinese, for those of people and of the law; nothing for others."""
    return Markup(' lang="zh-Hans"') if HAN.search(str(words or "")) else Markup("")


@pass_eval_context
def said_on_page(context: EvalContext, words: str, **values: object) -> str | Markup:
    """Return what templates write as ``_(…)``: in the reader's language and, where the template escapes, escaped.

    Jinja's own takes whatever it is given for markup, so that the words of a record, translated, would be run.
    """
    said = escape(gettext(words)) if context.autoescape else gettext(words)
    return said % values if values else said.replace("%%", "%")
