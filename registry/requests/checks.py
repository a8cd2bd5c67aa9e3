"""What the system itself can check of a data-use request, shown to every reviewer; findings, never refusals."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.policy import RegistryPolicy
from registry.procedures.rules import Finding
from registry.requests import queries
from registry.requests.model import DataRequest
from registry.requests.rules import CLEARANCE_TITLES
from registry.reviews.model import Review


def of_review(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return every finding about the request that a review is about, met or not, in the order of the page."""
    request = queries.get(session, review.subject_id)
    policy = RegistryPolicy.at(book, request.place, on)
    article = policy.request_reviewers.citation() if policy.request_reviewers else ""
    return [
        _applicant(session, request, article),
        _agreement(session, request, on, article),
        _scope(session, request, article),
        _clearances(session, request, policy, article),
    ]


def _applicant(session: Session, request: DataRequest, article: str) -> Finding:
    applicant = session.get_one(Party, request.applicant_id)
    words = f"{applicant.name}（{applicant.uscc}）" + ("状态正常" if applicant.is_in_order else "已暂停或终止")
    return Finding("applicant_in_order", "申请单位状态", applicant.is_in_order, words, "RVW-04", article)


def _agreement(session: Session, request: DataRequest, on: date, article: str) -> Finding:
    agreement = session.get_one(Agreement, request.agreement_id)
    in_force = agreement.in_force(on)
    words = f"协议 {agreement.number} {'有效' if in_force else '未生效、已暂停或已届满'}"
    return Finding("agreement_in_force", "授权运营协议有效", in_force, words, "AGR-03", article)


def _scope(session: Session, request: DataRequest, article: str) -> Finding:
    scope = {resource.id for resource in queries.scope(session, request.agreement_id)}
    listed = queries.resources(session, request.id)
    outside = [resource.code for resource in listed if resource.id not in scope]
    words = f"超出范围或不予开放：{'、'.join(outside)}" if outside else f"{len(listed)} 项资源均在授权范围内"
    return Finding("within_scope", "在授权范围内", not outside, words, "APP-05", article)


def _clearances(session: Session, request: DataRequest, policy: RegistryPolicy, article: str) -> Finding:
    lacking = queries.lacking_clearances(session, request, policy)
    names = "、".join(CLEARANCE_TITLES[kind] for kind in lacking)
    words = f"尚未登记：{names}" if lacking else "当地要求的场景评审均已登记"
    return Finding("clearances", "应用场景评审", not lacking, words, "RVW-02", article, is_binding=False)
