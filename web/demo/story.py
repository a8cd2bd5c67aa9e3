"""The order of the story: which chapter is told on which day, at every place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from flask import Flask

from web.demo import days
from web.demo.cast import Place
from web.demo.chapters import (
    aftersale,
    approval,
    authorisation,
    closing,
    contributing,
    determining,
    development,
    duties,
    paying_out,
    people,
    planning,
    pricing,
    readiness,
    registration,
    sale,
    selection,
    settlement,
    trading,
    use,
    watching,
)
from web.demo.stage import Stage, Told

Chapter = Callable[[Stage, Told], None]
CHAPTERS: tuple[tuple[date, str, tuple[Chapter, ...]], ...] = (
    (days.REGISTERED, "主体、人员与关联关系", (
        people.tell, people.try_to_join_operator_and_merchant, people.declare_ties, people.ask_to_be_admitted,
    )),
    (days.ADMITTED, "入驻核验", (people.admit,)),
    (days.PLAN, "数据资源与实施方案", (planning.tell_resources, planning.submit_plan)),
    (days.PLAN_PRELIMINARY, "方案初审", (planning.preliminary,)),
    (days.PLAN_EXPERT, "方案专家论证", (planning.expert,)),
    (days.PLAN_GOVERNMENT, "方案政府审议", (planning.government,)),
    (days.PLAN_FILED, "方案备案与实施", (planning.file_plan,)),
    (days.CALL, "发布公告", (selection.publish_call,)),
    (days.APPLIED, "运营申请", (selection.apply,)),
    (days.CALL_CLOSED, "申请评审", (selection.review_applications,)),
    (days.SELECTED, "选定运营机构", (selection.select,)),
    (days.RESULT, "公布结果", (selection.publish_result,)),
    (days.SECURITY, "运营机构安全审核", (readiness.ask_for_security_review,)),
    (days.TRAINED, "岗前培训", (readiness.train,)),
    (days.SECURITY_PASSED, "安全审核结论", (readiness.pass_security_review,)),
    (days.AUTHORISATION, "授权运营协议", (authorisation.tell_agreement,)),
    (days.REQUEST, "服务协议与数据使用申请", (
        approval.look_at_simulated_data, approval.draft_requests, readiness.sign_service_agreement,
        readiness.ask_for_access, approval.submit_requests,
    )),
    (days.OPINIONS, "核查与审核", (approval.say_opinions,)),
    (days.RETRAINED, "补训", (readiness.train_again,)),
    (days.DRILL, "应急演练与质量反馈", (readiness.hold_drill, approval.report_problem)),
    (days.TICKET_ANSWERED, "质量问题更正", (approval.answer_problem,)),
    (days.SILENCE_OVER, "超期视为同意", (approval.let_silence_consent,)),
    (days.PRODUCT, "产品送审", (
        development.enter_products, development.try_what_the_operator_may_not, development.ask_for_egress_check,
    )),
    (days.FIRST_STAGE, "合规审查", (development.decide_first_stage, development.pass_egress_check)),
    (days.SECOND_STAGE, "合规审查（第二环节、补正）", (development.decide_last_stage,)),
    (days.REGISTRATION, "存证与登记申请", (registration.apply,)),
    (days.ACCEPTANCE, "登记受理", (registration.accept,)),
    (days.FORMAL_REVIEW, "形式审核与公示", (registration.pass_formal_review,)),
    (days.OBJECTION, "登记异议", (registration.object_to_notice,)),
    (days.OBJECTION_DECIDED, "异议复核", (registration.decide_objection,)),
    (days.CODE, "赋码与当地登记备案", (
        registration.assign_codes, registration.record_locally, registration.explain_gates,
    )),
    (days.COST_SURVEY, "成本调查与定价申请", (determining.survey_costs, determining.apply_for_determination)),
    (days.CAPS, "最高准许收入与上限", (determining.determine_and_cap,)),
    (days.PRICES, "公布价格", (pricing.publish_prices, pricing.publish_service_fees)),
    (days.LISTING, "挂牌、免费批准与分配方案", (
        pricing.exempt, sale.list_products, settlement.agree_on_shares, trading.state_taxpayers,
    )),
    (days.ORDER, "询价、下单、签约", (sale.try_public_use_without_exemption, sale.order)),
    (days.PAYMENT, "到账与开通", (sale.pay, sale.make_keys)),
    (days.CALLS[0], f"调用（{days.CALLS[0]:%m-%d}）", (use.call_on,)),
    (days.FIRST_SETTLED, "首月结算", (settlement.settle_first_month,)),
    (days.FIRST_CLOSED, "首月结账", (closing.close_first_month,)),
    *((day, f"调用（{day:%m-%d}）", (use.call_on,)) for day in days.CALLS[1:]),
    (days.USAGE_FILE, "用量文件、迟到用量、贡献公示", (
        use.bring_in_file, contributing.take_in_late_use, contributing.show_figures,
    )),
    (days.SETTLEMENT, "贡献异议、编制结算", (
        contributing.take_in_too_late, contributing.object_to_figure, contributing.decide_objection, settlement.prepare,
    )),
    (days.SEALING, "复核、封存、收款账户", (settlement.check_and_seal, paying_out.name_accounts)),
    (days.CHARGES, "平台费用、拨付", (watching.record_charges, paying_out.look_at_dues, paying_out.pay)),
    (days.MISUSE, "改作他用的核查、拨付退回", (watching.find_misuse, paying_out.hear_from_bank)),
    (days.MARKET_ORDER, "查找、下单、账户与额度", (
        trading.find, trading.register_endpoint, trading.order, aftersale.feed_back, paying_out.hear_again,
    )),
    (days.BANK_FILE, "银行对账单、余额和月结、对账", (trading.bring_in_bank_file, closing.compare)),
    (days.MISUSE_HEARD, "听取使用单位陈述、差异关闭", (watching.hear_grantee, closing.close_breaks)),
    (days.DOWNLOADS, "交付、结账", (aftersale.deliver, closing.close_month)),
    (days.MISUSE_DECIDED, "改作他用的认定和补收", (watching.reprice_misuse,)),
    (days.RECEIPTS, "交付回执与争议", (aftersale.count,)),
    (days.COMPLAINT, "收费投诉", (watching.complain,)),
    (days.INVOICES, "争议的决定与开票", (aftersale.decide, aftersale.invoice)),
    (days.COMPLAINT_DECIDED, "收费投诉的决定", (watching.decide_complaint,)),
    (days.REFUND, "退款与红字发票", (aftersale.give_back, paying_out.give_back)),
    (days.STATEMENTS, "月度报告与月结账单", (
        aftersale.report, trading.settle_month, settlement.prepare_next,
    )),
    (days.NEXT_SEALING, "次月封存、拨付与抵扣", (settlement.seal_next, paying_out.pay_next_month)),
    (days.NEXT_PAID, "次月到账", (paying_out.hear_of_next_month,)),
    (days.RENEWAL, "免费续期与提前申请", (watching.renew_exemption, watching.apply_too_early)),
    (days.HALF_YEAR, "半年报告与收入余量", (
        duties.report_half_year, watching.draw_charges, watching.read_headroom,
    )),
)  # fmt: skip


def tell_places(
    app: Flask,
    places: Sequence[Place],
    *,
    until: date = days.END,
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
        if day in days.ANCHORED:
            stage.seal_log()
            stage.run_job("proofs.anchor")
    stage.run_job("audit.seal")
    return stage, tolds
