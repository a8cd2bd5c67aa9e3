"""Xinchang: two years and a trial, an emergency plan, provincial data, a trial fee, and free reuse by the source."""

from datetime import date

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
from web.demo.market import Market
from web.demo.procedure import Authorization, LocalRecord, Procedure, Rival, Training
from web.demo.watch import PlatformCharges, Renewed, Watch

UNIT, INSTITUTION, COMPANY = PartyKind.ADMINISTRATIVE_UNIT, PartyKind.PUBLIC_INSTITUTION, PartyKind.ENTERPRISE

ORGANISATIONS = (
    Organisation("authority", "示例新昌县数据局", UNIT, (Capacity.DATA_AUTHORITY,)),
    Organisation("province", "示例浙江省公共数据主管部门", UNIT, (Capacity.PROVINCIAL_DATA_AUTHORITY,)),
    Organisation("price_office", "示例绍兴市发展和改革委员会", UNIT, (Capacity.PRICE_AUTHORITY,)),
    Organisation("finance", "示例新昌县财政局", UNIT, (Capacity.FINANCE_DEPARTMENT,)),
    Organisation("operator", "示例新昌数据运营有限公司", COMPANY, (Capacity.OPERATING_INSTITUTION,)),
    Organisation("source_a", "示例新昌县水利局", UNIT, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("source_b", "示例新昌县气象台", INSTITUTION, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("venue", "示例浙江数据交易服务有限公司", COMPANY, (Capacity.TRADING_VENUE, Capacity.DATA_MERCHANT)),
    Organisation("company", "示例沃洲湖农业保险有限公司", COMPANY, (Capacity.BUYER,)),
    Organisation("public_body", "示例新昌县防汛指挥保障中心", INSTITUTION, (Capacity.BUYER,)),
    Organisation("government", "示例新昌县人民政府", UNIT, (Capacity.PEOPLES_GOVERNMENT,)),
    Organisation("rival", "示例越州数据服务有限公司", COMPANY, (Capacity.OPERATING_INSTITUTION,)),
)
PEOPLE = (
    Person("supervisor", "石长庚", "authority", Role.SUPERVISOR),
    Person("reviewer", "潘辨微", "authority", Role.REVIEWER),
    Person("registrar", "盛登辉", "authority", Role.REVIEWER),
    Person("province", "沈之江", "province", Role.REVIEWER),
    Person("price", "金持衡", "price_office", Role.PRICE),
    Person("operator", "俞沃洲", "operator", Role.OPERATOR),
    Person("source_a", "梁安澜", "source_a", Role.SOURCE),
    Person("source_b", "章测雨", "source_b", Role.SOURCE),
    Person("venue", "竺正易", "venue", Role.MERCHANT),  # no role of its own: signs as a merchant
    Person("company", "吕稔丰", "company", Role.BUYER),
    Person("public_body", "王知汛", "public_body", Role.BUYER),
    Person("preparer", "丁记明", "finance", Role.FINANCE_PREPARER),
    Person("checker", "董复实", "finance", Role.FINANCE_CHECKER),
    Person("auditor", "杨察微", None, Role.AUDITOR),
    Person("deputy", "求副理", "authority", Role.SUPERVISOR),
    Person("government", "梅天姥", "government", Role.SUPERVISOR),
    Person("trainee", "俞初学", "operator", Role.OPERATOR),
    Person("rival", "越无邀", "rival", Role.OPERATOR),
)
# 三（四）3: 安全审核两年有效；一场景一清单一审核并通过网络安全评审；选定结果报省政府备案。五（四）: 一授权一预案
PROCEDURE = Procedure(
    authorization=Authorization(
        mode="by_scenario",
        domain="水旱灾害风险",
        decision="示例新数党组〔2025〕15号",
        government_document="示例新政复〔2025〕63号",
        plan_filing="示例浙数备方案〔2025〕新-09",
        method="invited_tender",
        reason="受邀单位中评审得分最高",
        result_filing="示例浙政备〔2025〕新昌-04",
        rivals=(Rival("rival", uninvited=True),),
    ),
    trainings=(Training("operator", "management"), Training("trainee", "technical", passed=False)),
    security_review=True,
    drill="模拟水位接口异常外联：8 分钟停止处理，22 分钟完成报告",
    clearances=(("network_security", "示例新网安评〔2025〕17号"), ("irs", "示例IRS-XC-2025-0331")),
    local_record=LocalRecord("local_record", "浙江大数据交易服务平台新昌专区", "示例ZJ-XC-2026-0007"),
    half_year_report="2026年上半年运营安全情况：未发生安全事件，开展应急演练 1 次，日志留存完整（演示）",
)
RESOURCES = (
    ResourceFact(
        "water", "source_a", "水库河道水位信息", "水库、河道水位的分时监测", "水利", 2, "每小时",
        (("station", "站点"), ("level", "水位"), ("raw", "传感器原始值")), "free",
    ),
    ResourceFact(
        "rain", "source_b", "雨量和省级雷达回流信息", "雨量站实况和省回流的雷达外推", "气象", 2, "每10分钟",
        (("station", "站点"), ("rain", "雨量"), ("radar", "雷达基数据")), "paid", return_flow=True,
    ),
)  # fmt: skip
AGREEMENT = AgreementFact(
    title="新昌县水旱灾害风险公共数据授权运营协议",
    term_start=date(2026, 7, 6),
    term_end=date(2028, 7, 6),
    trial_start=date(2026, 1, 6),
    trial_end=date(2026, 7, 6),
    distribution="扣税后数据交易场所 4%，数源部门 30%（按贡献分配），数据局 6%，其余归授权运营主体",
    platform="浙江省授权运营平台（县级复用，示例）",
    has_emergency_plan=True,
    coordination_record="示例新数协〔2026〕1号会议纪要",
)
RISK = ProductFact(
    key="risk",
    seller="operator",
    title="乡镇内涝风险提示",
    scenario="农业保险内涝风险提示",
    necessity="按乡镇给出内涝风险等级，不含站点原始值",
    domain="气象水利",
    source_statement="由水位和雨量监测加工形成的风险等级，原始数据不出域",
    description="按乡镇返回未来六小时内涝风险等级和建议",
    fields=(("town", "乡镇"), ("risk", "风险等级"), ("advice", "建议")),
    rows=(
        {"key": "XC-RC", "town": "示例儒岙", "risk": "低", "advice": "正常作业"},
        {"key": "XC-JX", "town": "示例镜岭", "risk": "中", "advice": "巡查沟渠"},
        {"key": "XC-QX", "town": "示例七星", "risk": "低", "advice": "正常作业"},
    ),
    inputs=(Use("water", "40", "0.85"), Use("rain", "60", "0.85")),
    venue="浙江大数据交易服务平台新昌专区",
    summary="按乡镇的内涝风险等级，试行收费",
)
TARIFFS = (
    TariffFact(
        product="risk",
        regime="trial",
        model={"model": "per_unit", "unit_price": "1.25"},
        guidance="示例新数〔2026〕5号：同意按每次不高于1.25元试行，首个完整年度后申请核定",
    ),
)
PURCHASES = (
    Purchase("industry", "company", "risk", "industry_development", 400, 40, "XC-ORD-1", misses=1),
    Purchase("welfare", "public_body", "risk", "public_governance", 200, 10, "XC-ORD-2", "县域防汛值守"),
    Purchase("reuse", "source_a", "risk", "industry_development", 50, 5, "XC-ORD-3", is_reuse=True),
)
SCHEDULE = ScheduleFact(
    product="risk",
    steps=(
        {"kind": "rate", "party": "venue", "value": "0.04"},
        {"kind": "pool", "weights": "by_contribution", "value": "0.30"},
        {"kind": "rate", "party": "authority", "value": "0.06"},
        {"kind": "rest", "party": "operator"},
    ),
    coefficients={"usage": "0.5", "quality": "0.3", "input": "0.2"},
)

# 三（五）5: resource consumption, governance, model publication, result export, security; 19 000 in the month of CST-01
WATCH = Watch(
    early_application="示例新数〔2026〕14号",
    charges=PlatformCharges(
        "2026-03",
        "province",
        (
            ("resource_consumption", "12000.00"),
            ("data_governance", "3000.00"),
            ("model_publication", "1000.00"),
            ("result_export", "500.00"),
            ("security_service", "2500.00"),
        ),
        staff="120000.00",
        share=("40", "10"),
    ),
    renewed=Renewed("welfare", date(2027, 12, 31), "2027年汛期值守继续使用"),
)

XINCHANG = Place(
    key="xinchang",
    title="新昌",
    division="330624",
    organisations=ORGANISATIONS,
    people=PEOPLE,
    procedure=PROCEDURE,
    resources=RESOURCES,
    agreement=AGREEMENT,
    refused_term=(date(2026, 7, 6), date(2031, 7, 6), "AGR-02"),
    products=(RISK,),
    tariffs=TARIFFS,
    purchases=PURCHASES,
    schedules=(SCHEDULE,),
    watch=WATCH,
    market=Market(taxpayers=(("operator", "general_taxpayer"),)),
)
