"""Words for the codes that the policy files list: duties, contents, conditions. Only the page of the law shows them."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import get_locale
from flask_babel import lazy_gettext as _

from web.labels import state_label
from web.spoken import spoken

RATE = "比率"  # the unit of shares and rates in policies/register.yaml

WORDS = {
    "true": _("是"),
    "false": _("否"),
    # accounting and agreements
    "intangible_asset": _("无形资产"),
    "inventory": _("存货"),
    "legal_person": _("法人组织"),
    "accounting_and_distribution": _("成本、收入核算和收益分配"),
    "asset_ownership": _("资产权属"),
    "change_and_end": _("协议变更和终止"),
    "disclosure_and_no_redevelopment": _("信息披露和不得参与再开发"),
    "dispute_resolution": _("争议解决"),
    "evaluation_renewal_exit": _("评价、续约或退出"),
    "liability": _("违约责任"),
    "other": _("其他事项"),
    "product_list": _("产品和服务清单"),
    "resource_scope": _("数据资源范围"),
    "security_and_emergency": _("安全和应急"),
    "supporting_platform": _("支撑平台"),
    "term": _("期限"),
    "entrusted_processing": _("委托处理合同"),
    "fusion_development": _("融合开发合同"),
    "provision": _("提供合同"),
    # services and costs
    "compliance_support": _("合规支持"),
    "computing": _("算力支持"),
    "data_processing": _("数据加工"),
    "data_governance": _("数据治理"),
    "model_publication": _("模型发布"),
    "resource_consumption": _("资源消耗"),
    "result_export": _("结果导出"),
    "security_service": _("安全服务"),
    "data_transfer_aggregation_storage_governance": _("数据传输、汇聚、存储、治理等成本"),
    "human_resources": _("人力资源成本"),
    "other_reasonable": _("其他合理费用"),
    "period_expense": _("期间费用"),
    "platform_build_om": _("授权运营相关平台建设和运维成本"),
    "public_data_acquisition": _("获取公共数据资源的相关支出"),
    "break_even_small_margin": _("保本微利"),
    "cost_profit_tax_capped": _("成本、利润和税金，不超过上限"),
    "prefecture": _("地市级"),
    "province": _("省级"),
    # disclosure, disputes, incidents
    "authorization_information": _("授权信息"),
    "fee_caps": _("上限收费标准"),
    "fee_standards": _("收费标准"),
    "institution_information": _("机构信息"),
    "authorized_resources": _("授权的数据资源"),
    "admin_body": _("行政机关"),
    "data_subject": _("数据主体"),
    "merchant": _("数据商"),
    "cyberspace": _("网信部门"),
    "police": _("公安机关"),
    "secrecy": _("保密部门"),
    "state_security": _("国家安全机关"),
    "identity_verified": _("审核交易双方身份"),
    "records_kept": _("留存审核、交易记录"),
    "source_statement": _("说明数据来源"),
    # distribution
    "quality": _("质量"),
    "revenue": _("收入"),
    "usage": _("用量"),
    "contribution_weighted": _("按贡献分配"),
    "cost_share": _("成本分摊"),
    "equity": _("股权"),
    "fixed_ratio": _("固定比例"),
    "in_kind_service": _("数据资源补偿服务"),
    "ip_share": _("知识产权分享"),
    "profit_share": _("利润分成"),
    # operators
    "cryptography_assessment": _("密码应用安全性评估"),
    "data_security_capacity": _("数据安全能力"),
    "data_security_compliance": _("数据安全合规"),
    "data_security_officer_and_department": _("数据安全负责人和管理部门"),
    "incident_free": _("未发生安全事件"),
    "management_and_technical_capacity": _("管理和技术能力"),
    "mature_data_management": _("成熟的数据管理能力"),
    "no_major_dishonesty_or_illegality": _("无重大失信和违法"),
    "product_operation_capacity": _("产品运营能力"),
    "professional_team": _("专业团队"),
    "protection_level_3": _("网络安全等级保护三级"),
    "sound_business_and_credit": _("经营和信用良好"),
    "valuable_scenario_minimum_data": _("有价值的场景和最小必要的数据"),
    "bundling": _("捆绑销售"),
    "damage": _("毁损"),
    "improper_refusal": _("不当拒绝"),
    "leak": _("泄露"),
    "lose": _("丢失"),
    "misuse": _("滥用"),
    "monopoly": _("垄断"),
    "raw_data_leaves_domain": _("原始数据出域"),
    "raw_data_to_market": _("原始数据进入市场"),
    "redevelopment": _("参与再开发"),
    "restorable_products": _("可还原出原始数据的产品"),
    "steal": _("窃取"),
    "supply_to_third_parties": _("向第三方提供"),
    "tamper": _("篡改"),
    "unauthorized_retention": _("擅自留存"),
    "unreasonable_conditions": _("附加不合理条件"),
    "use_beyond_scope": _("超范围使用"),
    "invited_tender": _("邀请招标"),
    "negotiation": _("谈判"),
    "open_tender": _("公开招标"),
    "district_government": _("区人民政府"),
    # plans and platforms
    "by_scenario": _("分场景"),
    "by_sector": _("分领域"),
    "overall": _("整体"),
    "authorization_mode": _("授权模式"),
    "name": _("名称"),
    "necessity_and_feasibility": _("必要性和可行性"),
    "operator_conditions": _("运营机构条件"),
    "rights_and_duties": _("权利义务"),
    "supervision_and_assessment": _("监督和评价"),
    "term_and_schedule": _("期限和进度"),
    "access_control": _("访问控制"),
    "authorization": _("授权管理"),
    "data_connection": _("数据接入"),
    "full_audit": _("全程审计"),
    "identity_authentication": _("身份认证"),
    "masking": _("数据脱敏"),
    "metering_and_billing": _("计量计费"),
    "modelling": _("建模"),
    "seal_and_destroy": _("封存销毁"),
    "security_supervision": _("安全监管"),
    # registration, requests, review
    "evidence_record": _("存证"),
    "lawful_source": _("来源合法"),
    "product_information": _("产品信息"),
    "registrant": _("登记主体"),
    "resource_description": _("数据资源说明"),
    "scenario": _("应用场景"),
    "security_risk_assessment": _("数据安全风险评估"),
    "products": _("产品和服务"),
    "resources": _("公共数据资源"),
    "district_data_authority": _("区公共数据主管部门"),
    "provincial_authority_for_return_data": _("省公共数据主管部门（省回流数据）"),
    "one_scenario_one_application": _("一场景一申请"),
    "one_scenario_one_list_one_review": _("一场景一清单一审核"),
    "not_reversible": _("不可还原出原始数据"),
    "personal_information_and_secrets": _("个人信息、商业秘密和保密商务信息已妥善处理"),
    "raw_stays_in_domain": _("原始数据不出域"),
    "scenario_match": _("与申请的应用场景一致"),
    "source_requests_approved": _("所用数据的使用申请均已获同意"),
    "within_scope": _("在授权范围内"),
    "filing": _("备案"),
    # settlement, training, venues
    "diverting": _("挪用"),
    "embezzling": _("贪污"),
    "fictitious_revenue": _("虚增收入"),
    "hiding": _("隐瞒"),
    "netting": _("坐支"),
    "not_collecting": _("应收不收"),
    "not_remitting": _("不缴"),
    "occupying": _("侵占"),
    "over_collecting": _("多收"),
    "pledging": _("质押"),
    "private_splitting": _("私分"),
    "retaining": _("截留"),
    "under_collecting": _("少收"),
    "management": _("管理人员"),
    "operating": _("操作人员"),
    "technical": _("技术人员"),
    "data_exchange": _("数据交易所"),
    "public_interest": _("公益提供"),
}


def rule_words(value: object) -> list[str]:
    """Return the words of a rule's value: each code of a list by its name, anything else as it stands."""
    return [str(WORDS[part]) if part in WORDS else state_label(part) for part in str(value).split(",")]


def stated(value: str, unit: str) -> str:
    """Return the value of a rule as people say it: a rate in per cent, a code by its name, a number with its unit."""
    if unit == RATE:
        return in_percent(value)
    comma = "; " if str(get_locale() or "").startswith("en") else "、"
    return f"{comma.join(rule_words(value))} {spoken(unit)}".strip()


def in_percent(value: str) -> str:
    """Return a decimal fraction in per cent, exactly: ``0.0220`` is 2.2%."""
    return f"{(Decimal(value) * 100).normalize():f}%"
