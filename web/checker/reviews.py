"""What must be true of reviews, and of what rests on them; the same kind of queries as ``statements.py``."""

from __future__ import annotations

from web.checker.statements import Check

SEATS = (
    Check("RVW-03", "审查已通过而有环节未同意", """SELECT r.number, s.title, s.state FROM registry_review r
        JOIN registry_review_stage s ON s.review_id = r.id AND s.round_number = r.round_number
        WHERE r.state = 'passed' AND s.state <> 'agreed'"""),
    Check("RVW-03", "审查没有任何环节", """SELECT r.number, r.state FROM registry_review r WHERE NOT EXISTS (
        SELECT 1 FROM registry_review_stage s WHERE s.review_id = r.id AND s.round_number = r.round_number)"""),
    Check("RVW-03", "审查不予通过而没有环节不同意", """SELECT r.number FROM registry_review r
        WHERE r.state = 'refused' AND NOT EXISTS (SELECT 1 FROM registry_review_stage s
            WHERE s.review_id = r.id AND s.round_number = r.round_number AND s.state = 'refused')"""),
    Check("RVW-03", "环节结论与意见不符", """SELECT r.number, s.title, s.state, o.decision
        FROM registry_review_stage s JOIN registry_review r ON r.id = s.review_id
        LEFT JOIN registry_review_opinion o ON o.stage_id = s.id
        WHERE coalesce(o.decision, '') <> CASE s.state WHEN 'agreed' THEN 'agree' WHEN 'refused' THEN 'refuse'
            WHEN 'returned' THEN 'return_once' ELSE '' END"""),
    Check("RVW-06", "审查办理中而没有开放的环节", """SELECT r.number, r.state FROM registry_review r
        WHERE r.state IN ('submitted', 'in_stage') AND NOT EXISTS (SELECT 1 FROM registry_review_stage s
            WHERE s.review_id = r.id AND s.round_number = r.round_number AND s.state = 'open')"""),
    Check("RVW-06", "环节开放而审查不在该环节", """SELECT r.number, r.state, s.title FROM registry_review_stage s
        JOIN registry_review r ON r.id = s.review_id WHERE s.state = 'open' AND (
            r.state NOT IN ('submitted', 'in_stage') OR r.round_number <> s.round_number
            OR r.stage_position <> s.position)"""),
    Check("RVW-06", "审查期限不是最早的环节期限", """SELECT number, due_date, earliest FROM (
            SELECT r.number AS number, r.due_date AS due_date, (SELECT min(s.due_date) FROM registry_review_stage s
                WHERE s.review_id = r.id AND s.round_number = r.round_number AND s.state = 'open') AS earliest
            FROM registry_review r WHERE r.state IN ('submitted', 'in_stage')) AS due
        WHERE due_date <> earliest OR (due_date IS NULL AND earliest IS NOT NULL)
            OR (due_date IS NOT NULL AND earliest IS NULL)"""),
)  # fmt: skip

# the person behind an account where that is known: several accounts of one person are one reviewer (J6)
REVIEWERS = (
    Check("RVW-03", "同一人办理了同一审查的两个环节", """SELECT number, reviewer, count(*) FROM (
            SELECT r.id AS review_id, r.number AS number, s.round_number AS round_number,
                coalesce(p.person_id, o.reviewer_account_id) AS reviewer
            FROM registry_review_opinion o JOIN registry_review_stage s ON s.id = o.stage_id
            JOIN registry_review r ON r.id = s.review_id
            LEFT JOIN registry_account_person p ON p.account_id = o.reviewer_account_id
            WHERE o.reviewer_account_id IS NOT NULL) AS spoken
        GROUP BY review_id, number, round_number, reviewer HAVING count(*) > 1"""),
    Check("SEP-01", "申请单位的人员办理了本单位的审查", """SELECT r.number, a.login
        FROM registry_review_opinion o JOIN registry_review_stage s ON s.id = o.stage_id
        JOIN registry_review r ON r.id = s.review_id JOIN registry_account a ON a.id = o.reviewer_account_id
        WHERE a.party_id = r.applicant_id"""),
    Check("RVW-03", "环节由其他单位的人员办理", """SELECT r.number, s.title, a.login
        FROM registry_review_opinion o JOIN registry_review_stage s ON s.id = o.stage_id
        JOIN registry_review r ON r.id = s.review_id JOIN registry_account a ON a.id = o.reviewer_account_id
        WHERE a.party_id <> s.party_id"""),
    Check("DSP-02", "作出不予通过结论的人办理了复核", """SELECT r.number, o.reviewer_name
        FROM registry_review r JOIN registry_review_stage s ON s.review_id = r.id
        JOIN registry_review_opinion o ON o.stage_id = s.id
        JOIN registry_review_stage first_seat ON first_seat.review_id = r.appeal_of_id
        JOIN registry_review_opinion refusal ON refusal.stage_id = first_seat.id AND refusal.decision = 'refuse'
        WHERE refusal.reviewer_account_id = o.reviewer_account_id"""),
)  # fmt: skip

SILENCE = (
    Check("B8", "数据使用申请以外的环节适用超期视为同意", """SELECT r.number, s.title FROM registry_review_stage s
        JOIN registry_review r ON r.id = s.review_id WHERE s.silence_consents AND (
            s.procedure <> 'data_request' OR r.procedure <> 'data_request' OR s.days IS NULL
            OR s.kind IN ('operator_check', 'authority_check', 'egress_check'))"""),
    Check("B8", "不适用超期视为同意的环节被视为同意", """SELECT r.number, s.title FROM registry_review_opinion o
        JOIN registry_review_stage s ON s.id = o.stage_id JOIN registry_review r ON r.id = s.review_id
        WHERE (o.deemed OR o.reviewer_account_id IS NULL) AND NOT s.silence_consents"""),
    Check("B8", "沉默被计为同意以外的结论", """SELECT r.number, s.title, o.decision FROM registry_review_opinion o
        JOIN registry_review_stage s ON s.id = o.stage_id JOIN registry_review r ON r.id = s.review_id
        WHERE o.deemed AND o.decision <> 'agree'"""),
    Check("B8", "申请的通过依据与意见不符", """SELECT d.number, d.basis FROM registry_data_request d
        WHERE d.state IN ('approved', 'provisioned') AND (coalesce(d.basis, '') = 'deemed') <> EXISTS (
            SELECT 1 FROM registry_review r JOIN registry_review_stage s ON s.review_id = r.id
            JOIN registry_review_opinion o ON o.stage_id = s.id
            WHERE r.procedure = 'data_request' AND r.subject_id = d.id AND o.deemed)"""),
)  # fmt: skip

OUTCOMES = (
    Check("RVW-02", "数据使用申请已批准而审查未通过", """SELECT d.number, d.state FROM registry_data_request d
        WHERE d.state IN ('approved', 'provisioned') AND NOT EXISTS (SELECT 1 FROM registry_review r
            WHERE r.procedure = 'data_request' AND r.subject_id = d.id AND r.state = 'passed')"""),
    Check("REG-02", "登记已赋码而产品版本从未通过合规审查", """SELECT g.number, g.code FROM registry_registration g
        WHERE g.coded_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM registry_review r WHERE r.procedure = 'product'
            AND r.subject_id = g.version_id AND r.state = 'passed' AND r.decided_at <= g.coded_at)"""),
    Check("APP-01", "实施方案已审定而审查未通过", """SELECT p.number, v.number, v.state FROM registry_plan_version v
        JOIN registry_plan p ON p.id = v.plan_id WHERE v.state IN ('approved', 'filed', 'in_effect', 'superseded')
            AND NOT EXISTS (SELECT 1 FROM registry_review r
                WHERE r.procedure = 'plan' AND r.subject_id = v.id AND r.state = 'passed')"""),
    Check("APP-03", "运营申请已通过而审查未通过", """SELECT a.number FROM registry_application a
        WHERE a.state = 'passed' AND NOT EXISTS (SELECT 1 FROM registry_review r
            WHERE r.procedure = 'application' AND r.subject_id = a.id AND r.state = 'passed')"""),
    Check("RVW-01", "运营机构安全审核已通过而审查未通过", """SELECT v.number FROM registry_operator_review v
        WHERE v.state = 'passed' AND NOT EXISTS (SELECT 1 FROM registry_review r
            WHERE r.procedure = 'operator' AND r.subject_id = v.id AND r.state = 'passed')"""),
    Check("EGR-01", "出域核查已通过而审查未通过", """SELECT c.number FROM registry_egress_check c
        WHERE c.state IN ('passed', 'exported') AND NOT EXISTS (SELECT 1 FROM registry_review r
            WHERE r.procedure = 'egress' AND r.subject_id = c.id AND r.state = 'passed')"""),
    Check("APP-04", "主体已进驻而核验未通过", """SELECT o.number FROM registry_onboarding o
        WHERE o.state = 'passed' AND NOT EXISTS (SELECT 1 FROM registry_review r
            WHERE r.procedure = 'onboarding' AND r.subject_id = o.id AND r.state = 'passed')"""),
    Check("EGR-02", "出域交付没有通过的核查", """SELECT c.number, e.reference FROM registry_egress_export e
        JOIN registry_egress_check c ON c.id = e.check_id WHERE c.state <> 'exported' OR c.version_id <> e.version_id
            OR c.decided_at IS NULL OR c.decided_at > e.exported_at"""),
    Check("EGR-02", "出域交付的内容不是核查的版本", """SELECT c.number, e.reference FROM registry_egress_export e
        JOIN registry_egress_check c ON c.id = e.check_id JOIN registry_product_version v ON v.id = e.version_id
        WHERE v.content_sha256 <> e.content_sha256"""),
)  # fmt: skip

REVIEW_CHECKS = (*SEATS, *REVIEWERS, *SILENCE, *OUTCOMES)
