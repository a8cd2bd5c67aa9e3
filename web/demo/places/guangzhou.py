"""Guangzhou: only merchants sell, the operator charges them break-even fees, and silence of reviewers consents."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from kernel.identity import Role
from registry.parties.rules import Capacity, PartyKind
from web.demo.books import Books, LateUse, Objected, PaidOn
from web.demo.cast import (
    AgreementFact,
    Organisation,
    Person,
    Place,
    ProductFact,
    Purchase,
    ResourceFact,
    ScheduleFact,
    ServiceFeeFact,
    TariffFact,
    Use,
)
from web.demo.market import Bought, Checked, Counted, Market, Paper, TakenBack
from web.demo.procedure import Admission, Authorization, Procedure, ServiceText, SimulatedData, Subsidiary

UNIT, INSTITUTION, COMPANY = PartyKind.ADMINISTRATIVE_UNIT, PartyKind.PUBLIC_INSTITUTION, PartyKind.ENTERPRISE

ORGANISATIONS = (
    Organisation("authority", "示例广州市政务服务和数据管理局", UNIT, (Capacity.DATA_AUTHORITY,)),
    Organisation("agency", "示例广州市政务大数据中心", INSTITUTION, (Capacity.MUNICIPAL_DATA_AGENCY,)),
    Organisation("price_office", "示例广州市发展和改革委员会", UNIT, (Capacity.PRICE_AUTHORITY,)),
    Organisation("finance", "示例广州市财政局", UNIT, (Capacity.FINANCE_DEPARTMENT,)),
    Organisation("operator", "示例广州公共数据运营有限公司", COMPANY, (Capacity.OPERATING_INSTITUTION,)),
    Organisation("merchant", "示例珠江健康数据有限公司", COMPANY, (Capacity.DATA_MERCHANT,)),
    Organisation("source_a", "示例广州市市场监督管理局", UNIT, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("source_b", "示例广州市越秀公立医院", INSTITUTION, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("venue", "示例广州数据交易场所有限公司", COMPANY, (Capacity.TRADING_VENUE, Capacity.DATA_MERCHANT)),
    Organisation("company", "示例越秀医药连锁有限公司", COMPANY, (Capacity.BUYER,)),
    Organisation("public_body", "示例广州市疾病预防服务中心", INSTITUTION, (Capacity.BUYER,)),
    Organisation("government", "示例广州市人民政府", UNIT, (Capacity.PEOPLES_GOVERNMENT,)),
    Organisation("subsidiary", "示例广州公共数据应用有限公司", COMPANY, (Capacity.DATA_MERCHANT,)),
)
PEOPLE = (
    Person("supervisor", "陈守正", "authority", Role.SUPERVISOR),
    Person("reviewer", "黎问津", "authority", Role.REVIEWER),
    Person("registrar", "何登程", "authority", Role.REVIEWER),
    Person("agency", "冼数清", "agency", Role.SUPERVISOR),
    Person("price", "关衡", "price_office", Role.PRICE),
    Person("operator", "欧阳渡", "operator", Role.OPERATOR),
    Person("merchant", "麦创新", "merchant", Role.MERCHANT),
    Person("source_a", "霍明市", "source_a", Role.SOURCE),
    Person("source_b", "区仁心", "source_b", Role.SOURCE),
    Person("venue", "钟越衡", "venue", Role.MERCHANT),  # no role of its own: signs as a merchant
    Person("company", "卢百草", "company", Role.BUYER),
    Person("company_second", "陆细看", "company", Role.BUYER),
    Person("public_body", "简防微", "public_body", Role.BUYER),
    Person("preparer", "邝记", "finance", Role.FINANCE_PREPARER),
    Person("checker", "植复", "finance", Role.FINANCE_CHECKER),
    Person("sealer", "封思齐", "finance", Role.FINANCE_CHECKER),
    Person("payer", "劳付", "finance", Role.FINANCE_PAYER),
    Person("auditor", "招审", None, Role.AUDITOR),
    Person("deputy", "莫副审", "authority", Role.SUPERVISOR),
    Person("government", "容越秀", "government", Role.SUPERVISOR),
    Person("subsidiary", "欧阳子", "subsidiary", Role.MERCHANT),
)
# 问答: 运商分离；仿真数据；核查+审核，超期视为同意；开发利用格式协议；出域合规核查
PROCEDURE = Procedure(
    authorization=Authorization(
        mode="by_sector",
        domain="医药流通",
        decision="示例穗政数党组〔2025〕40号",
        government_document="示例穗府复〔2025〕126号",
        plan_filing="示例粤数备方案〔2025〕穗-21",
        method="negotiation",
        reason="承诺不参与产品开发，保本微利提供加工、算力服务",
    ),
    admissions=(Admission("merchant", ("缺少经办人授权书",)),),
    service_text=ServiceText("development_use", "广州市公共数据开发利用格式协议（示例文本）"),
    simulated=SimulatedData(
        "demand",
        (
            {"street": "仿真甲街", "category": "呼吸系统用药", "prescriptions": "仿真-0001"},
            {"street": "仿真乙街", "category": "心血管用药", "prescriptions": "仿真-0002"},
        ),
    ),
    refused_ground=True,
    drafted=("index",),
    subsidiary=Subsidiary("subsidiary", date(2025, 3, 1), "index", "SEP-01"),
    minimum_group_size=20,
)
RESOURCES = (
    ResourceFact(
        "licences", "source_a", "药品经营许可信息", "药品经营企业许可、检查和处罚", "市场监管", 2, "每日",
        (("licence", "许可证号"), ("inspection", "检查记录"), ("penalty", "处罚原文")), "paid",
    ),
    ResourceFact(
        "demand", "source_b", "门诊用药品类统计", "按品类和街道汇总的门诊用药量", "医疗卫生", 3, "每周",
        (("street", "街道"), ("category", "品类"), ("prescriptions", "处方明细")), "paid",
    ),
)  # fmt: skip
AGREEMENT = AgreementFact(
    title="广州市医药流通领域公共数据授权运营协议",
    term_start=date(2026, 1, 5),
    term_end=date(2029, 1, 5),
    distribution="实收 2% 归交易场所；税后运营机构 10%，大数据中心 5%，数源部门 20%（按贡献），其余归数据商",
    platform="广州公共数据运营平台（示例）",
)
INDEX = ProductFact(
    key="index",
    seller="merchant",
    title="药店经营健康指数",
    scenario="医药连锁门店布局",
    necessity="按街道评估用药需求和许可门店供给，不含处方和患者信息",
    domain="医疗健康",
    source_statement="由许可信息和品类用药统计加工形成，经出域合规核查",
    description="按街道返回供需指数、许可门店数和提示",
    fields=(("street_name", "街道"), ("supply_index", "供需指数"), ("shops", "许可门店数"), ("advice", "提示")),
    rows=(
        {"key": "GZ-YX", "street_name": "示例北京街", "supply_index": 103, "shops": 46, "advice": "供给充足"},
        {"key": "GZ-TH", "street_name": "示例石牌街", "supply_index": 81, "shops": 29, "advice": "可新增门店"},
        {"key": "GZ-HZ", "street_name": "示例江南中街", "supply_index": 95, "shops": 33, "advice": "供需平衡"},
    ),
    inputs=(Use("licences", "40", "0.90"), Use("demand", "60", "0.60")),
    venue="广州数据交易所",
    summary="医药连锁门店布局用的街道供需指数",
)
MONTHLY = ProductFact(
    key="monthly",
    seller="merchant",
    title="街道用药需求月度数据文件",
    scenario="医药连锁备货预测",
    necessity="按街道和品类给出当月需求指数，不含处方和患者信息",
    domain="医疗健康",
    source_statement="由品类用药统计加工形成，经出域合规核查，以文件交付",
    description="每月一个文件，按街道和品类给出需求指数",
    fields=(("street_name", "街道"), ("category", "品类"), ("demand_index", "需求指数")),
    rows=(
        {"key": "GZ-M-1", "street_name": "示例北京街", "category": "呼吸系统用药", "demand_index": 118},
        {"key": "GZ-M-2", "street_name": "示例石牌街", "category": "心血管用药", "demand_index": 96},
    ),
    inputs=(Use("demand", "100", "0.60"),),
    venue="广州数据交易所",
    summary="每月一份的街道用药需求数据，下载使用",
    form="file",
    papers=(
        Paper(
            "2026年2月街道用药需求.csv",
            "street_name,category,demand_index\r\n示例北京街,呼吸系统用药,118\r\n示例石牌街,心血管用药,96\r\n",
        ),
    ),
)
TARIFFS = (
    TariffFact(
        product="index",
        regime="market_value_based",
        model={
            "model": "volume",
            "tiers": [{"up_to": "100", "unit_price": "30.00"}, {"up_to": None, "unit_price": "25.00"}],
        },
    ),
    TariffFact(
        product="monthly",
        regime="market_value_based",
        model={"model": "per_unit", "unit_price": "260.00"},
        charge_unit="per_item",
    ),
)
SERVICE_FEES = (
    ServiceFeeFact("data_processing", "2.00", "2025年度每次加工平均成本（演示）", "2.10", "2.11"),
    ServiceFeeFact("computing", "0.80", "2025年度每次算力平均成本（演示）", "0.84", "0.85"),
)
PURCHASES = (
    Purchase("industry", "company", "index", "industry_development", 120, 39, "GZ-ORD-1", misses=1),
    Purchase("welfare", "public_body", "index", "public_welfare", 60, 10, "GZ-ORD-2", "流感季药品保供"),
)
STEPS: tuple[Mapping[str, Any], ...] = (
    {"kind": "rate", "party": "venue", "value": "0.02", "base": "gross"},
    {"kind": "rate", "party": "operator", "value": "0.10"},
    {"kind": "rate", "party": "agency", "value": "0.05"},
    {"kind": "pool", "weights": "by_contribution", "value": "0.20"},
    {"kind": "rest", "party": "merchant"},
)
COEFFICIENTS = {"usage": "0.5", "quality": "0.3", "input": "0.2"}
SCHEDULES = (ScheduleFact("index", STEPS, COEFFICIENTS), ScheduleFact("monthly", STEPS, COEFFICIENTS))
# one line of the bank for two orders, one a fen short, one out of a balance; a refund with its red letter
MARKET = Market(
    taxpayers=(("merchant", "general_taxpayer"),),
    searches=("药店经营", "ydjy", "yaodian jingying", "藥店經營"),
    bought=(
        Bought("calls", "company", "index", 10, "GZ-ORD-3", "together"),
        Bought("file", "company", "monthly", 1, "GZ-ORD-4", "together"),
        Bought("short", "company", "index", 5, "GZ-ORD-5", "short"),
        Bought("prepaid", "company", "index", 8, "GZ-ORD-6", "prepaid"),
    ),
    prepaid="500.00",
    checked=Checked("calls", "company_second", "280.00", "采购内控制度：单笔超过二百八十元由第二人复核"),
    taken_back=TakenBack("calls", "60.00", "少用 2 次，协商退还"),
    counted=(Counted("industry", 40, 40),),
    fed_back="街道用药供需指数成果，回馈政务共享",
    endpoint="https://hooks.example.com/huiyi",
)

# one call comes in late but within the grace; a refund after the payout leaves the parties owing 60.00 of what they got
BOOKS = Books(
    in_grace=LateUse("industry", "2026-03-31T22:10:00+08:00", "GZ-LATE-1"),
    after_grace=LateUse("welfare", "2026-03-31T23:40:00+08:00", "GZ-LATE-2"),
    objected=Objected(
        "source_a",
        "input",
        "50",
        "三月起另有两个字段投入该产品，投入应为 50",
        "两个字段自四月版本起才用于产品，三月仍按 40 计",
    ),
    accounts=(
        PaidOn("venue", "440100200000001", "示例银行广州一支行", "104581000001"),
        PaidOn("operator", "440100200000002", "示例银行广州二支行", "104581000002"),
        PaidOn("agency", "440100200000003", "示例银行广州三支行", "104581000003", by_finance=True),
        PaidOn("source_b", "440100200000004", "示例银行广州四支行", "104581000004"),
        PaidOn("merchant", "440100200000005", "示例银行广州五支行", "104581000005"),
        PaidOn(None, "440100300000006", "国家金库（示例）", "011581000006"),
    ),
    returned="operator",
    returned_because="收款行系统维护，未能入账",
    silent_bank="venue",
    bank_fee="25.00",
    given_back=("industry", "1860.00", "余量不再使用，另有两次结果有误"),
)

GUANGZHOU = Place(
    key="guangzhou",
    title="广州",
    division="440100",
    organisations=ORGANISATIONS,
    people=PEOPLE,
    procedure=PROCEDURE,
    resources=RESOURCES,
    agreement=AGREEMENT,
    refused_term=(date(2026, 1, 5), date(2032, 1, 5), "AGR-02"),
    products=(INDEX, MONTHLY),
    tariffs=TARIFFS,
    purchases=PURCHASES,
    schedules=SCHEDULES,
    service_fees=SERVICE_FEES,
    refused_seller="operator",
    silent_reviewers=("source_b", "agency"),
    market=MARKET,
    books=BOOKS,
)
