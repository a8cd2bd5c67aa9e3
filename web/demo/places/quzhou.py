"""Quzhou: the operator sells under a cap, after a complete year; one product is priced by the credit-centre tariff."""

from datetime import date

from kernel.identity import Role
from registry.parties.rules import Capacity, PartyKind
from web.demo.cast import (
    AgreementFact,
    BulkUse,
    CapFact,
    CeilingFact,
    CostFact,
    KeyFact,
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
from web.demo.market import Market
from web.demo.procedure import Authorization, Procedure, Rival, Subsidiary, Training
from web.demo.watch import Misused, Watch

UNIT, INSTITUTION, COMPANY = PartyKind.ADMINISTRATIVE_UNIT, PartyKind.PUBLIC_INSTITUTION, PartyKind.ENTERPRISE

ORGANISATIONS = (
    Organisation("authority", "示例衢州市数据管理局", UNIT, (Capacity.DATA_AUTHORITY,)),
    Organisation("price_office", "示例衢州市发展和改革委员会", UNIT, (Capacity.PRICE_AUTHORITY,)),
    Organisation("finance", "示例衢州市财政局", UNIT, (Capacity.FINANCE_DEPARTMENT,)),
    Organisation("operator", "示例衢州数据运营有限公司", COMPANY, (Capacity.OPERATING_INSTITUTION,)),
    Organisation("platform", "示例衢州授权运营平台有限公司", COMPANY, (Capacity.PLATFORM, Capacity.DATA_MERCHANT)),
    Organisation("source_a", "示例衢州市市场监督管理局", UNIT, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("source_b", "示例衢州市公共信用中心", INSTITUTION, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("venue", "示例四省边际数据交易服务有限公司", COMPANY, (Capacity.TRADING_VENUE,)),
    Organisation("company", "示例三衢融资担保有限公司", COMPANY, (Capacity.BUYER,)),
    Organisation("bank", "示例衢江村镇银行股份有限公司", COMPANY, (Capacity.BUYER,)),
    Organisation("public_body", "示例衢州市就业服务中心", INSTITUTION, (Capacity.BUYER,)),
    Organisation("government", "示例衢州市人民政府", UNIT, (Capacity.PEOPLES_GOVERNMENT,)),
    Organisation("rival", "示例信安数据科技有限公司", COMPANY, (Capacity.OPERATING_INSTITUTION,)),
    Organisation("subsidiary", "示例衢州数据应用开发有限公司", COMPANY, (Capacity.DATA_MERCHANT,)),
)
PEOPLE = (
    Person("supervisor", "徐明远", "authority", Role.SUPERVISOR),
    Person("reviewer", "毛思齐", "authority", Role.REVIEWER),
    Person("registrar", "程登科", "authority", Role.REVIEWER),
    Person("price", "郑守衡", "price_office", Role.PRICE),
    Person("operator", "余海舟", "operator", Role.OPERATOR),
    Person("source_a", "吴见深", "source_a", Role.SOURCE),
    Person("source_b", "姜予信", "source_b", Role.SOURCE),
    Person("platform", "尹承台", "platform", Role.MERCHANT),  # no role of its own: signs as a merchant
    Person("company", "叶知行", "company", Role.BUYER),
    Person("bank", "祝安澜", "bank", Role.BUYER),
    Person("public_body", "方若谷", "public_body", Role.BUYER),
    Person("preparer", "江一舟", "finance", Role.FINANCE_PREPARER),
    Person("checker", "汪复之", "finance", Role.FINANCE_CHECKER),
    Person("auditor", "占明鉴", None, Role.AUDITOR),
    Person("deputy", "童复核", "authority", Role.SUPERVISOR),
    Person("government", "周衢江", "government", Role.SUPERVISOR),
    Person("trainee", "姚初学", "operator", Role.OPERATOR),
    Person("rival", "信无忌", "rival", Role.OPERATOR),
    Person("subsidiary", "余子公", "subsidiary", Role.MERCHANT),
)
# The drafting note: 公告发布、申请提交、资格审查、社会公开、协议签订; the plan is the nation's: the government decides
PROCEDURE = Procedure(
    authorization=Authorization(
        mode="by_sector",
        domain="企业信用",
        decision="示例衢数党组〔2025〕31号",
        government_document="示例衢政复〔2025〕88号",
        plan_filing="示例浙数备方案〔2025〕衢-12",
        method="open_tender",
        reason="综合评审第一，安全能力完备",
        rivals=(Rival("rival", (date(2024, 6, 18), "测试接口未授权访问，泄露样例数据")),),
    ),
    trainings=(Training("operator", "management"), Training("trainee", "operating", passed=False)),
    subsidiary=Subsidiary("subsidiary", date(2024, 5, 20), "check", "DEV-01"),
)
RESOURCES = (
    ResourceFact(
        "business", "source_a", "企业登记与年报信息", "企业登记、年报公示和经营异常名录", "法人基础信息", 2, "每日",
        (("uscc", "统一社会信用代码"), ("name", "名称"), ("registered", "成立日期"), ("annual_report", "年报原文")),
        "paid",
    ),
    ResourceFact(
        "credit", "source_b", "公共信用评价信息", "企业和个人的公共信用评价、信用修复结果", "信用信息", 3, "每周",
        (("subject", "主体"), ("score", "评分"), ("records", "信用记录明细")), "paid",
    ),
)  # fmt: skip
AGREEMENT = AgreementFact(
    title="衢州市企业信用领域公共数据授权运营协议",
    term_start=date(2026, 1, 5),
    term_end=date(2029, 1, 5),
    distribution="税后：授权运营平台 5%，数源部门 25%（按用量、质量、投入的贡献），数据管理局 10%，其余归运营机构",
    platform="衢州市授权运营平台（示例）",
)
CHECK_FIELDS = (("name", "名称"), ("status", "经营状态"), ("years", "存续年数"), ("abnormal", "是否列入经营异常名录"))
CHECK = ProductFact(
    key="check",
    seller="operator",
    title="企业经营状态核验",
    scenario="小微企业融资准入核验",
    necessity="核验贷款申请企业的存续和异常状态，只需四个结论字段",
    domain="金融服务",
    source_statement="由市场监督管理部门登记信息和公共信用评价加工形成，原始数据不出域",
    description="按统一社会信用代码返回经营状态、存续年数和是否异常",
    fields=CHECK_FIELDS,
    rows=(
        {"key": "QZ-0001", "name": "示例常山胡柚加工厂", "status": "存续", "years": 12, "abnormal": "否"},
        {"key": "QZ-0002", "name": "示例开化根雕工作室", "status": "存续", "years": 7, "abnormal": "否"},
        {"key": "QZ-0003", "name": "示例江山门业有限公司", "status": "存续", "years": 21, "abnormal": "是"},
        {"key": "QZ-0004", "name": "示例龙游石窟旅游社", "status": "注销", "years": 3, "abnormal": "否"},
        {"key": "QZ-0005", "name": "示例柯城纸业有限公司", "status": "存续", "years": 16, "abnormal": "否"},
    ),
    inputs=(Use("business", "60", "0.90"), Use("credit", "40", "0.70")),
    venue=None,
    summary="小微企业融资准入的四项核验结论，按次计费",
)
REPORT = ProductFact(
    key="report",
    seller="operator",
    title="信用报告查询",
    scenario="信贷机构查询信用报告",
    necessity="信贷机构在授信前查询借款企业和个人的公共信用报告",
    domain="信用服务",
    source_statement="由公共信用评价信息加工形成，不含信用记录明细",
    description="返回公共信用报告摘要；同一机构三十日内重复查询同一企业、一日内重复查询同一个人，按一次计费",
    fields=(("subject_name", "主体名称"), ("level", "信用等级"), ("advice", "提示")),
    rows=(
        {"key": "E-001", "subject_kind": "enterprise", "subject_name": "示例常山胡柚厂", "level": "A", "advice": "无"},
        {"key": "E-002", "subject_kind": "enterprise", "subject_name": "示例江山门业有限公司", "level": "C",
         "advice": "列入经营异常名录"},
        {"key": "P-001", "subject_kind": "personal", "subject_name": "周*（已授权）", "level": "B", "advice": "无"},
    ),
    inputs=(Use("credit", "100", "0.70"),),
    venue=None,
    summary="按2025年征信服务收费标准定价的信用报告",
)  # fmt: skip
# PRC-02, worked example of the rules: 8 000 000 − 800 000 = 7 200 000; × 8.2 % = 590 400; + 467 424 tax = 8 257 824
CEILING = CeilingFact(
    survey_year=2025,
    subsidy="800000.00",
    lines=(
        CostFact("platform_build_om", "授权运营平台建设折旧和运维", "5200000.00", "调用量"),
        CostFact("data_transfer_aggregation_storage_governance", "汇聚、存储和治理", "2300000.00", "调用量"),
        CostFact("human_resources", "运营和安全人员", "1800000.00", "工时"),
        CostFact("public_data_acquisition", "获取公共数据资源的支出", "300000.00", "调用量"),
        CostFact("period_expense", "管理费用", "400000.00", "调用量"),
    ),
    keys=(
        KeyFact("调用量", "2025年调用次数", ("8000000", "2000000")),
        KeyFact("工时", "2025年工时", ("16000", "4000"), first_units=("14000", "6000")),  # on-call hours were missed
    ),
    first_sale=date(2024, 6, 3),
    application="示例衢数〔2026〕2号",
    delegation="示例浙发改价格〔2025〕18号",
    margin="0.06",
    tax="467424.00",
    tax_basis="（经营成本 + 准许利润）× 6%，演示",
    report_number="示例衢数〔2026〕3号",
    caps=(
        CapFact("check", "8.00", "500000"),
        CapFact("report", "9.00", "400000", "enterprise"),
        CapFact("report", "1.00", "600000", "personal"),
    ),
    too_high=(
        CapFact("check", "8.20", "500000"),
        CapFact("report", "9.00", "400000", "enterprise"),
        CapFact("report", "1.00", "600000", "personal"),
    ),
)
TARIFFS = (
    TariffFact(
        product="check",
        regime="gov_guided",
        model={
            "model": "graduated",
            "tiers": [{"up_to": "1000", "unit_price": "8.00"}, {"up_to": None, "unit_price": "6.00"}],
        },
        too_high={"model": "per_unit", "unit_price": "8.50"},
    ),
    *(
        # 发改价格〔2025〕668号: 企业 9 元、个人 1 元，优惠 4.5 元、0.5 元；企业 30 日、个人 1 日内重复查询只计一次
        TariffFact(
            "report", "gov_guided", {"model": "per_unit", "unit_price": price}, subject_kind=kind,
            buyer_class=buyer_class, dedup_days=days,
        )
        for kind, buyer_class, price, days in (
            ("enterprise", None, "9.00", 30), ("personal", None, "1.00", 1),
            ("enterprise", "preferential", "4.50", 30), ("personal", "preferential", "0.50", 1),
        )
    ),
)  # fmt: skip
PURCHASES = (
    Purchase("industry", "company", "check", "industry_development", 200, 40, "QZ-ORD-1", short_by="0.01"),
    Purchase("welfare", "public_body", "check", "public_welfare", 100, 10, "QZ-ORD-2", "就业困难人员创业扶持核验"),
    Purchase("standard_enterprise", "company", "report", "industry_development", 150, 0, "QZ-ORD-3", kind="enterprise"),
    Purchase("standard_personal", "company", "report", "industry_development", 200, 0, "QZ-ORD-4", kind="personal"),
    Purchase("preferred_enterprise", "bank", "report", "industry_development", 100, 0, "QZ-ORD-5", kind="enterprise"),
    Purchase("preferred_personal", "bank", "report", "industry_development", 40, 0, "QZ-ORD-6", kind="personal"),
)
# 470 events: repeated queries inside the window are charged once, the one on the 31st day is charged again
BULK = (
    BulkUse("standard_enterprise", subjects=60, days=(2, 20)),
    BulkUse("standard_enterprise", subjects=10, days=(1, 31)),
    BulkUse("standard_personal", subjects=50, days=(5, 5, 5)),
    BulkUse("standard_personal", subjects=20, days=(10, 11)),
    BulkUse("preferred_enterprise", subjects=100, days=(6,)),
    BulkUse("preferred_personal", subjects=40, days=(9,)),
)
STEPS = (
    {"kind": "rate", "party": "platform", "value": "0.05"},
    {"kind": "pool", "weights": "by_contribution", "value": "0.25"},
    {"kind": "rate", "party": "authority", "value": "0.10"},
    {"kind": "rest", "party": "operator"},
)
COEFFICIENTS = {"usage": "0.5", "quality": "0.3", "input": "0.2"}

QUZHOU = Place(
    key="quzhou",
    title="衢州",
    division="330800",
    organisations=ORGANISATIONS,
    people=PEOPLE,
    procedure=PROCEDURE,
    resources=RESOURCES,
    agreement=AGREEMENT,
    refused_term=(date(2026, 1, 5), date(2032, 1, 5), "AGR-02"),
    products=(CHECK, REPORT),
    tariffs=TARIFFS,
    purchases=PURCHASES,
    schedules=(ScheduleFact("check", STEPS, COEFFICIENTS), ScheduleFact("report", STEPS, COEFFICIENTS)),
    market=Market(taxpayers=(("operator", "general_taxpayer"),), searches=("企业经营状态", "qyjyzt", "企業經營")),
    ceiling=CEILING,
    bulk=BULK,
    watch=Watch(
        misused=Misused(
            "welfare",
            date(2026, 3, 17),
            date(2026, 3, 17),
            "3月17日的核验结果用于本中心下属公司的贷款担保业务",
            "当日系工作人员误用账号，愿按收费标准补缴",
        ),
    ),
    preferred=(("bank", "report", "preferential"),),
)
