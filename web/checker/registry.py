"""What must be true of authorizations, people, disclosures and registrations; queries as in ``statements.py``."""

from __future__ import annotations

from web.checker.statements import Check

AUTHORIZATION = (
    Check("APP-03", "选定结果所依据的申请未通过", """SELECT s.number, a.number, a.state FROM registry_selection s
        JOIN registry_application a ON a.id = s.application_id WHERE s.state IN ('confirmed', 'published')
            AND (a.state <> 'passed' OR a.call_id <> s.call_id OR a.applicant_id <> s.operator_id)"""),
    Check("APP-03", "选定由提出人自行确认", """SELECT s.number FROM registry_selection s
        LEFT JOIN registry_account_person one ON one.account_id = s.proposed_by
        LEFT JOIN registry_account_person other ON other.account_id = s.confirmed_by
        WHERE s.confirmed_by = s.proposed_by OR one.person_id = other.person_id"""),
    Check("APP-03", "选定已公布而未经确认", """SELECT number FROM registry_selection
        WHERE state = 'published' AND (confirmed_by IS NULL OR published_on IS NULL)"""),
    # the books of the time before plans were kept here have no plan; from the first agreement with one on, all have
    Check("APP-01", "签订的协议没有实施方案或选定结果", """SELECT a.number FROM registry_agreement a
        WHERE a.signed_at IS NOT NULL AND (a.plan_id IS NULL OR a.selection_id IS NULL)
            AND a.signed_at > (SELECT min(b.signed_at) FROM registry_agreement b WHERE b.plan_id IS NOT NULL)"""),
    Check("APP-02", "协议的运营机构不是公布选定的机构", """SELECT a.number, s.number FROM registry_agreement a
        JOIN registry_selection s ON s.id = a.selection_id JOIN registry_call c ON c.id = s.call_id
        WHERE a.signed_at IS NOT NULL AND (s.state <> 'published' OR s.operator_id <> a.operating_institution_id
            OR c.plan_id <> a.plan_id)"""),
    Check("APP-01", "协议范围内的数据不在实施方案之内", """SELECT a.number, x.code FROM registry_agreement a
        JOIN registry_agreement_resource e ON e.agreement_id = a.id JOIN registry_resource x ON x.id = e.resource_id
        WHERE a.signed_at IS NOT NULL AND a.plan_id IS NOT NULL
            AND EXISTS (SELECT 1 FROM registry_plan_version v JOIN registry_plan_resource l ON l.plan_version_id = v.id
                WHERE v.plan_id = a.plan_id)
            AND NOT EXISTS (SELECT 1 FROM registry_plan_version v JOIN registry_plan_resource l
                ON l.plan_version_id = v.id WHERE v.plan_id = a.plan_id AND l.resource_id = e.resource_id
                    AND v.state IN ('in_effect', 'superseded'))"""),
    Check("ACC-01", "部分数据的授权终止没有经确认的决定", """SELECT a.number, x.code
        FROM registry_agreement_resource e JOIN registry_agreement a ON a.id = e.agreement_id
        JOIN registry_resource x ON x.id = e.resource_id
        WHERE e.ended_on IS NOT NULL AND NOT EXISTS (SELECT 1 FROM registry_partial_end p
            WHERE p.agreement_id = e.agreement_id AND p.confirmed_at IS NOT NULL AND p.confirmed_by <> p.asked_by
                AND replace(CAST(p.resource_ids AS TEXT), '-', '')
                    LIKE '%' || replace(CAST(e.resource_id AS TEXT), '-', '') || '%')"""),
    Check("AGR-06", "服务协议未经双方各自签署", """SELECT v.number, v.state FROM registry_service_agreement v
        WHERE v.state IN ('signed', 'ended') AND (SELECT count(DISTINCT s.signed_by)
            FROM registry_service_signature s WHERE s.service_agreement_id = v.id
                AND s.party_id IN (v.partner_id, v.operating_institution_id)
                AND s.content_sha256 = v.content_sha256) < 2"""),
    Check("AGR-07", "退出由一人办结", """SELECT x.number, done.actor_name FROM registry_exit x
        JOIN audit_line done ON done.object_type = 'registry_exit' AND done.action = 'exit.close'
            AND replace(done.object_id, '-', '') = replace(CAST(x.id AS TEXT), '-', '')
        WHERE x.state = 'closed' AND NOT EXISTS (SELECT 1 FROM audit_line asked
            WHERE asked.object_type = 'registry_exit' AND asked.object_id = done.object_id
                AND asked.action = 'exit.ask_close' AND asked.actor_id <> done.actor_id)"""),
    Check("AGR-07", "退出已办结而没有办结记录", """SELECT x.number FROM registry_exit x
        WHERE x.state = 'closed' AND NOT EXISTS (SELECT 1 FROM audit_line done
            WHERE done.object_type = 'registry_exit' AND done.action = 'exit.close'
                AND replace(done.object_id, '-', '') = replace(CAST(x.id AS TEXT), '-', ''))"""),
    Check("DEL-01", "退出已办结而没有删除证明或结算", """SELECT x.number FROM registry_exit x
        WHERE x.state = 'closed' AND (x.settlement_reference IS NULL OR NOT EXISTS (
            SELECT 1 FROM registry_deletion_certificate c WHERE c.exit_id = x.id))"""),
    Check("DEL-01", "部分删除证明没有经确认的终止", """SELECT d.number FROM registry_partial_deletion d
        WHERE NOT EXISTS (
            SELECT 1 FROM registry_partial_end p WHERE p.id = d.part_id AND p.confirmed_at IS NOT NULL)"""),
)  # fmt: skip

# written out here a second time on purpose: the checker does not ask the rules that it checks
FINANCE = ("finance_preparer", "finance_checker", "finance_payer")
SELLERS = ("merchant", "operator")
ROLES = (
    *SELLERS, "source", "buyer", "reviewer", "price", *FINANCE, "auditor", "system_administrator",
    "security_administrator", "supervisor", "scheduler",
)  # fmt: skip
FORBIDDEN = {
    frozenset(pair)
    for pair in (
        *((one, other) for one in FINANCE for other in (*FINANCE, "auditor") if one != other),
        *((one, other) for one in ("reviewer", "price") for other in SELLERS),
        ("supervisor", "operator"), ("auditor", "system_administrator"),
        *((one, other) for one in ("security_administrator", "scheduler") for other in ROLES if one != other),
    )
}  # fmt: skip
PAIRS = ", ".join(sorted(f"('{one}', '{other}')" for one, other in map(sorted, FORBIDDEN)))
TWO_DUTIES = f"""WITH forbidden(one, other) AS (VALUES {PAIRS}), held(holder, login, role) AS (
        SELECT coalesce(p.person_id, g.account_id), a.login, g.role FROM registry_role_grant g
        JOIN registry_account a ON a.id = g.account_id
        LEFT JOIN registry_account_person p ON p.account_id = g.account_id WHERE g.revoked_at IS NULL)
    SELECT DISTINCT one.login, one.role, other.login, other.role FROM held one
    JOIN forbidden f ON f.one = one.role JOIN held other ON other.holder = one.holder AND other.role = f.other
"""  # noqa: S608 (the pairs are written out above)

PEOPLE = (
    Check("J6", "一人兼任不相容职务", TWO_DUTIES),
    Check("J7", "平台职责由申请人或受益人自行确认", """SELECT a.login, k.role FROM registry_grant_ask k
        JOIN registry_account a ON a.id = k.account_id
        LEFT JOIN registry_account_person asker ON asker.account_id = k.asked_by
        LEFT JOIN registry_account_person gets ON gets.account_id = k.account_id
        LEFT JOIN registry_account_person says ON says.account_id = k.decided_by
        WHERE k.state = 'confirmed' AND (k.decided_by IS NULL OR k.decided_by IN (k.asked_by, k.account_id)
            OR says.person_id = asker.person_id OR says.person_id = gets.person_id)"""),
    Check("J7", "确认授予的职责与申请不符", """SELECT a.login, k.role, g.role FROM registry_grant_ask k
        JOIN registry_account a ON a.id = k.account_id LEFT JOIN registry_role_grant g ON g.id = k.grant_id
        WHERE k.state = 'confirmed' AND (g.id IS NULL OR g.role <> k.role OR g.account_id <> k.account_id
            OR coalesce(g.place, '') <> coalesce(k.place, ''))"""),
    Check("J7", "职责由本人授予", """SELECT a.login, g.role FROM registry_role_grant g
        JOIN registry_account a ON a.id = g.account_id WHERE g.granted_by = g.account_id"""),
    Check("J6", "单位的职责授予其他单位的人员", """SELECT a.login, g.role FROM registry_role_grant g
        JOIN registry_account a ON a.id = g.account_id WHERE g.revoked_at IS NULL
            AND CASE WHEN g.role IN ('merchant', 'operator', 'source', 'buyer')
                THEN g.party_id IS NULL OR a.party_id IS NULL OR g.party_id <> a.party_id
                ELSE g.party_id IS NOT NULL END"""),
    Check("TRN-01", "培训考核由受训人自行登记", """SELECT t.number, a.login FROM registry_training_record t
        JOIN registry_account a ON a.id = t.account_id
        LEFT JOIN registry_account_person one ON one.account_id = t.account_id
        LEFT JOIN registry_account_person other ON other.account_id = t.recorded_by
        WHERE t.recorded_by = t.account_id OR one.person_id = other.person_id"""),
    Check("DIS-02", "披露未经第二人核对即公布", """SELECT d.number FROM registry_disclosure d
        LEFT JOIN registry_account_person one ON one.account_id = d.prepared_by
        LEFT JOIN registry_account_person other ON other.account_id = d.checked_by
        WHERE d.state = 'published' AND (d.checked_by IS NULL OR d.checked_by = d.prepared_by
            OR one.person_id = other.person_id)"""),
    Check("SEC-02", "风险已办结而报告没有送达全部单位", """SELECT i.number FROM registry_incident i
        WHERE i.closed_at IS NOT NULL AND (i.reported_at IS NULL OR NOT EXISTS (
            SELECT 1 FROM registry_incident_report p WHERE p.incident_id = i.id))"""),
)  # fmt: skip

REGISTRATION = (
    Check("REG-03", "登记的状态与办理记录不符", """SELECT number, state FROM registry_registration
        WHERE kind <> 'revocation' AND (
            (state IN ('submitted', 'returned') AND accept_due IS NULL)
            OR (state = 'submitted' AND accepted_at IS NOT NULL)
            OR (state = 'returned' AND returned_at IS NULL)
            OR (state IN ('accepted', 'public_notice', 'objected', 'coded', 'replaced')
                AND (accepted_at IS NULL OR review_due IS NULL))
            OR (state IN ('public_notice', 'objected', 'coded', 'replaced')
                AND (passed_at IS NULL OR notice_end IS NULL)))"""),
    Check("REG-03", "形式审核与赋码为同一人", """SELECT g.number, g.code FROM registry_registration g
        LEFT JOIN registry_account_person one ON one.account_id = g.passed_by
        LEFT JOIN registry_account_person other ON other.account_id = g.coded_by
        WHERE g.coded_by = g.passed_by OR one.person_id = other.person_id"""),
    Check("REG-08", "注销或撤销由提出人自行确认", """SELECT g.number, k.kind FROM registry_registration_ask k
        JOIN registry_registration g ON g.id = k.registration_id
        LEFT JOIN registry_account_person one ON one.account_id = k.asked_by
        LEFT JOIN registry_account_person other ON other.account_id = k.decided_by
        WHERE k.state = 'confirmed' AND (k.decided_by IS NULL OR k.decided_by = k.asked_by
            OR one.person_id = other.person_id)"""),
    Check("REG-06", "异议未驳回即赋码", """SELECT g.number, o.name FROM registry_registration g
        JOIN registry_objection o ON o.registration_id = g.id WHERE g.coded_at IS NOT NULL
            AND (o.outcome IS NULL OR o.outcome <> 'dismissed' OR o.decided_at > g.coded_at)"""),
    Check("REG-06", "登记的异议状态与异议不符", """SELECT g.number, g.state FROM registry_registration g
        WHERE g.state IN ('objected', 'public_notice', 'coded', 'replaced') AND (g.state = 'objected') <> EXISTS (
            SELECT 1 FROM registry_objection o WHERE o.registration_id = g.id AND o.outcome IS NULL)"""),
    Check("REG-02", "登记的版本或登记主体不属于该产品", """SELECT g.number, p.code FROM registry_registration g
        JOIN registry_product p ON p.id = g.product_id JOIN registry_product_version v ON v.id = g.version_id
        WHERE v.product_id <> p.id OR g.registrant_id <> p.owner_id OR g.place <> p.place"""),
    Check("RVW-04", "产品所用数据没有获批的使用申请", """SELECT p.code, x.code FROM registry_registration g
        JOIN registry_product p ON p.id = g.product_id JOIN registry_product_input i ON i.version_id = g.version_id
        JOIN registry_resource x ON x.id = i.resource_id
        WHERE g.coded_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM registry_data_request d
            JOIN registry_request_resource l ON l.request_id = d.id
            WHERE d.applicant_id = p.owner_id AND d.agreement_id = p.agreement_id
                AND d.state IN ('approved', 'provisioned') AND l.resource_id = i.resource_id)"""),
    Check("ACC-01", "产品所用数据不在授权范围之内", """SELECT p.code, x.code FROM registry_product_input i
        JOIN registry_product_version v ON v.id = i.version_id JOIN registry_product p ON p.id = v.product_id
        JOIN registry_resource x ON x.id = i.resource_id WHERE NOT EXISTS (
            SELECT 1 FROM registry_agreement_resource e
            WHERE e.agreement_id = p.agreement_id AND e.resource_id = i.resource_id)"""),
)  # fmt: skip

REGISTRY_CHECKS = (*AUTHORIZATION, *PEOPLE, *REGISTRATION)
