"""What the system itself can check of an application: form of the applicant, standing, incidents, conditions."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.applications import queries
from registry.applications.model import Application
from registry.applications.rules import condition_findings, form_finding, incident_finding
from registry.parties.rules import STANDING_TITLES
from registry.policy import RegistryPolicy
from registry.procedures.rules import Finding
from registry.reviews.model import Review


def findings(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return what was found about the application under review, in the order of the page."""
    return of_application(session, queries.get(session, review.subject_id), on=on, book=book)


def of_application(session: Session, found: Application, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return every finding about an application (whole) on that day, met or not.

    Source:
        发改数据规〔2025〕27号 第三条、第十二条; 普洱 第十条; 浙政办发〔2023〕44号 安全条件; 福田 第三章 (APP-04).
    """
    policy, party = RegistryPolicy.at(book, found.place, on), found.applicant
    made = [
        form_finding(party.name, party.kind, policy.agreement_legal_form, policy.agreement_organisation_kinds),
        Finding(
            "applicant_in_order", "单位状态", party.is_in_order, f"{party.name}（{party.uscc}）"
            f"目前为“{STANDING_TITLES[party.standing]}”", "ACC-01", "",
        ),
    ]  # fmt: skip
    if policy.operator_incident_free_years_min is not None:
        made.append(incident_finding(found.declared, policy.operator_incident_free_years_min, on))
    if policy.operator_conditions_required is not None:
        credit = queries.credit_facts(session, party.id, on)
        made += condition_findings(policy.operator_conditions_required, queries.proofs(found).keys(), credit)
    return made
