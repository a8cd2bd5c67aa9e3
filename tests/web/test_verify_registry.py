"""The independent checker on the registry: every breach that it knows is planted, found, and called by its name."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from kernel import db
from registry.accounts.rules import FORBIDDEN_PAIRS
from tests.rig.books import Row, damaged, findings_of, told_books
from web.checker import verify
from web.checker.evidence import DOCUMENTS
from web.checker.guards import APPEND_ONLY, present_guards, wanted_guards
from web.checker.registry import FORBIDDEN, REGISTRY_CHECKS
from web.checker.reviews import REVIEW_CHECKS

SEAT = "registry_review_stage"
OPINION = "registry_review_opinion"
# digests of contents, texts, secrets and accounts: nothing is kept under them
NO_DOCUMENTS = {
    "content_sha256", "token_sha256", "secret_sha256", "login_sha256", "word_sha256", "steps_sha256",
    "market_import_batch.file_sha256",
    "previous_sha256", "inputs_sha256", "settlement_run.report_sha256", "registry_disclosure.sha256",
    "evidence_file.sha256", "audit_seal.sha256", "audit_seal.tree_sha256", "market_contract.sha256",
    "market_data_set.sha256",
    "settlement_statement.sha256", "settlement_period_root.sha256", "settlement_root_part.sha256",
    "settlement_anchor.sha256", "pricing_assessment.sha256", "pricing_misuse.sha256", "pricing_proposal.sha256",
    "pricing_proposal_decision.sha256", "registry_egress_export.file_sha256", "market_bank_file.sha256",
    "market_stripe_event.sha256", "market_delivery_receipt.sha256", "market_receipt_signature.sha256",
    "settlement_break.facts_sha256", "settlement_break_step.sha256", "settlement_closing.balances_sha256",
    "settlement_payout_batch.sha256", "settlement_provider_file.sha256",
}  # fmt: skip


def seat_of(procedure: str, column: str = "id") -> str:
    """SQL for one seat of a passed review of that procedure."""
    return f"(SELECT {column} FROM {SEAT} WHERE procedure = '{procedure}' AND state = 'agreed' LIMIT 1)"


def one(table: str, column: str = "id", where: str = "1 = 1") -> str:
    """SQL for a column of one row."""
    return f"(SELECT {column} FROM {table} WHERE {where} LIMIT 1)"


def account(condition: str = "1 = 1") -> str:
    """SQL for an account that satisfies a condition."""
    return one("registry_account", where=condition)


OF_DATA = f"id = {seat_of('data_request')}"
DEEMED = "UPDATE registry_review_opinion SET deemed = 1, reviewer_account_id = NULL WHERE stage_id = " + seat_of(
    "data_request"
)
EXPORT = Row("registry_egress_export", {
    "check_id": one("registry_egress_check"), "version_id": one("registry_egress_check", "version_id"),
    "content_sha256": "(SELECT v.content_sha256 FROM registry_product_version v "
    "JOIN registry_egress_check c ON c.version_id = v.id LIMIT 1)",
    "exported_at": "'2026-10-01 00:00:00.000000'",
})  # fmt: skip
CLOSED_EXIT = Row("registry_exit", {"state": "'closed'", "id": f"'{'e' * 32}'", "settlement_reference": "'SET-1'"})
CONFIRMED_ASK = Row("registry_grant_ask", {
    "account_id": account(), "role": "'supervisor'", "state": "'confirmed'", "asked_by": account(),
    "decided_by": account(),
})  # fmt: skip

BREACHES: dict[str, str | Row | Sequence[str | Row]] = {
    "RVW-03 审查已通过而有环节未同意": f"UPDATE {SEAT} SET state = 'closed' WHERE {OF_DATA}",
    "RVW-03 审查没有任何环节": f"DELETE FROM {SEAT} WHERE procedure = 'plan'",
    "RVW-03 审查不予通过而没有环节不同意": "UPDATE registry_review SET state = 'refused' WHERE procedure = 'egress'",
    "RVW-03 环节结论与意见不符": f"DELETE FROM {OPINION} WHERE stage_id = {seat_of('product')}",
    "RVW-06 审查办理中而没有开放的环节": (
        "UPDATE registry_review SET state = 'in_stage', decided_at = NULL WHERE procedure = 'operator'"
    ),
    "RVW-06 环节开放而审查不在该环节": f"UPDATE {SEAT} SET state = 'open' WHERE {OF_DATA}",
    "RVW-06 审查期限不是最早的环节期限": [
        "UPDATE registry_review SET state = 'in_stage', due_date = '2026-01-02' WHERE procedure = 'egress'",
        f"UPDATE {SEAT} SET state = 'open', due_date = '2026-01-01' WHERE procedure = 'egress'",
    ],
    "RVW-03 同一人办理了同一审查的两个环节": (
        f"UPDATE {OPINION} SET reviewer_account_id = {account()} "
        f"WHERE stage_id IN (SELECT id FROM {SEAT} WHERE procedure = 'data_request')"
    ),
    "SEP-01 申请单位的人员办理了本单位的审查": (
        "UPDATE registry_review SET applicant_id = (SELECT a.party_id FROM registry_account a "
        f"JOIN {OPINION} o ON o.reviewer_account_id = a.id JOIN {SEAT} s ON s.id = o.stage_id "
        "WHERE s.review_id = registry_review.id AND a.party_id IS NOT NULL) WHERE procedure = 'data_request'"
    ),
    "RVW-03 环节由其他单位的人员办理": (
        f"UPDATE {SEAT} SET party_id = '{'0' * 32}' WHERE party_id IS NOT NULL AND state = 'agreed'"
    ),
    "DSP-02 作出不予通过结论的人办理了复核": (
        "UPDATE registry_review SET appeal_of_id = id WHERE procedure = 'application' AND state = 'refused'"
    ),
    "B8 数据使用申请以外的环节适用超期视为同意": f"UPDATE {SEAT} SET silence_consents = 1 WHERE procedure = 'product'",
    "B8 不适用超期视为同意的环节被视为同意": [f"UPDATE {SEAT} SET silence_consents = 0 WHERE {OF_DATA}", DEEMED],
    "B8 沉默被计为同意以外的结论": [DEEMED, f"UPDATE {OPINION} SET decision = 'refuse' WHERE deemed"],
    "B8 申请的通过依据与意见不符": "UPDATE registry_data_request SET basis = 'deemed'",
    "B8 期限届满之前即视为同意": [
        DEEMED, f"UPDATE {SEAT} SET due_date = '2030-01-01', days = 1, silence_consents = 1 WHERE {OF_DATA}",
    ],
    "RVW-02 数据使用申请已批准而审查未通过": "DELETE FROM registry_review WHERE procedure = 'data_request'",
    "REG-02 登记已赋码而产品版本从未通过合规审查": (
        "UPDATE registry_review SET decided_at = '2026-12-01 00:00:00.000000' WHERE procedure = 'product'"
    ),
    "APP-01 实施方案已审定而审查未通过": "UPDATE registry_review SET state = 'withdrawn' WHERE procedure = 'plan'",
    "APP-03 运营申请已通过而审查未通过": "UPDATE registry_application SET state = 'passed' WHERE state <> 'passed'",
    "RVW-01 运营机构安全审核已通过而审查未通过": "DELETE FROM registry_review WHERE procedure = 'operator'",
    "EGR-01 出域核查已通过而审查未通过": "DELETE FROM registry_review WHERE procedure = 'egress'",
    "APP-04 主体已进驻而核验未通过": "DELETE FROM registry_review WHERE procedure = 'onboarding'",
    "EGR-02 出域交付没有通过的核查": [EXPORT, "UPDATE registry_egress_check SET state = 'failed'"],
    "EGR-02 出域交付的内容不是核查的版本": [EXPORT, "UPDATE registry_egress_export SET content_sha256 = 'other'"],
    "APP-03 选定结果所依据的申请未通过": "UPDATE registry_application SET state = 'refused'",
    "APP-03 选定由提出人自行确认": "UPDATE registry_selection SET confirmed_by = proposed_by",
    "APP-03 选定已公布而未经确认": "UPDATE registry_selection SET confirmed_by = NULL",
    "APP-01 签订的协议没有实施方案或选定结果": (
        "UPDATE registry_agreement SET selection_id = NULL WHERE place = 'guangzhou'"
    ),
    "APP-02 协议的运营机构不是公布选定的机构": "UPDATE registry_selection SET state = 'confirmed'",
    "APP-01 协议范围内的数据不在实施方案之内": (
        "DELETE FROM registry_plan_resource WHERE rowid = (SELECT min(rowid) FROM registry_plan_resource)"
    ),
    "ACC-01 部分数据的授权终止没有经确认的决定": [
        "UPDATE registry_agreement_resource SET ended_on = '2026-10-01', ended_reason = '整改不到位'",
        Row("registry_partial_end", {"agreement_id": one("registry_agreement")}),
    ],
    "AGR-06 服务协议未经双方各自签署": (
        "UPDATE registry_service_signature SET signed_by = (SELECT min(signed_by) FROM registry_service_signature)"
    ),
    "AGR-06 服务协议与签署的内容不符": "UPDATE registry_service_agreement SET particulars = '另有约定'",
    "AGR-07 退出由一人办结": [CLOSED_EXIT, *(
        Row("audit_line", {"action": f"'{act}'", "object_type": "'registry_exit'", "actor_id": account(),
                           "object_id": f"'{'e' * 32}'"})
        for act in ("exit.ask_close", "exit.close")
    )],
    "AGR-07 退出已办结而没有办结记录": CLOSED_EXIT,
    "DEL-01 退出已办结而没有删除证明或结算": CLOSED_EXIT,
    "DEL-01 部分删除证明没有经确认的终止": Row("registry_partial_deletion", {}),
    "J6 一人兼任不相容职务": [
        f"UPDATE registry_role_grant SET account_id = {one('registry_role_grant', 'account_id', f'role = {held!r}')} "
        f"WHERE id = {one('registry_role_grant', where=f'role = {wanted!r}')}"
        for held, wanted in (("finance_preparer", "finance_checker"),)
    ],
    "J7 平台职责由申请人或受益人自行确认": CONFIRMED_ASK,
    "J7 确认授予的职责与申请不符": CONFIRMED_ASK,
    "J7 职责由本人授予": "UPDATE registry_role_grant SET granted_by = account_id",
    "J6 单位的职责授予其他单位的人员": "UPDATE registry_role_grant SET party_id = id WHERE role = 'operator'",
    "TRN-01 培训考核由受训人自行登记": "UPDATE registry_training_record SET recorded_by = account_id",
    "DIS-02 披露未经第二人核对即公布": Row("registry_disclosure", {
        "state": "'published'", "prepared_by": account(), "checked_by": account(),
    }),
    "DIS-02 披露内容与摘要不符": Row("registry_disclosure", {}),
    "SEC-02 风险已办结而报告没有送达全部单位": Row("registry_incident", {"closed_at": "'2026-10-01 00:00:00.000000'"}),
    "SEC-02 风险已办结而有单位未收到报告": Row("registry_incident", {
        "closed_at": "'2026-10-01 00:00:00.000000'", "recipients": """'["网信部门"]'""",
    }),
    "REG-03 登记的状态与办理记录不符": "UPDATE registry_registration SET accepted_at = NULL",
    "REG-03 形式审核与赋码为同一人": "UPDATE registry_registration SET coded_by = passed_by",
    "REG-05 存证不是该版本的内容": "UPDATE registry_evidence_record SET content_sha256 = 'other'",
    "REG-08 注销或撤销由提出人自行确认": Row("registry_registration_ask", {
        "registration_id": one("registry_registration"), "state": "'confirmed'", "asked_by": account(),
        "decided_by": account(),
    }),
    "REG-06 异议未驳回即赋码": Row("registry_objection", {"registration_id": one("registry_registration")}),
    "REG-06 登记的异议状态与异议不符": "UPDATE registry_registration SET state = 'objected'",
    "REG-02 登记的版本或登记主体不属于该产品": "UPDATE registry_registration SET registrant_id = version_id",
    "REG-07 登记有效期超出授权期限": "UPDATE registry_registration SET valid_until = '2036-01-01'",
    "RVW-04 产品所用数据没有获批的使用申请": "UPDATE registry_data_request SET state = 'rejected', basis = NULL",
    "ACC-01 产品所用数据不在授权范围之内": "DELETE FROM registry_agreement_resource",
    "APP-04 统一社会信用代码校验不符": (
        "UPDATE registry_party SET uscc = substr(uscc, 1, 16) || substr(uscc, 18, 1) || substr(uscc, 17, 1) "
        "WHERE substr(uscc, 17, 1) <> substr(uscc, 18, 1)"
    ),
    "REG-03 登记编码校验不符": "UPDATE registry_registration SET code = replace(code, '2026', '2027')",
    "FILE 记录所列文件没有保存": "UPDATE registry_plan_version SET decision_sha256 = 'gone'",
}  # fmt: skip


@pytest.fixture(scope="module")
def books() -> Path:
    """The books of three places after the whole story."""
    return told_books()


@pytest.mark.parametrize("breach", BREACHES)
def test_each_planted_breach_of_the_registry_is_found_and_named(books: Path, tmp_path: Path, breach: str) -> None:
    found = findings_of(damaged(books, tmp_path, BREACHES[breach]))
    assert any(finding.startswith(f"{breach}：") for finding in found), found


def test_every_query_on_the_registry_has_a_breach_of_its_own() -> None:
    asked = {f"{check.code} {check.words}" for check in (*REVIEW_CHECKS, *REGISTRY_CHECKS)}
    assert len(asked) == len(REVIEW_CHECKS) + len(REGISTRY_CHECKS)
    assert asked <= set(BREACHES)


@pytest.mark.parametrize(
    ("breach", "table", "columns"),
    [
        ("APP-03 选定由提出人自行确认", "registry_selection", ("proposed_by", "confirmed_by")),
        ("TRN-01 培训考核由受训人自行登记", "registry_training_record", ("account_id", "recorded_by")),
        ("REG-03 形式审核与赋码为同一人", "registry_registration", ("passed_by", "coded_by")),
    ],
)
def test_what_one_person_does_under_two_accounts_is_found_as_well(
    books: Path, tmp_path: Path, breach: str, table: str, columns: tuple[str, str]
) -> None:
    person = f"'{'a' * 32}'"
    linked = [
        Row("registry_account_person", {"account_id": one(table, column), "person_id": person}) for column in columns
    ]
    found = findings_of(damaged(books, tmp_path, linked))
    assert any(finding.startswith(f"{breach}：") for finding in found), found


def test_a_dropped_trigger_of_the_registry_is_found(books: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.sqlite"
    shutil.copy(books, path)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER registry_review_opinion_silence")
    connection.commit()
    connection.close()
    assert findings_of(path) == ["GUARD 数据库触发器缺失或被停用：registry_review_opinion_silence"]


@pytest.mark.both_databases
def test_every_trigger_of_the_schema_is_on_the_checker_s_list(session: Session) -> None:
    connection = session.connection()
    functions = {name for name in present_guards(connection) if name.endswith("_no_truncate")}
    assert present_guards(connection) - wanted_guards(connection.dialect.name) == set()
    assert verify(connection) == [], "an empty database has every guard and no breach; every query runs on it"
    assert len(functions) in (0, len(APPEND_ONLY))


def test_every_column_that_names_a_document_is_on_the_checker_s_list() -> None:
    db.import_models()
    named = {
        f"{table.name}.{column.name}"
        for table in db.Base.metadata.sorted_tables for column in table.columns
        if column.name.endswith("sha256") and column.name not in NO_DOCUMENTS
    } - NO_DOCUMENTS  # fmt: skip
    assert named == set(DOCUMENTS)


def test_the_checker_s_own_table_of_forbidden_pairs_is_that_of_the_rules() -> None:
    assert {frozenset(str(role) for role in pair) for pair in FORBIDDEN_PAIRS if len(pair) > 1} == FORBIDDEN


def test_the_checker_imports_nothing_that_writes() -> None:
    """It may share no code with what it checks: neither concepts nor the floors above them."""
    for path in (Path(__file__).parent.parent.parent / "web" / "checker").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        imported = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
        assert not [line for line in imported if line.split()[1].split(".")[0] in
                    ("kernel", "registry", "pricing", "market", "settlement")], path  # fmt: skip
