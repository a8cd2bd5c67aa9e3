"""Futian: partners (合作方) sell at a value-based price; filing precedes the review; trade is at an exchange."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from kernel.identity import Role
from registry.parties.rules import Capacity, PartyKind
from web.demo.cast import (
    AgreementFact,
    Organisation,
    Person,
    Place,
    ProductFact,
    Purchase,
    ResourceFact,
    ScheduleFact,
    TariffFact,
    Use,
)
from web.demo.market import Bought, Counted, Market, Paper
from web.demo.procedure import Admission, Authorization, LocalRecord, Objector, Procedure, ServiceText

UNIT, INSTITUTION, COMPANY = PartyKind.ADMINISTRATIVE_UNIT, PartyKind.PUBLIC_INSTITUTION, PartyKind.ENTERPRISE

ORGANISATIONS = (
    Organisation("authority", "示例福田区政务服务和数据管理局", UNIT, (Capacity.DATA_AUTHORITY,)),
    Organisation("price_office", "示例深圳市发展和改革委员会", UNIT, (Capacity.PRICE_AUTHORITY,)),
    Organisation("finance", "示例福田区财政局", UNIT, (Capacity.FINANCE_DEPARTMENT,)),
    Organisation("operator", "示例福田数据授权运营有限公司", COMPANY, (Capacity.OPERATING_INSTITUTION,)),
    Organisation("merchant", "示例深南商圈数据合作有限公司", COMPANY, (Capacity.DATA_MERCHANT,)),
    Organisation("source_a", "示例福田区住房和建设局", UNIT, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("source_b", "示例福田区城市停车管理中心", INSTITUTION, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("venue", "示例深圳数据交易场所有限公司", COMPANY, (Capacity.TRADING_VENUE, Capacity.DATA_MERCHANT)),
    Organisation("company", "示例莲花山连锁零售有限公司", COMPANY, (Capacity.BUYER,)),
    Organisation("public_body", "示例福田区应急管理中心", INSTITUTION, (Capacity.BUYER,)),
    Organisation("government", "示例福田区人民政府", UNIT, (Capacity.PEOPLES_GOVERNMENT,)),
)
PEOPLE = (
    Person("supervisor", "林向南", "authority", Role.SUPERVISOR),
    Person("reviewer", "陈知微", "authority", Role.REVIEWER),
    Person("registrar", "温登云", "authority", Role.REVIEWER),
    Person("price", "黄允衡", "price_office", Role.PRICE),
    Person("operator", "梁启航", "operator", Role.OPERATOR),
    Person("merchant", "罗致远", "merchant", Role.MERCHANT),
    Person("source_a", "何筑", "source_a", Role.SOURCE),
    Person("source_b", "邓泊安", "source_b", Role.SOURCE),
    Person("venue", "钟易衡", "venue", Role.MERCHANT),  # no role of its own: signs as a merchant
    Person("company", "曾慕商", "company", Role.BUYER),
    Person("public_body", "彭守望", "public_body", Role.BUYER),
    Person("preparer", "苏细账", "finance", Role.FINANCE_PREPARER),
    Person("checker", "谢复核", "finance", Role.FINANCE_CHECKER),
    Person("auditor", "邱明察", None, Role.AUDITOR),
    Person("deputy", "简次衡", "authority", Role.SUPERVISOR),
    Person("government", "欧阳区治", "government", Role.SUPERVISOR),
)
# 第二章: the district government approves the operator's status; partners sign a platform service agreement (第四章)
PROCEDURE = Procedure(
    authorization=Authorization(
        mode="by_scenario",
        domain="商业活力",
        decision="示例福数党组〔2025〕19号",
        government_document="示例福府函〔2025〕57号",
        plan_filing="示例粤数备方案〔2025〕福-06",
        method="negotiation",
        reason="谈判小组一致推荐，平台十项功能齐备",
        status_approval="示例福府办〔2025〕102号：审定授权运营单位资格",
    ),
    admissions=(Admission("merchant"),),
    service_text=ServiceText("platform_service", "福田区授权运营平台服务协议（示例文本）"),
    objector=Objector(
        "company",
        "产品名称与本公司自建的商圈热力图相近，担心混淆",
        "复核：数据来源、字段和登记主体均不相同",
        "异议不成立：名称相近不影响登记，来源和内容可以区分",
    ),
    local_record=LocalRecord("filing", "示例福田区公共数据登记备案窗口", "示例福数备〔2026〕3号"),
)
RESOURCES = (
    ResourceFact(
        "buildings", "source_a", "楼宇和商业面积信息", "商业楼宇面积、用途、在用率", "城市建设", 2, "每月",
        (("building", "楼宇编号"), ("area", "建筑面积"), ("tenants", "租户清单")), "paid",
    ),
    ResourceFact(
        "parking", "source_b", "路内和公共停车信息", "停车泊位占用的分时统计", "交通出行", 2, "每小时",
        (("lot", "车场编号"), ("plate", "车牌"), ("enter", "驶入时间")), "paid",
    ),
)  # fmt: skip
AGREEMENT = AgreementFact(
    title="福田区商业活力领域公共数据授权运营协议",
    term_start=date(2026, 1, 5),
    term_end=date(2030, 1, 5),
    distribution="实收 3% 归交易场所；税后运营单位 20%，数源部门 15%（按贡献），数据主管部门 5%，其余归合作方",
    platform="福田区授权运营服务平台（示例）",
)
VITALITY = ProductFact(
    key="vitality",
    seller="merchant",
    title="商圈活力指数",
    scenario="连锁门店选址",
    necessity="比较商圈人气和停车供需，不含任何车牌和租户信息",
    domain="商贸流通",
    source_statement="由楼宇面积和停车占用统计加工形成，合作方引入自有客流数据融合",
    description="按商圈返回活力指数、停车紧张度和趋势",
    fields=(("district", "商圈"), ("index", "活力指数"), ("parking", "停车紧张度"), ("trend", "趋势")),
    rows=(
        {"key": "FT-CBD", "district": "示例中心商圈", "index": 92, "parking": "紧张", "trend": "上升"},
        {"key": "FT-HQB", "district": "示例电子商圈", "index": 88, "parking": "紧张", "trend": "平稳"},
        {"key": "FT-CGM", "district": "示例公园商圈", "index": 74, "parking": "适中", "trend": "上升"},
        {"key": "FT-SS", "district": "示例口岸商圈", "index": 69, "parking": "宽松", "trend": "平稳"},
    ),
    inputs=(Use("buildings", "30", "0.80"), Use("parking", "70", "0.95")),
    venue="深圳数据交易所",
    summary="门店选址用的商圈活力指数，按数据应用价值定价",
)
REPORT = ProductFact(
    key="report",
    seller="merchant",
    title="商圈活力月度分析报告",
    scenario="商圈运营分析",
    necessity="按月分析商圈人气和停车供需，不含任何车牌和租户信息",
    domain="商贸流通",
    source_statement="由停车占用统计加工形成的分析报告，只含汇总结论",
    description="每月一份报告，比较各商圈的活力和停车供需",
    fields=(("district", "商圈"), ("conclusion", "结论")),
    rows=(
        {"key": "FT-R-1", "district": "示例中心商圈", "conclusion": "活力上升，停车紧张"},
        {"key": "FT-R-2", "district": "示例公园商圈", "conclusion": "活力上升，停车适中"},
    ),
    inputs=(Use("parking", "100", "0.95"),),
    venue="深圳数据交易所",
    summary="每月一份的商圈活力分析报告",
    form="report",
    papers=(
        Paper(
            "2026年4月商圈活力分析.html",
            '<!doctype html>\n<html lang="zh-CN"><meta charset="utf-8"><title>商圈活力分析（演示）</title>\n'
            "<h1>2026年4月商圈活力分析（演示）</h1>\n<p>示例中心商圈活力上升，停车紧张。</p></html>\n",
            ("2026-04-01", "2026-04-30"),
        ),
    ),
)
TARIFFS = (
    TariffFact(
        product="vitality",
        regime="market_value_based",
        model={"model": "package", "package_size": "20", "package_price": "250.00"},
        value={
            "scenario": "连锁门店选址",
            "benefit": "每次选址节省实地调研约 2 个工作日",
            "method": "income",
        },
    ),
    TariffFact(
        product="report",
        regime="market_value_based",
        model={"model": "per_unit", "unit_price": "1200.00"},
        charge_unit="per_item",
        value={
            "scenario": "商圈运营分析",
            "benefit": "每月节省一次委托调研",
            "method": "cost",
        },
    ),
)
PURCHASES = (
    Purchase("industry", "company", "vitality", "industry_development", 100, 40, "FT-ORD-1", misses=1),
    Purchase("welfare", "public_body", "vitality", "public_governance", 60, 10, "FT-ORD-2", "台风期间商圈疏散组织"),
)
STEPS: tuple[Mapping[str, Any], ...] = (
    {"kind": "rate", "party": "venue", "value": "0.03", "base": "gross"},
    {"kind": "rate", "party": "operator", "value": "0.20"},
    {"kind": "pool", "weights": "by_contribution", "value": "0.15"},
    {"kind": "rate", "party": "authority", "value": "0.05"},
    {"kind": "rest", "party": "merchant"},
)
COEFFICIENTS = {"usage": "0.4", "quality": "0.4", "input": "0.2"}
SCHEDULES = (ScheduleFact("vitality", STEPS, COEFFICIENTS), ScheduleFact("report", STEPS, COEFFICIENTS))
# a report on the month's account; of March both sides count differently, and only the difference is disputed
MARKET = Market(
    taxpayers=(("merchant", "general_taxpayer"),),
    searches=("商圈活力", "sqhl", "shangquan", "商圈活力指數"),
    bought=(Bought("report", "company", "report", 1, "FT-ORD-3", "monthly"),),
    credit="5000.00",
    counted=(
        Counted(
            "industry",
            40,
            38,
            "3月30日有两次调用未返回内容，供方仍计为交付",
            "日志显示两次调用超时，同意不计",
            "两次调用没有交付，按买方计数",
        ),
    ),
)

FUTIAN = Place(
    key="futian",
    title="福田",
    division="440304",
    organisations=ORGANISATIONS,
    people=PEOPLE,
    procedure=PROCEDURE,
    resources=RESOURCES,
    agreement=AGREEMENT,
    refused_term=(date(2026, 1, 5), date(2033, 1, 5), "AGR-02"),
    products=(VITALITY, REPORT),
    tariffs=TARIFFS,
    purchases=PURCHASES,
    schedules=SCHEDULES,
    market=MARKET,
)
