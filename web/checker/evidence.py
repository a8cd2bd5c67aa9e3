"""Documents that records name and nobody has kept, texts that are not those that were signed, consent before its time.

What SQL of both databases cannot say in the same words is worked out here from the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from web.checker.digests import digest, parsed

# every column that names a kept document, as "table.column"
DOCUMENTS = (
    "market_contract_seal.sha256", "market_dispute.evidence_sha256", "market_dispute_statement.evidence_sha256",
    "market_feedback.file_sha256", "market_product_file.sha256", "pricing_allocation_key.evidence_sha256",
    "pricing_charge.evidence_sha256", "pricing_complaint.evidence_sha256", "pricing_cost_line.evidence_sha256",
    "pricing_determination.evidence_sha256", "pricing_exemption.evidence_sha256",
    "pricing_exemption_amendment.evidence_sha256", "pricing_misuse.evidence_sha256",
    "pricing_misuse_statement.evidence_sha256", "registry_agreement.emergency_plan_sha256",
    "registry_application_proof.sha256", "registry_co_registrant.evidence_sha256",
    "registry_correction_report.evidence_sha256", "registry_deletion_certificate.evidence_sha256",
    "registry_delivery.evidence_sha256", "registry_duty_filing.evidence_sha256",
    "registry_egress_check.report_sha256", "registry_emergency_drill.evidence_sha256",
    "registry_emergency_plan.sha256", "registry_evaluation.self_evidence_sha256",
    "registry_evidence_record.evidence_sha256", "registry_interested_party.evidence_sha256",
    "registry_objection_file.sha256", "registry_onboarding_document.sha256",
    "registry_operator_review.evidence_sha256", "registry_partial_deletion.evidence_sha256",
    "registry_plan_version.decision_sha256", "registry_quality_event.evidence_sha256",
    "registry_quality_ticket.evidence_sha256", "registry_registration_ask.evidence_sha256",
    "registry_registration_record.evidence_sha256", "registry_relation.evidence_sha256",
    "registry_request_clearance.evidence_sha256", "registry_resource_consent.evidence_sha256",
    "registry_resource_registration.evidence_sha256", "registry_standard_text.sha256",
    "registry_training_record.evidence_sha256", "registry_version_evidence.sha256",
    "settlement_payout_resolution.file_sha256",
)  # fmt: skip
BEIJING = timedelta(hours=8)
# GB 32100: the last character of a unified social credit code, modulo 31; no I, O, S, V and Z
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# ISO 7064 MOD 37,36: the last character of a registration code
CODE_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def documents(connection: sa.Connection) -> list[str]:
    """Find records that name a document which is not kept."""
    found = []
    for column in DOCUMENTS:
        table, name = column.split(".")
        query = f"""SELECT DISTINCT t.{name} FROM {table} t LEFT JOIN evidence_file f ON f.sha256 = t.{name}
            WHERE t.{name} IS NOT NULL AND f.sha256 IS NULL"""  # noqa: S608 (names from the list above)
        found += [f"FILE 记录所列文件没有保存：{column} / {sha}" for (sha,) in connection.execute(sa.text(query))]
    return found


def preserved_contents(connection: sa.Connection) -> list[str]:
    """Find proofs of preservation (存证) that are not of the version they name."""
    query = """SELECT r.provider, r.reference FROM registry_evidence_record r
        JOIN registry_product_version v ON v.id = r.version_id WHERE v.content_sha256 <> r.content_sha256"""
    rows = connection.execute(sa.text(query))
    return [f"REG-05 存证不是该版本的内容：{provider} / {reference}" for provider, reference in rows]


def disclosures(connection: sa.Connection) -> list[str]:
    """Find disclosures whose content is not what was prepared, checked and published."""
    rows = connection.execute(sa.text("SELECT number, content, sha256 FROM registry_disclosure"))
    return [f"DIS-02 披露内容与摘要不符：{number}" for number, content, sha in rows if digest(content) != sha]


def service_agreements(connection: sa.Connection) -> list[str]:
    """Find service agreements that are not what both sides signed."""
    query = """SELECT v.number, a.number, v.operating_institution_id, v.partner_id, t.sha256, v.particulars,
            v.start_date, v.end_date, v.content_sha256
        FROM registry_service_agreement v JOIN registry_agreement a ON a.id = v.agreement_id
        JOIN registry_standard_text t ON t.id = v.text_id"""
    found = []
    for number, agreement, operator, partner, text, particulars, start, end, sha in connection.execute(sa.text(query)):
        signed = {
            "number": number, "agreement": agreement, "operating_institution": str(UUID(str(operator))),
            "partner": str(UUID(str(partner))), "text": text, "particulars": particulars, "start": str(start),
            "end": str(end),
        }  # fmt: skip
        if digest(signed) != sha:
            found.append(f"AGR-06 服务协议与签署的内容不符：{number}")
    return found


def early_silence(connection: sa.Connection) -> list[str]:
    """Find consents by silence that are dated before the last day for an opinion was over, in Beijing (B8)."""
    query = """SELECT r.number, s.title, s.due_date, o.given_at FROM registry_review_opinion o
        JOIN registry_review_stage s ON s.id = o.stage_id JOIN registry_review r ON r.id = s.review_id WHERE o.deemed"""
    return [
        f"B8 期限届满之前即视为同意：{number} / {title} / {due_date}"
        for number, title, due_date, given_at in connection.execute(sa.text(query))
        if due_date is None or _utc(given_at) < _day_after(date.fromisoformat(str(due_date)))
    ]


def _day_after(day: date) -> datetime:
    """Return the first moment of the next day in Beijing."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) - BEIJING


def incident_reports(connection: sa.Connection) -> list[str]:
    """Find closed incidents of which somebody who had to be told was not told."""
    query = """SELECT i.id, i.number, i.recipients, p.recipient FROM registry_incident i
        LEFT JOIN registry_incident_report p ON p.incident_id = i.id WHERE i.closed_at IS NOT NULL"""
    owed: dict[str, set[str]] = {}
    for _, number, recipients, told in connection.execute(sa.text(query)):
        owed.setdefault(number, {str(one) for one in parsed(recipients)}).discard(str(told))
    return [f"SEC-02 风险已办结而有单位未收到报告：{number} / {one}" for number in owed for one in sorted(owed[number])]


def credit_codes(connection: sa.Connection) -> list[str]:
    """Find organisations whose unified social credit code fails its check."""
    rows = connection.execute(sa.text("SELECT uscc, name FROM registry_party"))
    return [f"APP-04 统一社会信用代码校验不符：{uscc} / {name}" for uscc, name in rows if not _is_credit_code(uscc)]


def _is_credit_code(uscc: str) -> bool:
    if len(uscc) != 18 or not set(uscc) <= set(CREDIT_ALPHABET):
        return False
    weighed = sum(CREDIT_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(uscc[:-1]))
    return CREDIT_ALPHABET[-weighed % 31] == uscc[-1]


def registration_codes(connection: sa.Connection) -> list[str]:
    """Find registrations whose code is made up."""
    rows = connection.execute(sa.text("SELECT number, code FROM registry_registration WHERE code IS NOT NULL"))
    return [f"REG-03 登记编码校验不符：{number} / {code}" for number, code in rows if not _is_registration_code(code)]


def _is_registration_code(code: str) -> bool:
    signs, found = code.replace("-", ""), 36
    if not signs or not set(signs) <= set(CODE_ALPHABET):
        return False
    for sign in signs[:-1]:
        found = (found + CODE_ALPHABET.index(sign)) % 36 or 36
        found = found * 2 % 37
    return (found + CODE_ALPHABET.index(signs[-1])) % 36 == 1


def validities(connection: sa.Connection) -> list[str]:
    """Find registrations that outlast an authorization which itself lasts no longer than they do (REG-07)."""
    query = """SELECT g.number, g.valid_from, g.valid_until, a.term_start, a.term_end FROM registry_registration g
        JOIN registry_product p ON p.id = g.product_id JOIN registry_agreement a ON a.id = p.agreement_id
        WHERE g.valid_until >= a.term_end"""
    found = []
    for number, *days in connection.execute(sa.text(query)):
        valid_from, valid_until, term_start, term_end = (date.fromisoformat(str(day)) for day in days)
        if valid_from >= term_end or valid_until - valid_from + timedelta(days=1) >= term_end - term_start:
            found.append(f"REG-07 登记有效期超出授权期限：{number} / {valid_until} / {term_end}")
    return found


def _utc(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


EVIDENCE: tuple[Callable[[sa.Connection], list[str]], ...] = (
    documents, preserved_contents, disclosures, service_agreements, early_silence, incident_reports,
    credit_codes, registration_codes, validities,
)  # fmt: skip
