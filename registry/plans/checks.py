"""What the system itself can check of a plan under review; findings, never refusals."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.plans import queries
from registry.plans.model import PlanVersion
from registry.plans.rules import missing_items
from registry.policy import RegistryPolicy
from registry.procedures.rules import Finding
from registry.reviews.model import Review


def findings(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return what was found about the version of a plan that is under review, in the order of the page."""
    found = queries.version(session, review.subject_id)
    policy = RegistryPolicy.at(book, found.plan.place, on)
    return [_items(found, policy), _decision(found, policy), *_scope(session, found)]


def _items(found: PlanVersion, policy: RegistryPolicy) -> Finding:
    required = policy.require("plan_items_required")
    lacking = missing_items(found.items, required.items())
    words = f"尚缺 {len(lacking)} 项" if lacking else f"{len(required.items())} 项内容均已填写"
    return Finding("plan_items", "方案内容完整", not lacking, words, "APP-01", required.citation())


def _decision(found: PlanVersion, policy: RegistryPolicy) -> Finding:
    cited = policy.plan_collective_decision_required
    demanded = cited is not None and cited.boolean()
    words = f"{found.decision_number}" if found.decision_number else "没有集体决策记录"
    article = cited.citation() if cited else ""
    is_met = not demanded or bool(found.decision_number and found.decision_sha256)
    return Finding("collective_decision", "“三重一大”集体决策", is_met, words, "APP-01", article)


def _scope(session: Session, found: PlanVersion) -> list[Finding]:
    entries = queries.catalogue(session, [entry.resource_id for entry in found.scope])
    wrong = [entry.code for entry in entries if entry.barred]
    words = f"不予开放：{'、'.join(wrong)}" if wrong else f"列入 {len(entries)} 项数据资源，均可授权"
    if not entries:
        words = "只以文字说明范围，须由审议人员核对"
    # data barred from opening may not be authorized, whatever else speaks for the plan
    return [Finding("scope_open", "授权范围不含不予开放的数据", not wrong, words, "APP-05", "")]
