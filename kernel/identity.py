"""Who acts, in which role, and what a role may do. Pure.

Decision = permission of a role ∧ organisation scope ∧ place scope; the state of the object and its gates
are checked by the command itself. A grant covers one organisation or all (``None``), one place or all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kernel.errors import NotAllowed, Unauthenticated


class Role(StrEnum):
    """The roles of the permission matrix; finance and administration are split into separate grants."""

    MERCHANT = "merchant"
    OPERATOR = "operator"
    SOURCE = "source"
    BUYER = "buyer"
    REVIEWER = "reviewer"
    PRICE = "price"
    FINANCE_PREPARER = "finance_preparer"
    FINANCE_CHECKER = "finance_checker"
    FINANCE_PAYER = "finance_payer"
    AUDITOR = "auditor"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    SUPERVISOR = "supervisor"
    SCHEDULER = "scheduler"


SELLERS = (Role.MERCHANT, Role.OPERATOR)
FINANCE = (Role.FINANCE_PREPARER, Role.FINANCE_CHECKER, Role.FINANCE_PAYER)
AUTHORITIES = (Role.REVIEWER, Role.PRICE, Role.SUPERVISOR)
WATCHERS = (*AUTHORITIES, *FINANCE, Role.AUDITOR)


class Permission(StrEnum):
    """One name per act; :data:`ROLES_OF` says which roles hold it."""

    ACCOUNT_OWN = "account.own"
    ACCOUNT_CREATE = "account.create"
    GRANT_ROLE = "account.grant_role"
    KEY_MANAGE = "key.manage"
    PARTY_CREATE = "party.create"
    PARTY_READ = "party.read"
    PARTY_SUSPEND = "party.suspend"
    RELATION_WRITE = "relation.write"
    CREDIT_WRITE = "credit.write"
    ONBOARDING_DECIDE = "onboarding.decide"
    TRAINING_WRITE = "training.write"
    TRAINING_READ = "training.read"
    ACCESS_READ = "access.read"
    PLAN_WRITE = "plan.write"
    PLAN_READ = "plan.read"
    CALL_WRITE = "call.write"
    APPLICATION_WRITE = "application.write"
    APPLICATION_READ = "application.read"
    AGREEMENT_WRITE = "agreement.write"
    AGREEMENT_READ = "agreement.read"
    EXIT_WRITE = "exit.write"
    SERVICE_AGREEMENT_SIGN = "service_agreement.sign"
    EMERGENCY_WRITE = "emergency.write"
    RESOURCE_WRITE = "resource.write"
    RESOURCE_READ = "resource.read"
    QUALITY_REPORT = "quality.report"
    QUALITY_ANSWER = "quality.answer"
    QUALITY_READ = "quality.read"
    REQUEST_WRITE = "request.write"
    REQUEST_CHECK = "request.check"
    REQUEST_DECIDE = "request.decide"
    REQUEST_READ = "request.read"
    PRODUCT_WRITE = "product.write"
    PRODUCT_READ = "product.read"
    REVIEW_DECIDE = "review.decide"
    REVIEW_READ = "review.read"
    REVIEW_APPEAL = "review.appeal"
    REVIEW_WATCH = "review.watch"
    EGRESS_REQUEST = "egress.request"
    REGISTRATION_APPLY = "registration.apply"
    REGISTRATION_DECIDE = "registration.decide"
    REGISTRATION_READ = "registration.read"
    DUTY_FILE = "duty.file"
    DUTY_READ = "duty.read"
    EVALUATION_WRITE = "evaluation.write"
    DISCLOSURE_WRITE = "disclosure.write"
    INCIDENT_REPORT = "incident.report"
    INCIDENT_DECIDE = "incident.decide"
    INCIDENT_READ = "incident.read"
    COST_WRITE = "cost.write"
    COST_READ = "cost.read"
    CHARGE_RECORD = "charge.record"
    CEILING_APPLY = "ceiling.apply"
    CEILING_DETERMINE = "ceiling.determine"
    CEILING_CONFIRM = "ceiling.confirm"
    CAP_SET = "cap.set"
    PRICE_SET = "price.set"
    PRICE_RELEASE = "price.release"
    PRICE_TRY = "price.try"
    EXEMPTION_APPROVE = "exemption.approve"
    MISUSE_RECORD = "misuse.record"
    MISUSE_CONFIRM = "misuse.confirm"
    ASSESSMENT_WRITE = "assessment.write"
    ADJUSTMENT_WRITE = "adjustment.write"
    COMPLAINT_FILE = "complaint.file"
    COMPLAINT_DECIDE = "complaint.decide"
    LISTING_WRITE = "listing.write"
    LISTING_IMPORT = "listing.import"
    SEARCH_INDEX = "search.index"
    ORDER_PLACE = "order.place"
    ORDER_READ = "order.read"
    CONTRACT_SIGN = "contract.sign"
    PAYMENT_RECORD = "payment.record"
    PAYMENT_FOLLOW = "payment.follow"
    REFUND_ASK = "refund.ask"
    REFUND_DECIDE = "refund.decide"
    REFUND_PAY = "refund.pay"
    BUYER_ACCOUNT_READ = "buyer_account.read"
    BUYER_ACCOUNT_OPEN = "buyer_account.open"
    CREDIT_PROPOSE = "credit.propose"
    CREDIT_CONFIRM = "credit.confirm"
    INVOICE_ASK = "invoice.ask"
    INVOICE_ISSUE = "invoice.issue"
    INVOICE_FOLLOW = "invoice.follow"
    RECEIPT_COUNT = "receipt.count"
    DISPUTE_FILE = "dispute.file"
    DISPUTE_HANDLE = "dispute.handle"
    FEEDBACK_DELIVER = "feedback.deliver"
    FEEDBACK_RECEIVE = "feedback.receive"
    ENTITLEMENT_READ = "entitlement.read"
    EXCHANGE_CALL = "exchange.call"
    DATA_SET_LOAD = "data_set.load"
    GATEWAY_WRITE = "gateway.write"
    LIMIT_SET = "limit.set"
    USAGE_IMPORT = "usage.import"
    SCHEDULE_WRITE = "schedule.write"
    SCHEDULE_SIGN = "schedule.sign"
    CONTRIBUTION_READ = "contribution.read"
    CONTRIBUTION_DRAW = "contribution.draw"
    CONTRIBUTION_OPEN = "contribution.open"
    CONTRIBUTION_OBJECT = "contribution.object"
    CONTRIBUTION_DECIDE = "contribution.decide"
    SETTLEMENT_PREPARE = "settlement.prepare"
    RECONCILE = "settlement.reconcile"
    SETTLEMENT_FOLLOW = "settlement.follow"  # archive what is settled, remind of what is due
    SETTLEMENT_CHECK = "settlement.check"
    SETTLEMENT_READ = "settlement.read"
    STATEMENT_READ = "statement.read"
    TAKINGS_READ = "takings.read"
    PAYEE_READ = "payee.read"
    PAYEE_WRITE = "payee.write"
    PAYEE_CONFIRM = "payee.confirm"
    PAYEE_FREEZE = "payee.freeze"
    PAYOUT_READ = "payout.read"
    PAYOUT_PREPARE = "payout.prepare"
    PAYOUT_CHECK = "payout.check"
    PAYOUT_PAY = "payout.pay"
    PAYOUT_RELEASE = "payout.release"
    PAYOUT_FOLLOW = "payout.follow"
    CLAWBACK_READ = "clawback.read"
    CLAWBACK_WRITE = "clawback.write"
    CLAWBACK_CONFIRM = "clawback.confirm"
    INTAKE = "settlement.intake"
    LEDGER_READ = "ledger.read"
    WEBHOOK_MANAGE = "webhook.manage"
    WEBHOOK_SEND = "webhook.send"
    AUDIT_READ = "audit.read"
    AUDIT_SEAL = "audit.seal"
    OPERATIONS_READ = "operations.read"
    JOB_RUN = "job.run"


ANYBODY = tuple(Role)
ROLES_OF: dict[Permission, tuple[Role, ...]] = {
    Permission.ACCOUNT_OWN: ANYBODY,
    Permission.ACCOUNT_CREATE: (Role.SECURITY_ADMINISTRATOR,),
    Permission.GRANT_ROLE: (Role.SECURITY_ADMINISTRATOR,),
    Permission.KEY_MANAGE: (Role.BUYER, Role.SOURCE, *SELLERS),
    Permission.PARTY_CREATE: (Role.SUPERVISOR, Role.SECURITY_ADMINISTRATOR),
    Permission.PARTY_READ: ANYBODY,
    Permission.PARTY_SUSPEND: (Role.SUPERVISOR,),
    Permission.RELATION_WRITE: (*SELLERS, Role.SUPERVISOR),
    Permission.CREDIT_WRITE: (Role.SUPERVISOR,),
    Permission.ONBOARDING_DECIDE: (Role.SUPERVISOR,),
    Permission.TRAINING_WRITE: (Role.SUPERVISOR,),
    Permission.TRAINING_READ: (*SELLERS, *WATCHERS),
    Permission.ACCESS_READ: (Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR),
    Permission.PLAN_WRITE: (Role.SUPERVISOR,),
    Permission.PLAN_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.CALL_WRITE: (Role.SUPERVISOR,),
    Permission.APPLICATION_WRITE: (Role.OPERATOR,),
    Permission.APPLICATION_READ: (Role.OPERATOR, *WATCHERS),
    Permission.AGREEMENT_WRITE: (Role.SUPERVISOR,),
    Permission.AGREEMENT_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.EXIT_WRITE: (Role.OPERATOR, Role.SUPERVISOR),
    Permission.SERVICE_AGREEMENT_SIGN: SELLERS,
    Permission.EMERGENCY_WRITE: (Role.OPERATOR, Role.SUPERVISOR),
    Permission.RESOURCE_WRITE: (Role.SOURCE,),
    Permission.RESOURCE_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.QUALITY_REPORT: SELLERS,
    Permission.QUALITY_ANSWER: (Role.SOURCE,),
    Permission.QUALITY_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.REQUEST_WRITE: SELLERS,
    Permission.REQUEST_CHECK: (Role.OPERATOR, Role.SUPERVISOR),
    Permission.REQUEST_DECIDE: (Role.SOURCE, Role.REVIEWER, Role.SUPERVISOR),
    Permission.REQUEST_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.PRODUCT_WRITE: SELLERS,
    Permission.PRODUCT_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.REVIEW_DECIDE: (Role.REVIEWER, Role.SUPERVISOR, Role.SOURCE, Role.OPERATOR),
    Permission.REVIEW_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.REVIEW_APPEAL: SELLERS,
    Permission.REVIEW_WATCH: (Role.SCHEDULER,),
    Permission.EGRESS_REQUEST: SELLERS,
    Permission.REGISTRATION_APPLY: SELLERS,
    Permission.REGISTRATION_DECIDE: (Role.REVIEWER,),
    Permission.REGISTRATION_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.DUTY_FILE: (*SELLERS, Role.SOURCE, Role.SUPERVISOR),
    Permission.DUTY_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.EVALUATION_WRITE: (Role.SUPERVISOR,),
    Permission.DISCLOSURE_WRITE: (Role.OPERATOR, Role.SUPERVISOR),
    Permission.INCIDENT_REPORT: (*SELLERS, Role.SOURCE, Role.SUPERVISOR),
    Permission.INCIDENT_DECIDE: (Role.SUPERVISOR,),
    Permission.INCIDENT_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.COST_WRITE: (Role.OPERATOR,),
    Permission.COST_READ: (Role.OPERATOR, *WATCHERS),
    Permission.CHARGE_RECORD: (Role.SUPERVISOR, Role.SOURCE),
    Permission.CEILING_APPLY: (Role.SUPERVISOR,),
    Permission.CEILING_DETERMINE: (Role.PRICE,),
    Permission.CEILING_CONFIRM: (Role.PRICE, Role.SUPERVISOR),
    Permission.CAP_SET: (Role.SUPERVISOR,),
    Permission.PRICE_SET: SELLERS,
    Permission.PRICE_RELEASE: (*SELLERS, Role.PRICE),
    Permission.PRICE_TRY: (*SELLERS, Role.PRICE, Role.SUPERVISOR, Role.AUDITOR),
    Permission.EXEMPTION_APPROVE: (Role.SUPERVISOR,),
    Permission.MISUSE_RECORD: (Role.SUPERVISOR, Role.AUDITOR),
    Permission.MISUSE_CONFIRM: (Role.SUPERVISOR,),
    Permission.ASSESSMENT_WRITE: (Role.PRICE,),
    Permission.ADJUSTMENT_WRITE: (Role.OPERATOR, Role.SUPERVISOR),
    Permission.COMPLAINT_FILE: (Role.BUYER, Role.SOURCE, *SELLERS),
    Permission.COMPLAINT_DECIDE: (Role.SUPERVISOR, Role.PRICE),
    Permission.LISTING_WRITE: SELLERS,
    Permission.LISTING_IMPORT: (*SELLERS, Role.SUPERVISOR),
    Permission.SEARCH_INDEX: (Role.SCHEDULER,),
    Permission.ORDER_PLACE: (Role.BUYER, Role.SOURCE),
    Permission.ORDER_READ: (Role.BUYER, Role.SOURCE, *SELLERS, *WATCHERS),
    Permission.CONTRACT_SIGN: (Role.BUYER, Role.SOURCE, *SELLERS),
    Permission.PAYMENT_RECORD: (Role.FINANCE_PREPARER,),
    Permission.PAYMENT_FOLLOW: (Role.SCHEDULER,),
    Permission.REFUND_ASK: (Role.BUYER, Role.SOURCE, *SELLERS, Role.FINANCE_PREPARER),
    Permission.REFUND_DECIDE: (Role.FINANCE_CHECKER,),
    Permission.REFUND_PAY: (Role.FINANCE_PAYER,),
    Permission.BUYER_ACCOUNT_READ: (Role.BUYER, Role.SOURCE, *FINANCE, Role.AUDITOR, Role.SUPERVISOR),
    Permission.BUYER_ACCOUNT_OPEN: (Role.BUYER, Role.SOURCE, Role.FINANCE_PREPARER),
    Permission.CREDIT_PROPOSE: (Role.FINANCE_PREPARER,),
    Permission.CREDIT_CONFIRM: (Role.FINANCE_CHECKER,),
    Permission.INVOICE_ASK: (Role.BUYER, Role.SOURCE),
    Permission.INVOICE_ISSUE: SELLERS,
    Permission.INVOICE_FOLLOW: (Role.SCHEDULER,),
    Permission.RECEIPT_COUNT: (Role.BUYER, Role.SOURCE, *SELLERS),
    Permission.DISPUTE_FILE: (Role.BUYER, Role.SOURCE, *SELLERS, Role.SUPERVISOR),
    Permission.DISPUTE_HANDLE: (Role.SUPERVISOR,),
    Permission.FEEDBACK_DELIVER: SELLERS,
    Permission.FEEDBACK_RECEIVE: (Role.SOURCE, Role.SUPERVISOR),
    Permission.ENTITLEMENT_READ: (Role.BUYER, Role.SOURCE, *SELLERS, *WATCHERS),
    Permission.EXCHANGE_CALL: (Role.BUYER, Role.SOURCE),
    Permission.DATA_SET_LOAD: SELLERS,
    Permission.GATEWAY_WRITE: SELLERS,
    Permission.LIMIT_SET: SELLERS,
    Permission.USAGE_IMPORT: (Role.OPERATOR, Role.FINANCE_PREPARER),
    Permission.SCHEDULE_WRITE: (Role.FINANCE_PREPARER,),
    Permission.SCHEDULE_SIGN: (*SELLERS, Role.SOURCE, Role.SUPERVISOR),
    Permission.CONTRIBUTION_READ: (Role.SOURCE, *WATCHERS),
    Permission.CONTRIBUTION_DRAW: (Role.FINANCE_PREPARER,),
    Permission.CONTRIBUTION_OPEN: (Role.FINANCE_CHECKER,),
    Permission.CONTRIBUTION_OBJECT: (Role.SOURCE,),
    Permission.CONTRIBUTION_DECIDE: (Role.SUPERVISOR,),
    Permission.SETTLEMENT_PREPARE: (Role.FINANCE_PREPARER,),
    Permission.RECONCILE: (Role.FINANCE_PREPARER, Role.SCHEDULER),
    Permission.SETTLEMENT_FOLLOW: (Role.FINANCE_PREPARER, Role.SCHEDULER),
    Permission.SETTLEMENT_CHECK: (Role.FINANCE_CHECKER,),
    Permission.SETTLEMENT_READ: (*FINANCE, Role.AUDITOR, Role.SUPERVISOR),
    Permission.STATEMENT_READ: (*SELLERS, Role.SOURCE, *WATCHERS),
    Permission.TAKINGS_READ: SELLERS,
    Permission.PAYEE_READ: (*SELLERS, Role.SOURCE, *FINANCE, Role.AUDITOR, Role.SUPERVISOR),
    Permission.PAYEE_WRITE: (*SELLERS, Role.SOURCE, Role.FINANCE_PREPARER),
    Permission.PAYEE_CONFIRM: (Role.FINANCE_CHECKER,),
    Permission.PAYEE_FREEZE: (Role.SUPERVISOR,),
    Permission.PAYOUT_READ: (*FINANCE, Role.AUDITOR, Role.SUPERVISOR),
    Permission.PAYOUT_PREPARE: (Role.FINANCE_PREPARER,),
    Permission.PAYOUT_CHECK: (Role.FINANCE_CHECKER,),
    Permission.PAYOUT_PAY: (Role.FINANCE_PAYER,),
    Permission.PAYOUT_RELEASE: (Role.SUPERVISOR,),
    Permission.PAYOUT_FOLLOW: (Role.SCHEDULER,),
    Permission.CLAWBACK_READ: (*SELLERS, Role.SOURCE, *FINANCE, Role.AUDITOR, Role.SUPERVISOR),
    Permission.CLAWBACK_WRITE: (Role.FINANCE_PREPARER,),
    Permission.CLAWBACK_CONFIRM: (Role.FINANCE_CHECKER,),
    Permission.INTAKE: (*FINANCE, Role.SCHEDULER),
    Permission.LEDGER_READ: (*FINANCE, Role.AUDITOR),
    Permission.WEBHOOK_MANAGE: (Role.BUYER, Role.SOURCE, *SELLERS),
    Permission.WEBHOOK_SEND: (Role.SCHEDULER,),
    Permission.AUDIT_READ: (Role.AUDITOR,),
    Permission.AUDIT_SEAL: (Role.SCHEDULER,),
    Permission.OPERATIONS_READ: (Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR, Role.SUPERVISOR),
    Permission.JOB_RUN: (Role.SYSTEM_ADMINISTRATOR,),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, for one organisation (``None``: any) and one place (``None``: all places)."""

    role: Role
    org_id: UUID | None = None
    place: str | None = None

    def covers(self, *, org_id: UUID | None, place: str | None) -> bool:
        """Say whether this grant reaches an object of that organisation and place (``None``: not asked)."""
        right_place = place is None or self.place is None or self.place == place
        right_org = org_id is None or self.org_id is None or self.org_id == org_id
        return right_place and right_org


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, an API key acting for one, or a named machine."""

    id: UUID | None
    name: str
    org_id: UUID | None = None
    grants: tuple[Grant, ...] = ()
    channel: str = "web"

    @property
    def is_authenticated(self) -> bool:
        """Say whether somebody is signed in at all."""
        return self.id is not None

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles held anywhere, once each, in the order of :class:`Role`."""
        held = {grant.role for grant in self.grants}
        return tuple(role for role in Role if role in held)

    def may(self, permission: Permission, *, org_id: UUID | None = None, place: str | None = None) -> bool:
        """Say whether some grant gives the permission on an object of that organisation and place."""
        roles = ROLES_OF[permission]
        return any(grant.role in roles and grant.covers(org_id=org_id, place=place) for grant in self.grants)

    def must(self, permission: Permission, *, org_id: UUID | None = None, place: str | None = None) -> None:
        """Refuse unless :meth:`may`.

        Raises:
            Unauthenticated: nobody is signed in.
            NotAllowed: no grant of the actor gives this permission there.
        """
        if not self.is_authenticated:
            raise Unauthenticated(
                "请先登录，或在请求中提供有效的访问密钥", detail_en="Sign in first, or send a valid API key"
            )
        if not self.may(permission, org_id=org_id, place=place):
            where = place or "本平台"
            raise NotAllowed(
                f"{self.name} 没有权限 {permission}（范围：{where}）；请由本单位管理员申请授权",
                detail_en=f"{self.name} lacks the permission {permission} ({where}); ask for the role to be granted",
            )

    def must_be(self, role: Role, *, org_id: UUID | None = None, place: str | None = None) -> None:
        """Refuse unless the actor holds this very role there.

        Raises:
            NotAllowed: the actor does not hold the role on that organisation and place.
        """
        if not any(g.role is role and g.covers(org_id=org_id, place=place) for g in self.grants):
            raise NotAllowed(
                f"{self.name} 不具有 {role} 身份（范围：{place or '本平台'}）", detail_en=f"needs role {role}"
            )

    def places(self) -> frozenset[str] | None:
        """The places that the actor's grants name; ``None`` when one grant covers them all."""
        if any(grant.place is None for grant in self.grants):
            return None
        return frozenset(grant.place for grant in self.grants if grant.place is not None)


ANONYMOUS = Actor(id=None, name="访客")
