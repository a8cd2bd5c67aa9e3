"""The contract of an order: its twelve points, its text and digest, and who has signed.

The points are those of GB/T 37932-2025, 9.2 d; the types those of the four national model contracts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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
