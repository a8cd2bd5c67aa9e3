"""The contract of an order: its twelve points, its text and digest, and who has signed.

The points are those of GB/T 37932-2025, 9.2 d; the types those of the four national model contracts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
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


class SealKind(StrEnum):
    """What is kept as evidence of an electronic seal: 加盖电子印章的文件, 印章或签名证书."""

    SEALED_DOCUMENT = "sealed_document"
    CERTIFICATE = "certificate"


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


class SealRefused(Invalid):
    """The file is not what it is said to be, or the moment of sealing cannot be right."""

    code = "contract.seal_refused"
    title = "电子印章材料不能接受"
    title_en = "The evidence of the seal is refused"


class NotSignedYet(Conflict):
    """Evidence of a seal belongs to a signature, and that side has not signed."""

    code = "contract.not_signed_yet"
    title = "尚未签署"
    title_en = "Not signed yet"


# what a file of each kind begins with, and what it then is; the name alone proves nothing
BEGINNINGS: dict[SealKind, dict[bytes, str]] = {
    SealKind.SEALED_DOCUMENT: {b"%PDF-": "application/pdf"},
    SealKind.CERTIFICATE: {
        b"-----BEGIN CERTIFICATE-----": "application/x-pem-file",
        b"-----BEGIN PKCS7-----": "application/x-pem-file",
        b"\x30\x82": "application/pkix-cert",  # DER: a certificate, or a detached signature
    },
}


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
    retention_years: str


@dataclass(frozen=True, slots=True)
class Template:
    """The words of one kind of contract from one day on; ``{names}`` in them are facts of a :class:`Deal`."""

    kind: ContractType
    title: str
    basis: str
    effective_from: date
    points: Mapping[Point, str]
    clauses: tuple[tuple[str, str], ...]  # what the parties agree beyond the twelve points: heading and words


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


def contract_type(*, inputs: int, of_buyer: int, is_brokered: bool = False) -> ContractType:
    """Return which of the four model contracts a purchase needs, by what is traded (MKT-04).

    ``inputs`` is the number of resources that the version was made from, ``of_buyer`` how many of them the buyer gave.
    A seller that only brings the parties together is an intermediary. Data of the buyer alone is processed for it;
    put together with that of others it is a joint development; all else is a provision of data.
    """
    if is_brokered:
        return ContractType.INTERMEDIARY
    if not of_buyer:
        return ContractType.PROVISION
    return ContractType.ENTRUSTED_PROCESSING if of_buyer == inputs else ContractType.FUSION_DEVELOPMENT


def template_on(templates: Iterable[Template], kind: ContractType, on: date) -> Template:
    """Return the words in force for a kind of contract on a day; before the first of them, the first.

    Raises:
        ValueError: there is no template of that kind at all.
    """
    known = sorted((one for one in templates if one.kind is kind), key=lambda one: one.effective_from)
    if not known:
        raise ValueError(f"no template of {kind}")
    return [known[0], *(one for one in known if one.effective_from <= on)][-1]


def contract_text(template: Template, number: str, points: Mapping[Point, str], deal: Deal) -> str:
    """Return the text that both sides sign: title, number, the twelve points in order, and the further clauses.

    Raises:
        PointsMissing: one of the twelve points is empty (GB/T 37932-2025, 9.2 d); all are named.
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
    basis = f"依据：{STANDARD}（电子合约应当包含的内容）；{template.basis}（{template.effective_from} 起）"
    lines = [template.title, f"合同编号：{number}", basis, ""]
    for position, point in enumerate(Point, start=1):
        lines += [f"{position}. {HEADINGS[point]}", points[point].strip(), ""]
    facts = _facts(deal)
    for position, (heading, words) in enumerate(template.clauses, start=len(Point) + 1):
        lines += [f"{position}. {heading}", words.format_map(facts).strip(), ""]
    return "\n".join(lines)


def worded(template: Template, number: str, deal: Deal) -> str:
    """Return the text of the contract of one order.

    Raises:
        PointsMissing: the product lacks something that the contract must state.
    """
    return contract_text(template, number, points_of(deal, template), deal)


def text_sha256(text: str) -> str:
    """Return the SHA-256 of the text in UTF-8, which both sides sign."""
    return hashlib.sha256(text.encode()).hexdigest()


def points_of(deal: Deal, template: Template) -> dict[Point, str]:
    """Return the twelve points of the contract for one order, in the words of the template."""
    facts = _facts(deal)
    return {point: template.points[point].format_map(facts) for point in Point}


def _facts(deal: Deal) -> dict[str, str]:
    return {one.name: getattr(deal, one.name) for one in fields(deal)}


def media_type_of_seal(kind: SealKind, name: str, content: bytes) -> str:
    """Return what the evidence of a seal is, judged by how the file begins.

    Raises:
        SealRefused: it is not a PDF, or not a certificate or signature as PEM or DER.
    """
    for beginning, media_type in BEGINNINGS[kind].items():
        if content.startswith(beginning):
            return media_type
    wanted = "PDF 文件" if kind is SealKind.SEALED_DOCUMENT else "PEM 或 DER 格式的证书或签名"
    raise SealRefused(f"{name} 不是{wanted}，请核对后重新上传", detail_en=f"{name} is not what it should be",
                      errors=[{"pointer": "/file", "code": SealRefused.code, "message": f"应为{wanted}"}])  # fmt: skip


def must_be_sealed_in_time(sealed_at: datetime, drafted_at: datetime, now: datetime) -> None:
    """Refuse a moment of sealing before the text existed or after now.

    Raises:
        SealRefused: the moment cannot be right.
    """
    if not drafted_at <= sealed_at <= now:
        wrong = [{"pointer": "/sealed_at", "code": SealRefused.code, "message": "时间不符"}]
        raise SealRefused("用印时间须在合同拟定之后、当前时间之前", detail_en="Before the text, or later than now",
                          errors=wrong)  # fmt: skip
