"""What the system itself can check of a product version, shown to every reviewer; findings, never refusals."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.procedures.rules import CHECK_TITLES, Finding
from registry.products import checks as product_bans
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.products.rules import personal_fields
from registry.requests import queries as requests
from registry.reviews.model import Review


def of_review(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return every finding about the version that a review is about."""
    return findings(session, review.subject_id, on=on, book=book)


def findings(session: Session, version_id: UUID, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return every finding about a product version on that day, met or not, in the order of the page."""
    version = products.version(session, version_id)
    product = session.get_one(Product, version.product_id)
    checks = book.get(product.place, "review.checks_required", on=on)
    article = checks.citation() if checks else ""
    return [
        _seller(session, product, article),
        _agreement(session, product, on, article),
        _scope(session, product, version, article),
        _requests(session, product, version, on, article),
        _scenario(session, product, on, article),
        _fields(version, article),
        _sample(version, article),
        _personal(version, article),
        _raw(version, book, product.place, on),
        *product_bans.findings(session, version.id, on=on, book=book),
    ]


def _seller(session: Session, product: Product, article: str) -> Finding:
    owner = session.get_one(Party, product.owner_id)
    words = f"{owner.name}（{owner.uscc}）" + ("状态正常" if owner.is_in_order else "已暂停或终止")
    return Finding("seller_in_order", "出售主体状态", owner.is_in_order, words, "RVW-06", article)


def _agreement(session: Session, product: Product, on: date, article: str) -> Finding:
    agreement = session.get_one(Agreement, product.agreement_id)
    in_force = agreement.in_force(on)
    words = f"协议 {agreement.number} {'有效' if in_force else '未生效、已暂停或已届满'}"
    return Finding("agreement_in_force", "授权运营协议有效", in_force, words, "AGR-03", article)


def _scope(session: Session, product: Product, version: ProductVersion, article: str) -> Finding:
    scope = {resource.id for resource in requests.scope(session, product.agreement_id)}
    outside = [used.resource.code for used in version.inputs if used.resource_id not in scope]
    words = f"超出范围或不予开放：{'、'.join(outside)}" if outside else f"{len(version.inputs)} 项资源均在授权范围内"
    return Finding("within_scope", CHECK_TITLES["within_scope"], not outside, words, "RVW-06", article)


def _requests(session: Session, product: Product, version: ProductVersion, on: date, article: str) -> Finding:
    approved = requests.approved_resources(
        session, applicant_id=product.owner_id, agreement_id=product.agreement_id, scenario=product.scenario, on=on
    )
    missing = [used.resource.code for used in version.inputs if used.resource_id not in approved]
    words = f"尚无同意：{'、'.join(missing)}" if missing else f"场景“{product.scenario}”的使用申请均已获同意"
    title = CHECK_TITLES["source_requests_approved"]
    return Finding("source_requests_approved", title, not missing, words, "RVW-03", article)


def _scenario(session: Session, product: Product, on: date, article: str) -> Finding:
    granted = requests.granted_scenarios(session, product.owner_id, product.agreement_id, on=on)
    is_met = product.scenario in granted
    words = f"“{product.scenario}”与已获同意的使用申请场景一致"
    other = "、".join(sorted(granted)) or "无"
    fact = words if is_met else f"产品场景为“{product.scenario}”，已获同意的场景：{other}；一项同意不得用于其他场景"
    return Finding("scenario_match", CHECK_TITLES["scenario_match"], is_met, fact, "RVW-02", article)


def _fields(version: ProductVersion, article: str) -> Finding:
    count = len(version.fields)
    words = f"已列明 {count} 个字段" if count else "没有列明产品字段，无法核对内容"
    return Finding("fields_listed", "产品字段已列明", bool(count), words, "RVW-06", article)


def _sample(version: ProductVersion, article: str) -> Finding:
    known = {str(field.get("name")) for field in version.fields}
    extra = sorted({str(name) for record in version.sample for name in record} - known)
    if not version.sample:
        return Finding("sample", "样例数据", False, "没有样例数据", "RVW-06", article, is_binding=False)
    words = f"样例含有未列明的字段：{'、'.join(extra)}" if extra else f"{len(version.sample)} 条样例，字段与说明一致"
    return Finding("sample", "样例数据", not extra, words, "RVW-06", article)


def _personal(version: ProductVersion, article: str) -> Finding:
    personal = personal_fields(version.fields)
    words = f"含个人信息字段：{'、'.join(personal)}，须核对去标识化或取得同意" if personal else "未标注个人信息字段"
    title = CHECK_TITLES["personal_information_and_secrets"]
    return Finding("personal_information", title, not personal, words, "RVW-06", article, is_binding=False)


def _raw(version: ProductVersion, book: PolicyBook, place: str, on: date) -> Finding:
    forbidden = book.get(place, "egress.raw_data_forbidden", on=on)
    own = {str(field.get("name")) for field in version.fields}
    alike = [
        used.resource.code
        for used in version.inputs
        if own and own == {str(field.get("name")) for field in used.resource.fields}
    ]
    words = (
        f"字段与数据资源 {'、'.join(alike)} 完全相同，疑似原始数据" if alike else "字段与任何一项原始数据资源均不相同"
    )
    article = forbidden.citation() if forbidden else ""
    title = CHECK_TITLES["raw_stays_in_domain"]
    return Finding("raw_stays_in_domain", title, not alike, words, "EGR-02", article, is_binding=False)
