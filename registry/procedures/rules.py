"""The procedures that are reviewed, the seats in them, who may sit there, and where silence may consent. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.errors import Invalid
from kernel.identity import Actor, Role
from kernel.policy import NUMBER_UNKNOWN, Cited
from registry.parties.rules import N_, Capacity


class Procedure(StrEnum):
    """What is reviewed; the subject of a review is one record of that kind."""

    PRODUCT = "product"
    DATA_REQUEST = "data_request"
    PLAN = "plan"
    APPLICATION = "application"
    OPERATOR = "operator"
    EGRESS = "egress"
    ONBOARDING = "onboarding"


class RefusalGround(StrEnum):
    """The only grounds on which an operator may refuse a merchant's application in its check (SEP-02)."""

    MATERIALS_INCOMPLETE = "materials_incomplete"
    NOT_ONBOARDED = "not_onboarded"
    OUTSIDE_SCOPE = "outside_scope"
    NOT_MINIMUM_NECESSARY = "not_minimum_necessary"
    SCENARIO_UNLAWFUL = "scenario_unlawful"
    SECURITY_LACKING = "security_lacking"


class SilenceForbidden(Invalid):
    """Silence is to consent where the law does not let it."""

    code = "review.silence_forbidden"


class SeatsMissing(Invalid):
    """A review without seats decides nothing."""

    code = "review.seats_missing"


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of seat: its title, the capacity that decides it, and the roles whose people may speak for it."""

    title: str
    capacity: Capacity
    roles: tuple[Role, ...]


AUTHORITY = (Role.REVIEWER, Role.SUPERVISOR)
STAGES: dict[str, Stage] = {
    "filing": Stage(N_("登记备案"), Capacity.DATA_AUTHORITY, AUTHORITY),
    "data_authority": Stage(N_("公共数据主管部门合规安全审核"), Capacity.DATA_AUTHORITY, AUTHORITY),
    "source_department": Stage(N_("数源部门审核"), Capacity.SOURCE_DEPARTMENT, (Role.SOURCE,)),
    "municipal_data_agency": Stage(N_("市政务大数据管理机构审核"), Capacity.MUNICIPAL_DATA_AGENCY, AUTHORITY),
    "provincial_data_authority": Stage(N_("省级数据主管部门审核"), Capacity.PROVINCIAL_DATA_AUTHORITY, AUTHORITY),
    "operating_institution": Stage(N_("运营机构合规核查"), Capacity.OPERATING_INSTITUTION, (Role.OPERATOR,)),
    "preliminary": Stage(N_("初审"), Capacity.DATA_AUTHORITY, AUTHORITY),
    "expert": Stage(N_("专家评审"), Capacity.EXPERT_PANEL, (Role.REVIEWER,)),
    "government": Stage(N_("政府审议"), Capacity.PEOPLES_GOVERNMENT, (Role.SUPERVISOR,)),
    "operator_check": Stage(N_("运营机构核查"), Capacity.OPERATING_INSTITUTION, (Role.OPERATOR,)),
    "authority_check": Stage(N_("公共数据主管部门核查"), Capacity.DATA_AUTHORITY, (Role.SUPERVISOR,)),
    "egress_check": Stage(N_("出域合规核查"), Capacity.OPERATING_INSTITUTION, (Role.OPERATOR,)),
    "onboarding_check": Stage(N_("主体资格核验"), Capacity.DATA_AUTHORITY, (Role.SUPERVISOR,)),
    "basic_security": Stage(N_("基本安全审核"), Capacity.DATA_AUTHORITY, AUTHORITY),
    "technical_security": Stage(N_("技术安全审核"), Capacity.DATA_AUTHORITY, AUTHORITY),
}
# An operator's refusal is not judged by the operator again: the authority hears the appeal (SEP-02).
APPEAL_KINDS = {"operator_check": "authority_check", "egress_check": "authority_check"}
GROUNDED_KINDS = ("operator_check",)
SILENCE_PROCEDURES = (Procedure.DATA_REQUEST,)
NO_SILENCE_KINDS = ("operator_check", "authority_check", "egress_check")
WITHOUT_RETURN = (Procedure.DATA_REQUEST,)

CHECK_TITLES = {
    "within_scope": N_("在授权范围内"),
    "raw_stays_in_domain": N_("原始数据不出域"),
    "personal_information_and_secrets": N_("个人信息、商业秘密和保密商务信息已妥善处理"),
    "source_requests_approved": N_("所用数据的使用申请均已获同意"),
    "scenario_match": N_("与申请的应用场景一致"),
    "not_reversible": N_("不可还原出原始数据"),
}
PROCEDURE_TITLES = {
    Procedure.PRODUCT: N_("产品合规审查"),
    Procedure.DATA_REQUEST: N_("数据使用申请"),
    Procedure.PLAN: N_("实施方案"),
    Procedure.APPLICATION: N_("运营申请"),
    Procedure.OPERATOR: N_("运营机构安全审核"),
    Procedure.EGRESS: N_("出域合规核查"),
    Procedure.ONBOARDING: N_("主体进驻"),
}
GROUND_TITLES = {
    RefusalGround.MATERIALS_INCOMPLETE: N_("申请材料不齐全"),
    RefusalGround.NOT_ONBOARDED: N_("申请单位未办理进驻或主体资格不符"),
    RefusalGround.OUTSIDE_SCOPE: N_("申请内容超出授权范围或属于不予开放"),
    RefusalGround.NOT_MINIMUM_NECESSARY: N_("超出最小必要"),
    RefusalGround.SCENARIO_UNLAWFUL: N_("应用场景违反法律法规或公序良俗"),
    RefusalGround.SECURITY_LACKING: N_("不具备数据安全保障条件"),
}
RULE_OF = {
    Procedure.PRODUCT: "RVW-06",
    Procedure.DATA_REQUEST: "RVW-03",
    Procedure.PLAN: "APP-01",
    Procedure.APPLICATION: "APP-03",
    Procedure.OPERATOR: "RVW-01",
    Procedure.EGRESS: "EGR-01",
    Procedure.ONBOARDING: "APP-04",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat of a review: who decides, in which order, within how many working days (``None``: the law says none).

    Seats of one position sit in parallel: all must agree, one refusal refuses at once.
    """

    kind: str
    position: int
    party_id: UUID | None = None
    days: Cited | int | None = None
    silence_consents: bool = False

    @property
    def working_days(self) -> int | None:
        """The number of working days, or ``None``."""
        return self.days.integer() if isinstance(self.days, Cited) else self.days


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: the fact, the rule, and whether the seat must wait until it is put right."""

    code: str
    title: str
    is_met: bool
    fact: str
    rule: str
    article: str
    is_binding: bool = True


def speaks_for(actor: Actor, kind: str, party_id: UUID | None, place: str) -> bool:
    """Say whether the actor may decide a seat of that kind and party: the right role there, and of no other party."""
    if party_id is not None and actor.org_id not in (None, party_id):
        return False
    roles = STAGES[kind].roles
    return any(grant.role in roles and grant.covers(org_id=party_id, place=place) for grant in actor.grants)


def is_own(actor: Actor, applicant_id: UUID | None) -> bool:
    """Say whether the actor belongs to the organisation whose application is reviewed."""
    return applicant_id is not None and applicant_id in {actor.org_id, *(grant.org_id for grant in actor.grants)}


def check_seats(procedure: Procedure, seats: Iterable[Seat]) -> None:
    """Refuse seats that no review may have.

    Raises:
        SeatsMissing: there is none.
        SilenceForbidden: silence is to consent in a procedure, on a seat or without a deadline where it may not.

    Source:
        RVW-05: only to the use of data, never to a check, to egress, to prices or to what other acts demand.
    """
    listed = list(seats)
    if not listed:
        raise SeatsMissing(
            f"{PROCEDURE_TITLES[procedure]}没有任何审核方，不能提交：请先配置审核环节",
            detail_en="A review needs at least one seat",
            rule=RULE_OF[procedure],
        )
    for seat in listed:
        is_allowed = procedure in SILENCE_PROCEDURES and seat.kind not in NO_SILENCE_KINDS and seat.days is not None
        if seat.silence_consents and not is_allowed:
            raise SilenceForbidden(
                f"{PROCEDURE_TITLES[procedure]}的“{STAGES[seat.kind].title}”不适用超期视为同意（RVW-05）："
                "仅限公共数据使用申请的审核，且须有确定的期限",
                detail_en=f"Silence never consents on {seat.kind} of {procedure}, and never without a deadline",
                rule="RVW-05",
            )


def cited_dict(cited: Cited) -> dict[str, Any]:
    """Return a cited value as it is kept beside a decision, so that the decision can be explained later."""
    return {
        "name": cited.name,
        "label": cited.label,
        "value": cited.value,
        "unit": cited.unit,
        "number": "" if cited.source.number == NUMBER_UNKNOWN else cited.source.number,
        "title": cited.source.quoted_title,
        "document": cited.source.document,
        "article": cited.source.article,
        "rule": cited.source.rule,
        "is_overlay": cited.is_overlay,
    }
