"""Several registrants of one product, and interested parties who ask for a correction. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kernel.errors import Invalid
from registry.records.rules import Upload


class ApplicationMode(StrEnum):
    """How several registrants apply (26号 第七条)."""

    JOINT = "joint_application"
    BY_AGREEMENT = "by_agreement"


class CorrectionBasis(StrEnum):
    """What a correction asked for by an interested party rests on (26号 第九条（三）)."""

    REGISTRANT_CONSENT = "registrant_consent"
    PROOF_OF_ERROR = "proof_of_error"


class RegistrantsIncomplete(Invalid):
    """The co-registrants contradict themselves; ``errors`` names each fault."""

    code = "registration.registrants_incomplete"


class InterestNotStated(Invalid):
    """An interested party asks for a correction without the registrant's consent or proof."""

    code = "registration.interest_not_stated"


@dataclass(frozen=True, slots=True)
class Other:
    """Another registrant, with the consent or the agreement that it signed."""

    party_id: UUID
    upload: Upload


@dataclass(frozen=True, slots=True)
class Interest:
    """Why somebody other than the registrant may ask for a correction."""

    party_id: UUID
    basis: CorrectionBasis
    upload: Upload


def check_others(registrant_id: UUID, mode: ApplicationMode | None, party_ids: Sequence[UUID]) -> None:
    """Refuse co-registrants without a mode, a mode without them, the applicant among them, and one named twice.

    Raises:
        RegistrantsIncomplete: all faults are named at once.

    Source:
        发改数据规〔2025〕26号 第七条 (REG-05).
    """
    faults = list(_faults(registrant_id, mode, party_ids))
    if faults:
        raise RegistrantsIncomplete(
            f"共同登记主体有误：{'；'.join(words for _, words in faults)}（26号 第七条：共同申请或协商由一方申请）",
            detail_en="Name every other registrant once, with its consent",
            rule="REG-05",
            errors=[{"pointer": pointer, "code": "registrants", "message": words} for pointer, words in faults],
        )


def _faults(registrant_id: UUID, mode: ApplicationMode | None, party_ids: Sequence[UUID]) -> Iterable[tuple[str, str]]:
    if mode is None and party_ids:
        yield "/mode", "列明了其他登记主体，须选明共同申请或由一方申请"
    if mode is not None and not party_ids:
        yield "/co_registrants", "选择多方登记，须列明其他登记主体并附其书面意见"
    if registrant_id in party_ids:
        yield "/co_registrants", "申请单位自身不必重复列入"
    if len(set(party_ids)) < len(party_ids):
        yield "/co_registrants", "同一单位只列一次"


def check_interest(*, is_registrant: bool, interest: Interest | None) -> None:
    """Refuse a correction by somebody else without the registrant's written consent or proof of the error.

    The registrant's own application is its consent [I].

    Raises:
        InterestNotStated: neither was handed in.

    Source:
        发改数据规〔2025〕26号 第九条（三） (REG-08).
    """
    if not is_registrant and interest is None:
        raise InterestNotStated(
            "利害关系人申请更正登记，须提交登记主体的书面同意，或证明登记确有错误的材料（26号 第九条（三））",
            detail_en="Hand in the registrant's written consent or proof of the error",
            rule="REG-08",
            errors=[{"pointer": "/interest", "code": "required", "message": "须附书面同意或证明材料"}],
        )
