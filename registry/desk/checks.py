"""What the system checks for the reviewers of each procedure, and which points they must confirm themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.applications import checks as application_checks
from registry.egress import checks as egress_checks
from registry.onboarding import checks as onboarding_checks
from registry.operator_reviews import checks as operator_checks
from registry.plans import checks as plan_checks
from registry.policy import RegistryPolicy
from registry.procedures.rules import Finding, Procedure
from registry.product_reviews import checks as product_checks
from registry.requests import checks as request_checks
from registry.reviews.model import Review
from registry.reviews.rules import finding_dict


class FindingsOf(Protocol):
    """What the system checks of the subject of a review."""

    def __call__(self, session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]: ...


FINDINGS: dict[Procedure, FindingsOf] = {
    Procedure.ONBOARDING: onboarding_checks.of_review,
    Procedure.PRODUCT: product_checks.of_review,
    Procedure.DATA_REQUEST: request_checks.of_review,
    Procedure.PLAN: plan_checks.findings,
    Procedure.APPLICATION: application_checks.findings,
    Procedure.OPERATOR: operator_checks.findings,
    Procedure.EGRESS: egress_checks.of_review,
}
REQUIRED: dict[Procedure, str] = {Procedure.PRODUCT: "review_checks_required"}  # attribute of RegistryPolicy


def findings(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return what the system finds about the subject of a review on that day."""
    find = FINDINGS.get(review.procedure)
    return [] if find is None else find(session, review, on=on, book=book)


def shown_findings(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[dict[str, Any]]:
    """Return what a reader sees: of a running review what is found today, of a closed one what was found then."""
    if review.decided_at is not None and review.findings:
        return review.findings
    return [finding_dict(one) for one in findings(session, review, on=on, book=book)]


def required(review: Review, *, on: date, book: PolicyBook) -> Sequence[str]:
    """Return the points that a reviewer must confirm before agreeing."""
    name = REQUIRED.get(review.procedure)
    cited = None if name is None else getattr(RegistryPolicy.at(book, review.place, on), name)
    return () if cited is None else cited.items()
