"""The order of the story: which chapter is told on which day, at every place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from flask import Flask

from web.demo import days
from web.demo.cast import Place
from web.demo.chapters import approval, authorisation, people, pricing, registration, sale, settlement, use
from web.demo.stage import Stage, Told

Chapter = Callable[[Stage, Told], None]
CHAPTERS: tuple[tuple[date, str, tuple[Chapter, ...]], ...] = (
    (days.AUTHORISATION, "主体与人员", (people.tell, people.try_to_join_operator_and_merchant)),
    (days.AUTHORISATION, "数据资源与协议", (authorisation.tell_resources, authorisation.tell_agreement)),
    (days.REQUEST, "数据使用申请", (approval.ask_for_data,)),
    (days.OPINIONS, "核查与审核", (approval.say_opinions,)),
    (days.SILENCE_OVER, "超期视为同意", (approval.let_silence_consent,)),
    (days.PRODUCT, "产品送审", (approval.enter_products,)),
    (days.FIRST_STAGE, "合规审查", (approval.decide_stage,)),
    (days.SECOND_STAGE, "合规审查（第二环节）", (approval.decide_stage,)),
    (days.REGISTRATION, "登记申请", (registration.apply,)),
    (days.ACCEPTANCE, "登记受理", (registration.accept,)),
    (days.FORMAL_REVIEW, "形式审核与公示", (registration.pass_formal_review,)),
    (days.CODE, "赋码", (registration.assign_codes,)),
    (days.COST_SURVEY, "成本调查", (pricing.survey_costs,)),
    (days.CAPS, "最高准许收入与上限", (pricing.determine_and_cap,)),
    (days.PRICES, "公布价格", (pricing.publish_prices, pricing.publish_service_fees)),
    (days.LISTING, "挂牌、免费批准与分配方案", (pricing.exempt, sale.list_products, settlement.agree_on_shares)),
    (days.ORDER, "询价、下单、签约", (sale.try_public_use_without_exemption, sale.order)),
    (days.PAYMENT, "到账与开通", (sale.pay, sale.make_keys)),
    *((day, f"调用（{day:%m-%d}）", (use.call_on,)) for day in days.CALLS),
    (days.USAGE_FILE, "用量文件", (use.bring_in_file,)),
    (days.SETTLEMENT, "编制结算", (settlement.prepare,)),
    (days.SEALING, "复核与封存", (settlement.check_and_seal,)),
)


def tell_places(
    app: Flask,
    places: Sequence[Place],
    *,
    until: date = days.SEALING,
    progress: Callable[[str], None] = lambda _title: None,
) -> tuple[Stage, list[Told]]:
    """Tell the story of these places, day by day, up to and including a day; return the stage and what came about."""
    stage = Stage(app)
    people.first_administrator(stage)
    tolds = [Told(place) for place in places]
    for day, title, parts in CHAPTERS:
        if day > until:
            break
        progress(title)
        stage.begin_day(day)
        for told in tolds:
            for tell in parts:
                tell(stage, told)
    stage.run_job("audit.seal")
    return stage, tolds
