"""Ordering with a contract, signing it from both sides, and calling the order off."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission
from kernel.money import Money, in_capitals
from kernel.policy import PolicyBook
from market.admissions import commands as admitting
from market.admissions import queries as admissions
from market.admissions.queries import Admitted
from market.approvals import queries as approvals
from market.contracts import queries
from market.contracts.model import Contract, ContractSeal
from market.contracts.rules import (
    ContractType,
    Deal,
    NotSignedYet,
    PointsMissing,
    SealKind,
    Side,
    SignatureState,
    after_signature,
    media_type_of_seal,
    must_be_sealed_in_time,
    must_name_the_text,
    text_sha256,
    worded,
)
from market.entitlements import commands as entitlements
from market.entitlements.queries import Closed, closed_for_order
from market.orders import commands as orders
from market.orders import queries as order_queries
from market.orders.model import Order, Quote
from market.orders.rules import OrderEvent, OrderState, WrongState
from market.payments import commands as payments
from pricing.costs.rules import CHARGE_UNIT_TITLES
from pricing.exemptions.rules import PURPOSE_TITLES
from pricing.tariffs.rules import PriceReason
from registry.products.rules import DeliveryForm

DELIVERY_TITLES = {
    DeliveryForm.API: "以接口方式提供，由需方持访问密钥调用",
    DeliveryForm.FILE: "以数据文件方式提供",
    DeliveryForm.REPORT: "以分析报告方式提供",
}
BASES = {
    PriceReason.TARIFF: "按已公示的收费标准计",
    PriceReason.NEGOTIATED: "按买卖双方依已公布的规则面议的价格计",
    PriceReason.PUBLIC_INTEREST: "用于公共治理、公益事业，免费提供",
    PriceReason.SOURCE_REUSE: "数源部门无偿使用由其免费数据产生的产品",
}


class NotAParty(NotAllowed):
    """Only buyer and seller sign."""

    code = "contract.not_a_party"
    title = "只有供需双方可以签署"
    title_en = "Only the two parties sign"


def place_order(
    session: Session, actor: Actor, *, quote_number: str, client_reference: str, now: datetime, book: PolicyBook
) -> Order:
    """Order what was quoted, and draft the contract with its twelve points. Sent again, it is the same order.

    Raises:
        PointsMissing: the product lacks something that the contract must state.
        DomainError: see :func:`market.orders.commands.place`.
    """
    met = admissions.admitted(
        session, actor, quote_number=quote_number, client_reference=client_reference, now=now, book=book
    )
    order = _place_at_once(session, actor, met, client_reference, now, book) if met is not None else None
    if order is not None:
        return order
    order = orders.place(
        session, actor, quote_number=quote_number, client_reference=client_reference, now=now, book=book
    )
    if queries.of_order(session, order.id) is None:
        _draft(session, actor, order, now, book)
    return order


def _place_at_once(
    session: Session, actor: Actor, met: Admitted, client_reference: str, now: datetime, book: PolicyBook
) -> Order | None:  # fmt: skip
    """Write order and contract together; None where the usual steps have to say why that cannot be."""
    kind, contract_id = ContractType.PROVISION, new_id()
    order = met.order(actor, client_reference=client_reference, now=now)
    words, years = queries.words_on(kind, order["place"], business_date(now), book)
    deal = _deal(met.facts, order["amount"], order["reason"], None, years)
    try:
        head, tail = worded(words, str(contract_id), deal).split(str(contract_id))
    except PointsMissing:
        return None
    values = {
        "id": contract_id, "version": 1, "place": order["place"], "buyer_id": order["buyer_id"],
        "seller_id": order["seller_id"], "kind": kind, "drafted_at": now, "buyer_signed_at": None,
        "buyer_signed_by": None, "seller_signed_at": None, "seller_signed_by": None,
    }  # fmt: skip
    draft = admitting.Draft(cast(sa.Table, Contract.__table__), values, head, tail)
    return admitting.write(session, actor, met, order, draft, now=now)


def _draft(session: Session, actor: Actor, order: Order, now: datetime, book: PolicyBook) -> Contract:
    kind = queries.kind_of(session, order)
    number = numbering.number(session, "CON", business_date(now))
    agreed = None
    if order.reason is PriceReason.NEGOTIATED:
        agreed = session.get_one(Quote, order.quote_id).inputs
    facts = queries.facts(session, order, business_date(now))
    words, years = queries.words_on(kind, order.place, business_date(now), book)
    text = worded(words, number, _deal(facts, order.amount, order.reason, agreed, years))
    made = Contract(
        number=number, order_id=order.id, place=order.place, buyer_id=order.buyer_id, seller_id=order.seller_id,
        kind=kind, text=text, sha256=text_sha256(text), drafted_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "contract.draft", made, at=now,
                 detail={"order": order.number, "sha256": made.sha256})  # fmt: skip
    return made


def _deal(
    facts: Any, amount: Money, reason: PriceReason, agreed: dict[str, Any] | None, retention_years: str
) -> Deal:  # fmt: skip
    """Return what the contract states; ``facts`` are those of a placed order, or of a quote that becomes one."""
    basis = BASES[reason]
    if agreed:
        basis += f"，面议 {agreed['agreed']['number']}"
    has_tariff = facts.tariff_number is not None
    unit = CHARGE_UNIT_TITLES[facts.charge_unit] if has_tariff else ""
    return Deal(
        seller=f"{facts.seller_name}（统一社会信用代码 {facts.seller_uscc}）",
        buyer=f"{facts.buyer_name}（统一社会信用代码 {facts.buyer_uscc}）",
        product=f"{facts.title}（{facts.code}）",
        version=str(facts.version_number),
        content_sha256=facts.content_sha256,
        registration=facts.registration_code or "",
        description=facts.description,
        fields="、".join(str(field.get("title") or field.get("name")) for field in facts.fields),
        source=facts.source_statement,
        amount=amount.text(),
        price_basis=f"大写{in_capitals(amount)}，{basis}" + (f"，收费标准 {facts.tariff_number}" if has_tariff else ""),
        payment="双方签署后由需方一次性支付，到账即开通" if amount else "不收取任何费用",
        venue=facts.venue or "授权运营平台",
        agreement=facts.agreement_number,
        delivery=DELIVERY_TITLES[facts.delivery_form],
        quantity=f"{facts.quantity} {unit}".strip(),
        purpose=PURPOSE_TITLES[facts.purpose],
        scenario=facts.scenario,
        months=str(facts.term_months),
        retention_years=retention_years,
    )


def sign(
    session: Session, actor: Actor, contract_id: UUID, *, sha256: str, now: datetime, book: PolicyBook
) -> Contract:
    """Sign for the actor's side. The second signature concludes: a free order opens at once, a priced one is due.

    ``sha256`` names the text that the signer has read.

    Raises:
        NoSuchContract: there is none that the actor may know of.
        NotAParty: the actor signs neither for the buyer nor for the seller.
        NotAllowed: the actor may not sign for the organisation.
        WrongState: the order was called off or is concluded.
        AnotherText: the digest is not that of the contract.
        AlreadySigned: this side has signed.
        ApprovalNeeded: the buyer's own rule asks for a second person, who has not approved.
        Closed: something that the order rests on does not hold now.
    """
    contract = queries.get(session, queries.visible(session, actor, contract_id).id, lock=True)
    side = _side(actor, contract)
    actor.must(Permission.CONTRACT_SIGN, org_id=actor.org_id)
    order = order_queries.get(session, contract.order_id, lock=True)
    following = after_signature(contract.state, side)
    if order.state is not OrderState.PLACED:
        raise WrongState(f"订单 {order.number} 处于“{order.state}”，不能再签署合同", detail_en="Not to be signed now")
    must_name_the_text(sha256.strip().lower(), contract.sha256)
    if side is Side.BUYER:
        approvals.hold(session, order, now=now)
    _must_rest_firmly(session, order, now, book)
    if side is Side.BUYER:
        contract.buyer_signed_at, contract.buyer_signed_by = now, actor.name
    else:
        contract.seller_signed_at, contract.seller_signed_by = now, actor.name
    audit.record(session, actor, "contract.sign", contract, at=now, note=side, detail={"sha256": contract.sha256})
    if following is SignatureState.CONCLUDED:
        _conclude(session, actor, order, now)
    return contract


def attach_seal(
    session: Session,
    actor: Actor,
    contract_id: UUID,
    *,
    kind: SealKind,
    statement: str,
    sealed_at: datetime,
    file: dict[str, Any],
    now: datetime,
    service: str = "",
    certificate_serial: str = "",
) -> ContractSeal:
    """Keep evidence of the electronic seal under the own side's signature. The same file again is the same evidence.

    ``file`` is {name, media_type, content}; what it is, is judged by how it begins.

    Raises:
        NoSuchContract: there is none that the actor may know of.
        NotAParty: the actor is of neither side.
        NotAllowed: the actor may not sign for the organisation.
        NotSignedYet: that side has not signed.
        SealRefused: the file is not of that kind, or the moment cannot be right.
        FileRefused: the file is empty or too large.
    """
    contract = queries.get(session, queries.visible(session, actor, contract_id).id, lock=True)
    side = _side(actor, contract)
    actor.must(Permission.CONTRACT_SIGN, org_id=actor.org_id)
    signed_at = contract.buyer_signed_at if side is Side.BUYER else contract.seller_signed_at
    if signed_at is None:
        raise NotSignedYet(f"合同 {contract.number} 本方尚未签署，请先签署再补充电子印章材料", detail_en="Sign first")
    media_type = media_type_of_seal(kind, file["name"], file["content"])
    must_be_sealed_in_time(sealed_at, contract.drafted_at, now)
    sha256 = files.keep(session, file["content"], name=file["name"], media_type=media_type, now=now)
    known = next((one for one in queries.seals(session, actor, contract) if (one.side, one.sha256) == (side, sha256)),
                 None)  # fmt: skip
    if known is not None:
        return known
    made = ContractSeal(
        contract_id=contract.id, side=side, kind=kind, sha256=sha256, file_name=file["name"], media_type=media_type,
        size_bytes=len(file["content"]), statement=statement, service=service, certificate_serial=certificate_serial,
        sealed_at=sealed_at, attached_at=now, attached_by=actor.name, attached_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "contract_seal.attach", made, at=now, note=side,
                 detail={"contract": contract.number, "sha256": sha256})  # fmt: skip
    return made


def _side(actor: Actor, contract: Contract) -> Side:
    if actor.org_id == contract.buyer_id:
        return Side.BUYER
    if actor.org_id == contract.seller_id:
        return Side.SELLER
    raise NotAParty(f"合同 {contract.number} 由供需双方签署，您不代表其中任何一方", detail_en="You are not a party")


def _must_rest_firmly(session: Session, order: Order, now: datetime, book: PolicyBook) -> None:
    closed = closed_for_order(session, order, now, book=book)
    if closed:
        raise Closed(f"订单 {order.number} 的前置条件已关闭（{'、'.join(closed)}），暂不能签署",
                     detail_en=f"Closed now: {', '.join(closed)}", rule="ACC-01")  # fmt: skip


def _conclude(session: Session, actor: Actor, order: Order, now: datetime) -> None:
    orders.move(session, actor, order.id, OrderEvent.SIGN, now=now)
    if order.is_free:
        entitlements.grant(session, actor, order, now=now)
    else:
        payments.expect(session, actor, order, now=now)


def cancel(session: Session, actor: Actor, order_number: str, *, reason: str, now: datetime) -> Order:
    """Call an order off before it is paid; buyer and seller may.

    Raises:
        NoSuchOrder: there is none that the actor may know of.
        NotAParty: the actor acts neither for the buyer nor for the seller.
        NotAllowed: the actor may not sign for the organisation.
        WrongState: it is paid or open; ask for a refund instead.
    """
    order = order_queries.visible(session, actor, order_number)
    if actor.org_id not in (order.buyer_id, order.seller_id):
        raise NotAParty(f"订单 {order.number} 只能由供需双方取消", detail_en="Only the two parties may")
    actor.must(Permission.CONTRACT_SIGN, org_id=actor.org_id)
    orders.move(session, actor, order.id, OrderEvent.CANCEL, now=now)
    payments.void(session, actor, order, now=now)
    audit.record(session, actor, "order.cancel", order, at=now, note=reason)
    return order
