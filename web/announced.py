"""Which state changes are told to whom: the catalogue of webhook events.

The key is the table that the audit line names; ``reach`` leads from its row to organisations, one column after the
other: ``order_id.buyer_id`` goes through the order; ``<settlement_statement.run_id.party_id`` comes back from every
statement that names the row. The acts are those of the audit log. An act that is not told is named with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of record: what it is called, whom it concerns, and the acts on it that are told."""

    title: str
    reach: tuple[str, ...]
    acts: tuple[str, ...]


def _told(title: str, reach: str, **acts: str) -> Subject:
    names = tuple(f"{prefix}.{act}" for prefix, words in acts.items() for act in words.split())
    return Subject(title, tuple(reach.split()), names)


PRODUCT = "product_id.owner_id"
AGREEMENT = "agreement_id.operating_institution_id agreement_id.authorizing_entity_id"
SIDES = "operating_institution_id authorizing_entity_id"

SUBJECTS: dict[str, Subject] = {
    # registry
    "registry_party": _told(
        lazy_gettext("主体"), "id",
        party="create add_capacity ask_restore end record_credit restore suspend"),
    "registry_onboarding": _told(lazy_gettext("入驻申请"), "party_id",
                                 onboarding="apply resubmit take_outcome withdraw"),
    "registry_relation": _told(lazy_gettext("关联关系"), "from_id to_id", relation="state"),
    "registry_relation_end": _told(lazy_gettext("关联关系"), "relation_id.from_id relation_id.to_id", relation="end"),
    "registry_plan_version": _told(
        lazy_gettext("实施方案"), "plan_id.implementing_institution_id",
        plan="draft file put_in_effect record_decision save start_major_change submit approve return refuse supersede"
             " withdraw"),
    "registry_call": _told(lazy_gettext("遴选公告"), "plan_id.implementing_institution_id",
                           call="draft save publish close select publish_result fail cancel"),
    "registry_application": _told(lazy_gettext("运营机构申请"), "applicant_id",
                                  application="start save add_proof submit approve return refuse withdraw"),
    "registry_operator_review": _told(
        lazy_gettext("运营机构安全审核"), "operator_id",
        operator_review="start save add_evidence submit approve return refuse withdraw"),
    "registry_agreement": _told(
        lazy_gettext("授权运营协议"), SIDES,
        agreement="draft set_items set_scope set_emergency_plan sign file activate suspend report_correction"
                  " reject_correction restore ask_restore ask_end_part end_part certify_part ask_expire expire"
                  " ask_terminate terminate ask_revoke revoke close"),
    "registry_exit": _told(lazy_gettext("授权退出"), AGREEMENT, exit="open note_settlement certify ask_close close"),
    "registry_emergency_plan": _told(lazy_gettext("应急预案"), AGREEMENT, emergency="adopt_plan"),
    "registry_emergency_drill": _told(lazy_gettext("应急演练"), AGREEMENT, emergency="record_drill"),
    "registry_service_agreement": _told(lazy_gettext("服务协议"), "partner_id operating_institution_id",
                                        service_agreement="draft sign end withdraw"),
    "registry_resource": _told(
        lazy_gettext("公共数据资源"), "source_department_id",
        resource="catalogue change bar unbar record_registration state_shared_in record_consent upload_sample"),
    "registry_quality_ticket": _told(lazy_gettext("质量异议"), "reporter_id resource_id.source_department_id",
                                     quality="report accept refuse correct confirm reopen close"),
    "registry_data_request": _told(
        lazy_gettext("数据使用申请"), "applicant_id agreement_id.operating_institution_id",
        data_request="create submit check opinion clear open_review conclude provision appeal deem withdraw"),
    "registry_product": _told(lazy_gettext("产品"), "owner_id",
                              product="create add_version submit resubmit withdraw reviewed"),
    "registry_product_version": _told(lazy_gettext("产品版本"), PRODUCT, record="preserve"),
    "registry_registration_record": _told(lazy_gettext("登记记录"), PRODUCT, record="register"),
    "registry_registration_record_end": _told(lazy_gettext("登记记录"), "record_id.product_id.owner_id", record="end"),
    "registry_delivery": _told(lazy_gettext("首次交付"), PRODUCT, record="state_delivery"),
    "registry_review": _told(
        lazy_gettext("审查"), "applicant_id <registry_review_stage.review_id.party_id",
        review="submit resubmit decide conclude deem silence pause resume reopen withdraw appeal escalate"
               " move_deadline"),
    "registry_registration": _told(
        lazy_gettext("登记"), "registrant_id",
        registration="apply join receive resubmit complete_review object decide_objection recheck assign_code"
                     " state_interest cancel_expired move_deadline cancel revoke replace complete_cancellation"
                     " ask_cancellation ask_revocation confirm_cancellation confirm_revocation refuse_cancellation"
                     " refuse_revocation withdraw_cancellation withdraw_revocation"),
    "registry_egress_check": _told(lazy_gettext("出域合规核查"), "applicant_id",
                                   egress="request resubmit pass fail return withdraw export"),
    "registry_duty_filing": _told(lazy_gettext("履职报送"), "party_id", duty="file correct"),
    "registry_evaluation": _told(lazy_gettext("运营评价"), "party_id", evaluation="open self_assess publish close"),
    "registry_incident": _told(
        lazy_gettext("风险事件"), f"{AGREEMENT} finder_id {PRODUCT}",
        incident="detect stop report close_report assess resume terminate"),
    "registry_disclosure": _told(lazy_gettext("信息披露"), "party_id", disclosure="prepare check publish discard"),
    # pricing
    "pricing_cost_survey": _told(
        lazy_gettext("成本调查"), "operating_institution_id",
        cost_survey="open import amend change_key draw_charges submit accept send_back"),
    "pricing_charge": _told(lazy_gettext("运营机构承担的费用"), "operating_institution_id payee_id",
                            charge="record correct"),
    "pricing_determination": _told(
        lazy_gettext("定价申请"), SIDES,
        determination="apply amend assess propose confirm reject send_back return refuse withdraw set_caps drop_caps"
                      " report_caps"),
    "pricing_ceiling": _told(lazy_gettext("最高准许收入"), AGREEMENT, ceiling="determine", cap="set"),
    "pricing_cap_plan": _told(lazy_gettext("上限标准方案"),
                              f"determination_id.{SIDES.replace(' ', ' determination_id.')}",
                              cap_plan="draft amend drop report"),
    "pricing_tariff": _told(lazy_gettext("收费标准"), PRODUCT, tariff="set"),
    "pricing_parked_price": _told(lazy_gettext("停放的调价"), "seller_id", parked_price="park release withdraw"),
    "pricing_buyer_class_rule": _told(lazy_gettext("客户分类规则"), PRODUCT, buyer_class="publish_rule"),
    "pricing_buyer_class_member": _told(lazy_gettext("客户分类"), f"{PRODUCT} party_id", tariff="admit_to_class"),
    "pricing_buyer_class_change": _told(
        lazy_gettext("客户分类"), "member_id.product_id.owner_id member_id.party_id", buyer_class="ended readmitted"),
    "pricing_negotiable": _told(lazy_gettext("面议规则"), PRODUCT, negotiation="publish"),
    "pricing_negotiation": _told(lazy_gettext("面议"), "seller_id buyer_id",
                                 negotiation="offer counter accept decline withdraw"),
    "pricing_service_fee": _told(lazy_gettext("服务费"), "operating_institution_id", service_fee="set"),
    "pricing_exemption": _told(
        lazy_gettext("免费使用"), f"grantee_id {PRODUCT}",
        exemption="request approve refuse return revoke ask_amendment amendment_agree amendment_refuse"),
    "pricing_misuse": _told(lazy_gettext("改作他用"), "grantee_id", misuse="record hear confirm dismiss settle"),
    "pricing_complaint": _told(lazy_gettext("收费投诉"), "party_id authorizing_entity_id",
                               complaint="file accept review decide close withdraw"),
    "pricing_assessment": _told(lazy_gettext("年度评估"), AGREEMENT, assessment="record"),
    "pricing_adjustment": _told(lazy_gettext("价格调整"), AGREEMENT,
                                adjustment="propose accept refuse carry_out supersede"),
    "pricing_evaluation_cycle": _told(lazy_gettext("评估周期"), AGREEMENT, cycle="open"),
    "pricing_cycle_closing": _told(
        lazy_gettext("评估周期"),
        "cycle_id.agreement_id.operating_institution_id cycle_id.agreement_id.authorizing_entity_id", cycle="close"),
    # market
    "market_listing": _told(lazy_gettext("上架"), "seller_id", listing="create withdraw"),
    "market_import_batch": _told(lazy_gettext("批量导入"), "org_id", listing="import"),
    "market_quote": _told(lazy_gettext("报价"), "buyer_id", quote="make"),
    "market_order": _told(lazy_gettext("订单"), "buyer_id seller_id",
                          order="place sign capture open cancel refund", payment="open_waiting"),
    "market_approval_rule": _told(lazy_gettext("采购复核规则"), "party_id",
                                  approval_rule="propose confirm refuse withdraw"),
    "market_order_approval": _told(lazy_gettext("采购复核"), "buyer_id", order_approval="approve refuse"),
    "market_contract_seal": _told(lazy_gettext("电子印章材料"), "contract_id.buyer_id contract_id.seller_id",
                                  contract_seal="attach"),
    "market_contract": _told(lazy_gettext("合同"), "buyer_id seller_id", contract="draft sign"),
    "market_payment": _told(lazy_gettext("付款"), "buyer_id order_id.seller_id",
                            payment="expect capture take_in void waiting refund"),
    "market_payment_attempt": _told(
        lazy_gettext("在线支付"), "payment_id.buyer_id",
        payment="attempt attempt_pending attempt_unknown attempt_succeeded attempt_failed attempt_cancelled"
                " attempt_parked"),
    "market_refund": _told(lazy_gettext("退款"), "buyer_id payment_id.order_id.seller_id",
                           refund="ask approve refuse withdraw unknown pending done failed failed_late take_in"),
    "market_provider_dispute": _told(lazy_gettext("支付争议"), "payment_id.buyer_id payment_id.order_id.seller_id",
                                     dispute="opened won lost take_in"),
    "market_buyer_account": _told(lazy_gettext("预付与月结账户"), "buyer_id", buyer_account="open"),
    "market_buyer_account_line": _told(lazy_gettext("预付与月结账户"), "account_id.buyer_id",
                                       buyer_account="top_up payment refund charge credit repayment"),
    "market_credit_limit": _told(lazy_gettext("信用额度"), "account_id.buyer_id",
                                 credit_limit="propose confirm refuse"),
    "market_monthly_statement": _told(lazy_gettext("月结账单"), "account_id.buyer_id", monthly_statement="issue"),
    "market_invoice": _told(lazy_gettext("发票"), "buyer_id seller_id", invoice="ask issue refuse take_back"),
    "market_taxpayer": _told(lazy_gettext("开票资料"), "party_id", invoice="state_taxpayer"),
    "market_entitlement": _told(lazy_gettext("使用权"), "buyer_id order_id.seller_id",
                                entitlement="grant", reuse="take"),
    "market_data_set": _told(lazy_gettext("数据集"), "version_id.product_id.owner_id", data_set="load"),
    "market_product_file": _told(lazy_gettext("产品文件"), PRODUCT, product_file="add"),
    "market_gateway": _told(lazy_gettext("运营平台接口"), PRODUCT, gateway="register stop"),
    "market_call_limit": _told(lazy_gettext("调用限速"), f"{PRODUCT} entitlement_id.buyer_id", limit="set"),
    "market_delivery_receipt": _told(lazy_gettext("交付回执"), "order_id.buyer_id order_id.seller_id",
                                     receipt="count sign resolve"),
    "market_dispute": _told(
        lazy_gettext("争议"), "claimant_id respondent_id",
        dispute="file accept mediate review state_view propose confirm close withdraw"),
    "market_feedback": _told(lazy_gettext("成果回馈"), "seller_id", feedback="deliver receive return"),
    "market_interchange_record": _told(lazy_gettext("导入的产品记录"), "org_id", interchange="import"),
    # settlement
    "settlement_share_schedule": _told(
        lazy_gettext("分配方案"),
        f"{AGREEMENT} <settlement_schedule_signature.schedule_id.party_id", schedule="draw_up sign"),
    "settlement_contribution_notice": _told(
        lazy_gettext("贡献公示"), "<settlement_contribution_figure.notice_id.party_id", contribution="open"),
    "settlement_contribution_objection": _told(
        lazy_gettext("贡献异议"), "party_id", contribution="object withdraw decide"),
    "settlement_run": _told(lazy_gettext("收益结算"), "<settlement_statement.run_id.party_id", statement="issue",
                            settlement="seal"),
    "settlement_payee_account": _told(lazy_gettext("收款账户"), "party_id", payee="ask confirm refuse withdraw"),
    "settlement_payee_freeze": _told(lazy_gettext("冻结拨付"), "party_id", payee="freeze lift"),
    "settlement_payout": _told(lazy_gettext("收益拨付"), "party_id", payout="sent unknown short confirmed returned"),
    "settlement_clawback": _told(lazy_gettext("应收退款"), "party_id", clawback="raise net release"),
    "settlement_clawback_recovery": _told(
        lazy_gettext("应收退款"), "clawback_id.party_id", clawback="ask confirm refuse withdraw"),
}  # fmt: skip

# why an act is told to nobody
SECRET = "sign-in, keys and personal data"  # noqa: S105 - a reason, not a password
INNER = "inner work of authorities or finance, or told by another act"
INDEX = "the catalogue written in another way: what is in it is told by listing and product"
OFTEN = "happens with every call: read the usage instead"
NOT_TOLD: dict[str, str] = {
    **{f"account.{act}": SECRET for act in (
        "admit", "ask_grant", "confirm_grant", "create", "create_first_administrator", "create_key", "disable",
        "enable", "grant_role", "identify", "issue_reset", "refuse_grant", "revoke_key", "revoke_role",
        "rotate_key", "set_password", "sign_in", "sign_in_attempt", "sign_out", "use_key", "use_reset",
        "withdraw_grant")},
    "access.decide": SECRET, "access.admit": SECRET, "onboarding.attempt": SECRET, "onboarding.look_up": SECRET,
    "training.record": SECRET, "evidence.keep": INNER,
    **{f"product_draft.{act}": INNER for act in ("start", "save", "finish", "discard")},
    **{f"form_draft.{act}": INNER for act in ("keep", "forget")},
    "application.score": INNER, "evaluation.assess": INNER,
    **{f"selection.{act}": INNER for act in ("propose", "confirm", "drop", "publish")},
    "service_agreement.publish_text": INNER,
    **{f"bank_line.{act}": INNER for act in (
        "enter", "match", "assign", "return", "confirm_return", "reopen", "hand_over", "take_back")},
    **{f"payout_arrival.{act}": INNER for act in ("arrive", "take_back")},
    **{f"break.{act}": INNER for act in (
        "take_in", "heal", "assign", "explain", "propose", "confirm", "reject", "reopen")},
    "provider_file.import": INNER, "reconciliation.run": INNER, "reconciliation.book_payouts": INNER,
    "bank_file.import": INNER, "market_bank_line_share.take_in": INNER, "market_buyer_account_line.take_in": INNER,
    **{f"stripe_event.{act}": INNER for act in ("receive", "take_up", "done", "ignored", "parked")},
    **{f"search.{act}": INDEX for act in ("index", "order", "remove", "rewrite")},
    "catalogue.rebuild": INDEX, "catalogue.refresh": INDEX, "catalogue.rewrite": INDEX,
    **{f"gateway.{act}": OFTEN for act in ("closed", "open", "probing")},
    **{f"reservation.{act}": OFTEN for act in ("reserve", "answer", "fail", "give_up", "lose", "retry")},
    "download.link": OFTEN, "download.give": OFTEN,
    "contribution.draw": INNER, "schedule.freeze": INNER,
    "settlement.remind": INNER,  # a task at the desk of the place's finance people
    "settlement.root": INNER, "settlement.sum_up": INNER,
    "proof.anchor": INNER,  # everybody reads it: page, feed, JSON
    "headroom.read": INNER, "settlement.prepare": INNER, "settlement.check": INNER, "ledger.book": INNER,
    "ledger.reverse": INNER,
    **{f"book_closing.{act}": INNER for act in ("start", "give_up", "close")},
    "usage.record": OFTEN, "usage.import": OFTEN, "usage.take_in": OFTEN, "usage.archive": INNER,
    **{f"payout_resolution.{act}": INNER for act in ("propose", "confirm", "refuse", "withdraw", "contradict")},
    "payee.tell": INNER, "payee.ask_lift": INNER, "payee.reveal": INNER, "clawback.take_up": INNER,
    **{f"payout.{act}": INNER for act in (
        "prepare", "park", "release", "check", "send", "cancel", "hand_out", "results", "finish")},
    **{f"webhook.{act}": INNER for act in (
        "register", "change", "challenge", "test", "rotate", "prove", "move", "disable", "enable", "remove", "replay",
        "replay_missed", "queue", "give_up", "forget", "show_secret")},
}  # fmt: skip


def catalogue() -> dict[str, str]:
    """Return the title of every type of event, by type, in order."""
    found = {act: subject.title for subject in SUBJECTS.values() for act in subject.acts}
    return dict(sorted(found.items()))
