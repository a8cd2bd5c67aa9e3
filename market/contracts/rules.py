"""The contract of an order: its twelve points, its text and digest, and who has signed.

The points are those of GB/T 37932-2025, 9.2 d; the types those of the four national model contracts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kernel.errors import Conflict, Invalid


class ContractType(StrEnum):
    """The four model contracts (MKT-04): 数据提供, 数据委托处理, 数据融合开发, 数据中介."""

    PROVISION = "provision"
    ENTRUSTED_PROCESSING = "entrusted_processing"
    FUSION_DEVELOPMENT = "fusion_development"
    INTERMEDIARY = "intermediary"


class Point(StrEnum):
    """The twelve points of a data trade contract, in the order of the standard."""

    PARTIES = "parties"
    CONTENT = "content"
    ALGORITHM = "algorithm"
    CONTRACT_TERM = "contract_term"
    PRICE = "price"
    DELIVERY_QUALITY = "delivery_quality"
    DELIVERY_FORM = "delivery_form"
    PURPOSE = "purpose"
    SCOPE = "scope"
    SECURITY = "security"
    USERS = "users"
    USE_TERM = "use_term"


HEADINGS: dict[Point, str] = {
    Point.PARTIES: "数据交易参与方",
    Point.CONTENT: "数据的内容描述",
    Point.ALGORITHM: "服务产品的算法逻辑和说明",
    Point.CONTRACT_TERM: "合约有效期",
    Point.PRICE: "定价与收益方式",
    Point.DELIVERY_QUALITY: "交付质量",
    Point.DELIVERY_FORM: "交付方式",
    Point.PURPOSE: "使用和加工目的",
    Point.SCOPE: "使用和加工范围",
    Point.SECURITY: "安全保护责任和义务",
    Point.USERS: "使用对象",
    Point.USE_TERM: "使用期限",
}
TITLES: dict[ContractType, str] = {
    ContractType.PROVISION: "数据提供合同",
    ContractType.ENTRUSTED_PROCESSING: "数据委托处理服务合同",
    ContractType.FUSION_DEVELOPMENT: "数据融合开发合同",
    ContractType.INTERMEDIARY: "数据中介服务合同",
}
STANDARD = "GB/T 37932-2025 9.2 d"


class SignatureState(StrEnum):
    """Who has signed; derived from the two signatures, never stored."""

    DRAFTED = "drafted"
    BUYER_SIGNED = "buyer_signed"
    SELLER_SIGNED = "seller_signed"
    CONCLUDED = "concluded"


class Side(StrEnum):
    """The two sides of the contract."""

    BUYER = "buyer"
    SELLER = "seller"


SIGNING: dict[tuple[SignatureState, Side], SignatureState] = {
    (SignatureState.DRAFTED, Side.BUYER): SignatureState.BUYER_SIGNED,
    (SignatureState.DRAFTED, Side.SELLER): SignatureState.SELLER_SIGNED,
    (SignatureState.BUYER_SIGNED, Side.SELLER): SignatureState.CONCLUDED,
    (SignatureState.SELLER_SIGNED, Side.BUYER): SignatureState.CONCLUDED,
}


class PointsMissing(Invalid):
    """A contract without all twelve points cannot be drafted."""

    code = "contract.points_missing"
    title = "合同要素不全"
    title_en = "The contract lacks points"


class AlreadySigned(Conflict):
    """That side has signed already."""

    code = "contract.already_signed"
    title = "已经签署"
    title_en = "Already signed"


class AnotherText(Conflict):
    """The signature names a text that is not this contract's."""

    code = "contract.another_text"
    title = "签署的不是本合同文本"
    title_en = "The digest is not this contract's"


@dataclass(frozen=True, slots=True)
class Deal:
    """The facts of one order that its contract states, each in words."""

    seller: str
    buyer: str
    product: str
    version: str
    content_sha256: str
    registration: str
    description: str
    fields: str
    source: str
    amount: str
    price_basis: str
    payment: str
    venue: str
    agreement: str
    delivery: str
    quantity: str
    purpose: str
    scenario: str
    months: str


def signature_state(*, buyer: bool, seller: bool) -> SignatureState:
    """Return the state that two signatures make."""
    if buyer and seller:
        return SignatureState.CONCLUDED
    if buyer:
        return SignatureState.BUYER_SIGNED
    return SignatureState.SELLER_SIGNED if seller else SignatureState.DRAFTED


def after_signature(state: SignatureState, side: Side) -> SignatureState:
    """Return the state after ``side`` signs.

    Raises:
        AlreadySigned: that side has signed before.
    """
    following = SIGNING.get((state, side))
    if following is None:
        raise AlreadySigned("本方已经签署该合同，无需重复签署", detail_en=f"The {side} has signed already")
    return following


def must_name_the_text(stated: str, actual: str) -> None:
    """Refuse a signature over another text than the stored one; both are SHA-256 in hexadecimal.

    Raises:
        AnotherText: the digests differ.
    """
    if stated != actual:
        raise AnotherText(
            f"您确认的文本摘要 {stated} 与合同摘要 {actual} 不一致；请重新阅读合同后签署",
            detail_en="Read the contract again: its digest is another",
        )


def contract_text(kind: ContractType, number: str, points: Mapping[Point, str]) -> str:
    """Return the text of the contract: title, number, and the twelve points under their headings.

    Raises:
        PointsMissing: a point is absent or empty (GB/T 37932-2025, 9.2 d); all are named.
    """
    missing = [point for point in Point if not points.get(point, "").strip()]
    if missing:
        words = "、".join(HEADINGS[point] for point in missing)
        raise PointsMissing(
            f"合同 {number} 缺少：{words}；请补充后再下单",
            detail_en=f"Contract {number} lacks {', '.join(missing)}",
            rule="MKT-04",
            article=STANDARD,
            errors=[{"pointer": f"/{point}", "code": "contract.points_missing", "message": HEADINGS[point]}
                    for point in missing],
        )  # fmt: skip
    lines = [TITLES[kind], f"合同编号：{number}", f"依据：{STANDARD}（电子合约应当包含的内容）", ""]
    for position, point in enumerate(Point, start=1):
        lines += [f"{position}. {HEADINGS[point]}", points[point].strip(), ""]
    return "\n".join(lines)


def text_sha256(text: str) -> str:
    """Return the SHA-256 of the text in UTF-8, which both sides sign."""
    return hashlib.sha256(text.encode()).hexdigest()


def points_of(deal: Deal) -> dict[Point, str]:
    """Return the twelve points of the contract for one order, in the words of the template."""
    return {
        Point.PARTIES: f"供方：{deal.seller}\n需方：{deal.buyer}",
        Point.CONTENT: (
            f"{deal.product}，第 {deal.version} 版（内容摘要 {deal.content_sha256}），登记编码 {deal.registration}。"
            f"{deal.description}\n数据字段：{deal.fields}。\n数据来源：{deal.source}"
        ),
        Point.ALGORITHM: (
            f"按通过合规审查的第 {deal.version} 版产品说明加工并提供结果，不提供原始数据，"
            "不提供可还原出原始数据的内容；算法逻辑有变化的，供方须发布新版本并重新送审。"
        ),
        Point.CONTRACT_TERM: "自双方签署之日起生效，至使用期限届满且双方义务履行完毕之日止。",
        Point.PRICE: (
            f"合同金额 {deal.amount} 元（{deal.price_basis}），{deal.payment}。"
            f"交易渠道：{deal.venue}。供方所得收益按授权运营协议 {deal.agreement} 约定的机制分配。"
        ),
        Point.DELIVERY_QUALITY: (
            f"与登记的第 {deal.version} 版一致；与说明不符的，需方自发现之日起可要求更正、重新提供或退还相应价款。"
        ),
        Point.DELIVERY_FORM: f"{deal.delivery}，数量 {deal.quantity}。供方于开通之时起提供。",
        Point.PURPOSE: f"{deal.purpose}。",
        Point.SCOPE: f"限于场景“{deal.scenario}”，不得用于其他目的或场景，不得转让、转售或向第三方提供。",
        Point.SECURITY: (
            "双方各自履行数据安全和个人信息保护义务；需方不得识别特定个人或还原原始数据，发生安全事件应立即停止使用、"
            "采取补救措施并通知对方和公共数据主管部门；全程留痕，接受审计。"
        ),
        Point.USERS: f"仅限需方{deal.buyer}及其持有有效访问密钥的内部系统使用。",
        Point.USE_TERM: f"自开通之日起 {deal.months} 个月，且不超过授权运营协议、产品登记和免费使用批准的有效期。",
    }
