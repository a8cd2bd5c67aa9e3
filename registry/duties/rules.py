"""What may be handed in for a duty; pure."""

from __future__ import annotations

from uuid import UUID

from kernel.errors import Conflict
from kernel.identity import Role
from registry.obligations.rules import KINDS, DutyState, Obligation
from registry.parties.rules import CAPACITY_TITLES, N_, Capacity

PUBLIC = "public"
# whose people hand in what an organisation of that capacity owes: never the authority for the one it supervises
FILERS: dict[Capacity, Role] = {
    Capacity.OPERATING_INSTITUTION: Role.OPERATOR,
    Capacity.SOURCE_DEPARTMENT: Role.SOURCE,
    Capacity.DATA_MERCHANT: Role.MERCHANT,
    Capacity.DATA_AUTHORITY: Role.SUPERVISOR,
    Capacity.MUNICIPAL_DATA_AGENCY: Role.SUPERVISOR,
}
RECIPIENT_TITLES = {PUBLIC: N_("社会公众"), **{capacity.value: title for capacity, title in CAPACITY_TITLES.items()}}
STATE_TITLES = {
    DutyState.UPCOMING: N_("期间未满"),
    DutyState.DUE: N_("待履行"),
    DutyState.OVERDUE: N_("已逾期"),
    DutyState.FULFILLED: N_("已履行"),
    DutyState.FULFILLED_LATE: N_("逾期履行"),
}


class FiledAlready(Conflict):
    """Something was handed in for this duty; a correction names what it corrects."""

    code = "duty.filed_already"
    title = "该项义务已报送"
    title_en = "Filed already"


class NotTheLatestFiling(Conflict):
    """A correction follows the latest filing, and that is another one."""

    code = "duty.not_the_latest_filing"


class RecordedElsewhere(Conflict):
    """The duty is fulfilled by a record of its own, not by a file handed in here."""

    code = "duty.recorded_elsewhere"


def check_filing(duty: Obligation, latest: UUID | None, supersedes: UUID | None) -> None:
    """Refuse a second first filing, a correction of anything but the latest, and files for what has its own record.

    Raises:
        RecordedElsewhere: the duty is fulfilled by its own record.
        FiledAlready: something was handed in, and no correction is meant.
        NotTheLatestFiling: the correction names another filing than the latest.
    """
    title = KINDS[duty.kind].title
    if duty.recorded_elsewhere:
        raise RecordedElsewhere(
            f"{title}由其自身的记录履行，不在此报送：请在实施方案页、协议页办理备案，在协议页登记应急演练，或在培训页登记培训",
            detail_en="A record of its own fulfils this duty.",
            rule=KINDS[duty.kind].rule,
        )
    if latest is not None and supersedes is None:
        raise FiledAlready(
            f"{title}（{duty.period.text()}）已报送；如需更正，请就最近一次报送提交更正",
            detail_en="Filed already; send a correction of the latest filing.",
            rule=KINDS[duty.kind].rule,
        )
    if supersedes != latest:
        raise NotTheLatestFiling(
            f"{title}（{duty.period.text()}）的最近一次报送不是您所要更正的那一份，请刷新后重试",
            detail_en="Another filing is the latest one.",
        )
