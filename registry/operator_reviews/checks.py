"""What the system itself can check of an operator under review."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.operator_reviews import queries
from registry.operator_reviews.rules import lacking
from registry.parties.rules import STANDING_TITLES
from registry.policy import RegistryPolicy
from registry.procedures.rules import Finding
from registry.reviews.model import Review


def findings(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return what was found about the operator under review, in the order of the page."""
    found = queries.get(session, review.subject_id)
    party, years = found.operator, RegistryPolicy.at(book, found.place, on).operator_review_validity_years
    article = years.citation() if years else ""
    standing = f"{party.name}（{party.uscc}）目前为“{STANDING_TITLES[party.standing]}”"
    missing = "；".join(words for _, words in lacking(found.statements, found.evidence_sha256))
    words = missing or "两项说明和证明材料均已提交"
    return [
        Finding("operator_in_order", "单位状态", party.is_in_order, standing, "ACC-01", ""),
        Finding("statements_complete", "送审材料", not missing, words, "RVW-01", article),
    ]
