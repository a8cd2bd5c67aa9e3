"""What the system itself can see of a version that would leave the domain; findings, never refusals."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.egress import queries
from registry.egress.model import EgressCheck
from registry.egress.rules import Source, raw_alike, restorable, source_of
from registry.policy import RegistryPolicy
from registry.procedures.rules import Finding
from registry.products import queries as products
from registry.products.model import ProductVersion
from registry.products.rules import personal_fields
from registry.reviews.model import Review


def of_review(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return every finding about the egress check that a review decides.

    Raises:
        NoSuchCheck: the review is not about an egress check.
    """
    return findings(session, queries.get(session, review.subject_id), on=on, book=book)


def findings(session: Session, check: EgressCheck, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return every finding about what would leave, met or not, in the order of the page (EGR-01, EGR-02)."""
    version = products.version(session, check.version_id)
    policy = RegistryPolicy.at(book, check.place, on)
    return [
        _raw(version, policy),
        _restorable(version, policy),
        _personal(version, check, policy),
        _group_size(check, policy),
        _newest(session, version, policy),
    ]


def _raw(version: ProductVersion, policy: RegistryPolicy) -> Finding:
    forbidden = policy.egress_raw_data_forbidden
    found = raw_alike(_names(version), _sources(version))
    words = f"字段与数据资源 {'、'.join(found)} 完全相同，属原始数据" if found else "字段与任何一项数据资源均不相同"
    article = forbidden.citation() if forbidden else ""
    is_binding = policy.says("egress_raw_data_forbidden")
    return Finding("raw_stays_in_domain", "原始数据不出域", not found, words, "EGR-02", article, is_binding)


def _restorable(version: ProductVersion, policy: RegistryPolicy) -> Finding:
    forbidden = policy.egress_restorable_forbidden
    found = restorable(_names(version), _sources(version))
    words = (
        f"含有数据资源 {'、'.join(found)} 的全部标识字段，可还原出原始数据" if found else "不含任一资源的全部标识字段"
    )
    article = forbidden.citation() if forbidden else ""
    is_binding = policy.says("egress_restorable_forbidden")
    return Finding("not_reversible", "不可还原出原始数据", not found, words, "EGR-02", article, is_binding)


def _personal(version: ProductVersion, check: EgressCheck, policy: RegistryPolicy) -> Finding:
    personal = personal_fields(version.fields)
    is_met = not personal or bool(check.personal_basis.strip())
    if not personal:
        words = "不含个人信息字段"
    else:
        words = f"含个人信息字段：{'、'.join(personal)}；依据：{check.personal_basis.strip() or '未说明'}"
    return Finding("personal_basis", "个人信息有处理依据", is_met, words, "EGR-01", _article(policy))


def _group_size(check: EgressCheck, policy: RegistryPolicy) -> Finding:
    declared = check.minimum_group_size
    words = f"声明每项统计至少含 {declared} 条记录" if declared else "未声明统计结果的最小分组数"
    article = _article(policy)
    return Finding("minimum_group_size", "最小分组数", declared is not None, words, "EGR-01", article, is_binding=False)


def _newest(session: Session, version: ProductVersion, policy: RegistryPolicy) -> Finding:
    newest = products.latest_version(session, version.product_id)
    is_met = newest.id == version.id
    words = f"第 {version.number} 版为最新版本" if is_met else f"已有第 {newest.number} 版，须就最新版本另行申请"
    return Finding("newest_version", "核查的是最新版本", is_met, words, "EGR-01", _article(policy))


def _article(policy: RegistryPolicy) -> str:
    required = policy.egress_check_required
    return required.citation() if required else ""


def _names(version: ProductVersion) -> list[str]:
    return [str(field["name"]) for field in version.fields]


def _sources(version: ProductVersion) -> list[Source]:
    return [source_of(used.resource.code, used.resource.fields) for used in version.inputs]
