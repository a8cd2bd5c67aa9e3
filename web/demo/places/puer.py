"""Pu'er: the operator sells under a cap after a complete year, part of its cost is disallowed; no venue is demanded."""

from datetime import date

from kernel.identity import Role
from registry.parties.rules import Capacity, PartyKind
from web.demo.cast import (
    AgreementFact,
    CapFact,
    CeilingFact,
    CostFact,
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
from web.demo.procedure import Authorization, Procedure, QualityTicket, ReturnedReview
from web.demo.watch import Complained, Watch

UNIT, INSTITUTION, COMPANY = PartyKind.ADMINISTRATIVE_UNIT, PartyKind.PUBLIC_INSTITUTION, PartyKind.ENTERPRISE

ORGANISATIONS = (
    Organisation("authority", "示例普洱市数据局", UNIT, (Capacity.DATA_AUTHORITY,)),
    Organisation("price_office", "示例普洱市发展和改革委员会", UNIT, (Capacity.PRICE_AUTHORITY,)),
    Organisation("finance", "示例普洱市财政局", UNIT, (Capacity.FINANCE_DEPARTMENT,)),
    Organisation("operator", "示例普洱数据产业运营有限公司", COMPANY, (Capacity.OPERATING_INSTITUTION,)),
    Organisation("cooperative", "示例思茅数据合伙企业", PartyKind.NON_LEGAL_PERSON, (Capacity.OPERATING_INSTITUTION,)),
    Organisation("source_a", "示例普洱市农业农村局", UNIT, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("source_b", "示例普洱市茶叶和咖啡产业中心", INSTITUTION, (Capacity.SOURCE_DEPARTMENT,)),
    Organisation("venue", "示例滇南数据交易服务有限公司", COMPANY, (Capacity.TRADING_VENUE,)),
    Organisation("company", "示例澜沧江咖啡贸易有限公司", COMPANY, (Capacity.BUYER,)),
    Organisation("public_body", "示例普洱市乡村振兴服务中心", INSTITUTION, (Capacity.BUYER,)),
    Organisation("government", "示例普洱市人民政府", UNIT, (Capacity.PEOPLES_GOVERNMENT,)),
    Organisation("experts", "示例普洱市数据专家组", INSTITUTION, (Capacity.EXPERT_PANEL,)),
)
PEOPLE = (
    Person("supervisor", "李茶山", "authority", Role.SUPERVISOR),
    Person("reviewer", "杨澄观", "authority", Role.REVIEWER),
    Person("registrar", "和登山", "authority", Role.REVIEWER),
    Person("price", "赵平准", "price_office", Role.PRICE),
    Person("operator", "白云舒", "operator", Role.OPERATOR),
    Person("source_a", "刀青禾", "source_a", Role.SOURCE),
    Person("source_b", "罗焙之", "source_b", Role.SOURCE),
    Person("company", "段远行", "company", Role.BUYER),
    Person("public_body", "岩坎温", "public_body", Role.BUYER),
    Person("preparer", "周录", "finance", Role.FINANCE_PREPARER),
    Person("checker", "普正", "finance", Role.FINANCE_CHECKER),
    Person("auditor", "张鉴", None, Role.AUDITOR),
    Person("deputy", "施复勘", "authority", Role.SUPERVISOR),
    Person("government", "赵思茅", "government", Role.SUPERVISOR),
    Person("expert", "苏论证", "experts", Role.REVIEWER),
)
# 操作指南 五: 方案编制→提交申请→初审→专家论证→政府审议→发布公告→运营机构响应→专家评审→选定→签订→运营
PROCEDURE = Procedure(
    authorization=Authorization(
        mode="overall",
        domain="特色农产品溯源",
        decision="示例普数党组〔2025〕24号",
        government_document="示例普政复〔2025〕41号",
        plan_filing="示例云数备方案〔2025〕普-02",
        method="open_tender",
        reason="专家评审得分最高",
        by_expert=True,
        expert_score="92.5",
        shows_incomplete_form=True,
        shows_second_person=True,
    ),
    ticket=QualityTicket(
        "origin", "accuracy", "2025年秋季有 12 个批次的等级与检测结论不一致", "已按检测原始记录更正 12 个批次的等级"
    ),
    returned=ReturnedReview(
        "origin",
        (("owner_name", "经营者"),),
        ("“经营者”属商业秘密，与核验目的无关，应予删除", "样例含经营者栏，应一并更换"),
    ),
)
RESOURCES = (
    ResourceFact(
        "plots", "source_a", "种植地块和投入品信息", "茶园、咖啡园地块，投入品使用备案", "农业农村", 2, "每季",
        (("plot", "地块编号"), ("owner", "经营者"), ("chemical", "投入品记录")), "paid",
    ),
    ResourceFact(
        "origin", "source_b", "产地检测和溯源信息", "批次检测结论、产地标识", "产品质量", 2, "每批",
        (("batch", "批次"), ("lab", "检测原始数据"), ("grade", "等级")), "paid",
    ),
)  # fmt: skip
AGREEMENT = AgreementFact(
    title="普洱市特色农产品溯源公共数据授权运营协议",
    term_start=date(2026, 1, 5),
    term_end=date(2031, 1, 5),
    distribution="运营机构先收回溯源标识成本 20.00 元；余额 30% 归数源部门（按贡献），再余 15% 归数据局，余归运营机构",
    platform="普洱市公共数据授权运营平台（示例）",
)
ORIGIN = ProductFact(
    key="origin",
    seller="operator",
    title="普洱咖啡产地核验",
    scenario="咖啡贸易产地核验",
    necessity="核对批次是否产自备案地块，只返回结论和等级",
    domain="特色农业",
    source_statement="由地块备案和批次检测结论加工形成，不能还原检测原始数据和经营者信息",
    description="按批次返回产地是否相符、县域和等级",
    fields=(("match", "产地相符"), ("county", "县域"), ("quality", "等级")),
    rows=(
        {"key": "PE-2601", "match": "是", "county": "示例思茅", "quality": "一级"},
        {"key": "PE-2602", "match": "是", "county": "示例孟连", "quality": "特级"},
        {"key": "PE-2603", "match": "否", "county": "示例澜沧", "quality": "未定"},
    ),
    inputs=(Use("plots", "50", "0.60"), Use("origin", "50", "0.90")),
    venue=None,
    summary="按批次核验咖啡产地，按次计费",
)
# 1 500 000 − 100 000 disallowed − 200 000 subsidy = 1 200 000; × 7.2 % = 86 400; + 77 184 tax = 1 363 584
CEILING = CeilingFact(
    survey_year=2025,
    subsidy="200000.00",
    lines=(
        CostFact("platform_build_om", "溯源平台运维", "600000.00"),
        CostFact("human_resources", "运营人员", "500000.00"),
        CostFact(
            "period_expense", "管理费用", "400000.00",
            disallowed="100000.00", disallowed_reason="与授权运营无关的业务招待费",
        ),
    ),
    first_sale=date(2024, 9, 2),
    application="示例普数〔2026〕6号",
    delegation="示例云发改价格〔2025〕31号",
    margin="0.05",
    tax="77184.00",
    tax_basis="（经营成本 + 准许利润）× 6%，演示",
    report_number="示例普数〔2026〕7号",
    caps=(CapFact("origin", "4.50", "300000"),),
    too_high=(CapFact("origin", "4.60", "300000"),),
)  # fmt: skip
TARIFFS = (
    TariffFact(
        product="origin",
        regime="gov_guided",
        model={"model": "per_unit", "unit_price": "4.20"},
        too_high={"model": "per_unit", "unit_price": "4.51"},
    ),
)
PURCHASES = (
    Purchase("industry", "company", "origin", "sector_development", 150, 40, "PE-ORD-1", misses=1),
    Purchase("welfare", "public_body", "origin", "public_welfare", 80, 10, "PE-ORD-2", "脱贫户咖啡销售帮扶"),
)
SCHEDULE = ScheduleFact(
    product="origin",
    steps=(
        {"kind": "recover", "party": "operator", "value": "20.00"},
        {"kind": "pool", "weights": "by_contribution", "value": "0.30", "base": "left"},
        {"kind": "rate", "party": "authority", "value": "0.15", "base": "left"},
        {"kind": "rest", "party": "operator"},
    ),
    coefficients={"usage": "0.2", "quality": "0.6", "input": "0.2"},
)

PUER = Place(
    key="puer",
    title="普洱",
    division="530800",
    organisations=ORGANISATIONS,
    people=PEOPLE,
    procedure=PROCEDURE,
    resources=RESOURCES,
    agreement=AGREEMENT,
    refused_term=(date(2026, 1, 5), date(2031, 7, 5), "AGR-02"),
    products=(ORIGIN,),
    tariffs=TARIFFS,
    purchases=PURCHASES,
    schedules=(SCHEDULE,),
    market=Market(taxpayers=(("operator", "general_taxpayer"),), searches=("咖啡产地", "kfcd", "kafei")),
    ceiling=CEILING,
    watch=Watch(
        complained=Complained(
            "company",
            "origin",
            "每次 4.20 元偏高，同类商业服务约 4 元",
            "收费 4.20 元不高于上限 4.50 元，成本已经审核认定",
            "收费标准在上限之内，依据公开，维持不变",
        ),
    ),
    refused_operator="cooperative",
)
