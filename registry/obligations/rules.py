"""Which duties the rules of a place put on whom, for which period and until when; pure.

A duty is derived from the agreements in operation and the values of the policy, on the day on which somebody asks.
Nothing is stored before it is fulfilled, and nothing is waived.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from kernel.calendar import DAY, Period, add_months
from kernel.policy import Cited
from registry.duty_facts.rules import (
    AgreementFacts,
    DutyPolicy,
    Facts,
    PartyFacts,
    PlanFacts,
    SelfAssessed,
    TrainingFacts,
    assessed_on,
)
from registry.parties.rules import N_, Capacity

NOBODY = "-"
PUBLIC = "public"


class DutyKind(StrEnum):
    """What has to be handed in, published or held."""

    OPERATING_REPORT = "operating_report"
    IMPLEMENTING_DISCLOSURE = "implementing_disclosure"
    OPERATING_DISCLOSURE = "operating_disclosure"
    AUTHORIZATION_DISCLOSURE = "authorization_disclosure"
    RESOURCE_USE_DISCLOSURE = "resource_use_disclosure"
    OPERATION_STATUS_DISCLOSURE = "operation_status_disclosure"
    SECURITY_REPORT = "security_report"
    OPERATION_REPORT = "operation_report"
    SELECTION_PUBLICATION = "selection_publication"
    AGREEMENT_FILING = "agreement_filing"
    PLAN_FILING = "plan_filing"
    SELF_EVALUATION = "self_evaluation"
    EMERGENCY_DRILL = "emergency_drill"
    TRAINING_RENEWAL = "training_renewal"


class DutyState(StrEnum):
    """How a duty stands on a day."""

    UPCOMING = "upcoming"
    DUE = "due"
    OVERDUE = "overdue"
    FULFILLED = "fulfilled"
    FULFILLED_LATE = "fulfilled_late"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of duty: its words, its rule, the capacity that owes it, and to whom."""

    title: str
    rule: str
    owed_by: Capacity
    owed_to: tuple[str, ...]


AUTHORITY, OPERATOR = Capacity.DATA_AUTHORITY, Capacity.OPERATING_INSTITUTION
SUPERVISING = (Capacity.PRICE_AUTHORITY.value, Capacity.DATA_AUTHORITY.value)
KINDS: dict[DutyKind, Kind] = {
    DutyKind.OPERATING_REPORT: Kind(N_("上一年度经营情况报告"), "DIS-01", AUTHORITY, SUPERVISING),
    DutyKind.IMPLEMENTING_DISCLOSURE: Kind(N_("实施机构年度信息披露"), "DIS-02", AUTHORITY, (PUBLIC,)),
    DutyKind.OPERATING_DISCLOSURE: Kind(N_("运营机构年度信息披露"), "DIS-03", OPERATOR, (PUBLIC,)),
    DutyKind.AUTHORIZATION_DISCLOSURE: Kind(N_("授权对象、内容、范围和时限披露"), "DIS-04", AUTHORITY, (PUBLIC,)),
    DutyKind.RESOURCE_USE_DISCLOSURE: Kind(N_("公共数据资源使用情况披露"), "DIS-05", OPERATOR, (PUBLIC,)),
    DutyKind.OPERATION_STATUS_DISCLOSURE: Kind(
        N_("公共数据授权运营情况披露"), "DIS-06", Capacity.MUNICIPAL_DATA_AGENCY, (PUBLIC,)
    ),
    DutyKind.SECURITY_REPORT: Kind(N_("运营安全情况报告"), "DIS-09", OPERATOR, (AUTHORITY.value,)),
    DutyKind.OPERATION_REPORT: Kind(N_("授权运营年度运营报告"), "DIS-10", OPERATOR, (AUTHORITY.value,)),
    DutyKind.SELECTION_PUBLICATION: Kind(
        N_("运营机构、领域和场景公开并报备案"), "DIS-11", AUTHORITY,
        (PUBLIC, Capacity.PROVINCIAL_DATA_AUTHORITY.value),
    ),
    DutyKind.AGREEMENT_FILING: Kind(
        N_("授权运营协议备案"), "DIS-13", AUTHORITY, (Capacity.PROVINCIAL_DATA_AUTHORITY.value,)
    ),
    DutyKind.PLAN_FILING: Kind(
        N_("实施方案备案"), "DIS-13", AUTHORITY, (Capacity.PROVINCIAL_DATA_AUTHORITY.value,)
    ),
    DutyKind.SELF_EVALUATION: Kind(N_("自评估"), "EVA-02", OPERATOR, (AUTHORITY.value,)),
    DutyKind.EMERGENCY_DRILL: Kind(N_("应急演练"), "EMG-03", AUTHORITY, (AUTHORITY.value,)),
    DutyKind.TRAINING_RENEWAL: Kind(N_("岗前培训到期重训"), "TRN-01", OPERATOR, (AUTHORITY.value,)),
}  # fmt: skip


RECORDED = (DutyKind.AGREEMENT_FILING, DutyKind.PLAN_FILING, DutyKind.TRAINING_RENEWAL, DutyKind.EMERGENCY_DRILL)


@dataclass(frozen=True, slots=True)
class Obligation:
    """One duty of one party for one period; ``due`` is its last day, ``None`` where the text gives no number.

    ``met_on`` is set where a record of its own fulfils it: a filing, a publication, a self-assessment, a drill, a
    training.
    """

    kind: DutyKind
    place: str
    party_id: UUID
    agreement_id: UUID | None
    period: Period
    due: date | None
    source: Cited
    subject: str = ""
    met_on: date | None = None
    record_id: UUID | None = None

    @property
    def key(self) -> str:
        """The name of the duty: kind, agreement, party, period; the same as long as the rules are the same."""
        about = self.agreement_id or self.record_id
        whose = f"{about.hex if about else NOBODY}.{self.party_id.hex}"
        return f"{self.kind}.{whose}.{self.period.start}.{self.period.last_day}"

    @property
    def recorded_elsewhere(self) -> bool:
        """Say whether only a record of its own fulfils it."""
        return self.kind in RECORDED

    def fulfilled_on(self, filed_on: date | None) -> date | None:
        """Return the first day on which it was fulfilled, by its own record or by a filing."""
        days = [day for day in (self.met_on, filed_on) if day is not None]
        return min(days, default=None)

    def state(self, on: date, filed_on: date | None = None) -> DutyState:
        """Return how it stands on a day; the last day itself is still in time."""
        done = self.fulfilled_on(filed_on)
        if done is not None:
            return DutyState.FULFILLED_LATE if self.is_late(done) else DutyState.FULFILLED
        if self.is_late(on):
            return DutyState.OVERDUE
        return DutyState.DUE if on >= self.period.end else DutyState.UPCOMING

    def is_late(self, day: date) -> bool:
        """Say whether that day is after the last one."""
        return self.due is not None and day > self.due


def obligations(facts: Facts, policies: dict[str, DutyPolicy], on: date) -> list[Obligation]:
    """Return every duty whose period has begun by that day, the earliest due first; those without a number last.

    A duty exists only where the place's rules give it a period or a day, and from the day on which they apply: a rule
    that came into force after the due day demands nothing for that period. Times that no text defines are counted
    thus [I]: reports by months in blocks of the calendar from January on (half years end on 30 June and 31 December),
    the annual operation report by anniversaries of the first authorized day, days of grace added to the last day.

    Args:
        facts: agreements, parties and trainings.
        policies: by place, what its rules say on that day.
        on: the day.

    Source:
        发改价格〔2025〕65号 五 (DIS-01); 国家数据局 2026-02-10 通知 (DIS-02, DIS-03); 27号 第十三、十八、十九条;
        新昌县实施方案 三（四）3、三（五）6、8 (DIS-09…11); 福田 (EVA-02).
    """
    found: list[Obligation] = []
    for agreement in facts.agreements:
        policy = policies[agreement.place]
        found += _of_signature(agreement, policy)
        if agreement.in_operation:
            found += [*_of_agreement(agreement, policy), *_drills(agreement, policy, on)]
    found += _yearly_disclosures(facts.agreements, policies, on)
    for party in facts.parties:
        found += _of_party(party, policies[party.place])
    for plan in facts.plans:
        found += _of_plan(plan, policies[plan.place])
    for training in facts.trainings:
        found += _of_training(training, policies[training.place])
    begun = (duty for duty in found if duty.period.start <= on)
    return sorted(begun, key=lambda duty: (duty.due is None, duty.due or duty.period.end, duty.key))


def calendar_blocks(months: int, start: date, end: date) -> Iterator[Period]:
    """Yield the blocks of so many months, counted from January of the first year, that touch ``[start, end)``.

    Each block is whole, whatever part of it is touched, so that half years always end on 30 June and 31 December.
    """
    january = date(start.year, 1, 1)
    index = 0
    while (first := add_months(january, months * index)) < end:
        index += 1
        block = Period(first, add_months(january, months * index))
        if block.end > start:
            yield block


def anniversaries(months: int, start: date, end: date) -> Iterator[Period]:
    """Yield the full periods of so many months since ``start`` that are over by ``end``.

    Each bound is counted from the first day itself: a period that began on 29 February ends on 28 February in a
    common year and on 29 February in a leap year.
    """
    index = 0
    while (last := add_months(start, months * (index + 1))) <= end:
        yield Period(add_months(start, months * index), last)
        index += 1


def due_in_following_year(year: int, cited: Cited) -> date:
    """Return the day of the yearly date in the year after, such as 31 March for the year before."""
    month, day = cited.month_day()
    return date(year + 1, month, day)


def _days(cited: Cited | None) -> timedelta:
    return timedelta(days=cited.integer()) if cited is not None else timedelta()


def _of_signature(agreement: AgreementFacts, policy: DutyPolicy) -> Iterator[Obligation]:
    moment = Period(agreement.signed_on, agreement.signed_on + DAY)
    wanted = (
        (DutyKind.AGREEMENT_FILING, policy.agreement_filing_required, agreement.filed_on),
        (DutyKind.SELECTION_PUBLICATION, policy.selection_result_required, agreement.selection_published_on),
    )
    for kind, cited, met_on in wanted:
        if cited is not None and cited.boolean() and cited.valid_from <= agreement.signed_on:
            yield Obligation(
                kind, agreement.place, agreement.authorizing_entity_id, agreement.id, moment, None, cited,
                agreement.number, met_on,
            )  # fmt: skip


def _of_agreement(agreement: AgreementFacts, policy: DutyPolicy) -> Iterator[Obligation]:
    operator, authority = agreement.operating_institution_id, agreement.authorizing_entity_id
    blocks = (
        (DutyKind.AUTHORIZATION_DISCLOSURE, policy.authorization_months, authority, None),
        (DutyKind.RESOURCE_USE_DISCLOSURE, policy.resource_use_months, operator, None),
        (DutyKind.SECURITY_REPORT, policy.security_months, operator, policy.security_grace_days),
        (DutyKind.SELF_EVALUATION, policy.self_evaluation_months, operator, None),
    )
    for kind, cited, party, grace in blocks:
        yield from _in_blocks(kind, cited, grace, agreement, party)
    cited = policy.operation_report_months
    if cited is not None:
        for period in anniversaries(cited.integer(), agreement.start, agreement.end):
            due = period.end + _days(policy.operation_report_grace_days)
            yield from _demanded(DutyKind.OPERATION_REPORT, agreement, operator, period, due, cited)
    yearly = policy.operating_report_due
    if yearly is not None:
        for year in _years(agreement):
            due = due_in_following_year(year, yearly)
            yield from _demanded(DutyKind.OPERATING_REPORT, agreement, authority, Period.year(year), due, yearly)


def _in_blocks(
    kind: DutyKind, cited: Cited | None, grace: Cited | None, agreement: AgreementFacts, party: UUID
) -> Iterator[Obligation]:
    if cited is None:
        return
    said = agreement.self_assessments if kind is DutyKind.SELF_EVALUATION else ()
    for block in calendar_blocks(cited.integer(), agreement.start, agreement.end):
        met_on = _assessed_on(said, block, agreement)
        yield from _demanded(kind, agreement, party, block, block.last_day + _days(grace), cited, met_on)


def _assessed_on(said: Sequence[SelfAssessed], block: Period, owed: AgreementFacts | PartyFacts) -> date | None:
    """Return when the part of the block that concerns the party was assessed by itself."""
    return assessed_on(said, Period(max(block.start, owed.start), min(block.end, owed.end)))


def _demanded(
    kind: DutyKind, agreement: AgreementFacts, party: UUID, period: Period, due: date, cited: Cited,
    met_on: date | None = None,
) -> Iterator[Obligation]:  # fmt: skip
    if cited.valid_from <= due:
        yield Obligation(kind, agreement.place, party, agreement.id, period, due, cited, agreement.number, met_on)


def _years(agreement: AgreementFacts) -> range:
    return range(agreement.start.year, (agreement.end - DAY).year + 1)


def _yearly_disclosures(
    agreements: Iterable[AgreementFacts], policies: dict[str, DutyPolicy], on: date
) -> Iterator[Obligation]:
    """Yield one disclosure per institution, place and year, however many agreements it has there."""
    owed: dict[tuple[DutyKind, str, UUID, int], Cited] = {}
    for agreement in agreements:
        if not agreement.in_operation:
            continue
        policy = policies[agreement.place]
        sides = (
            (DutyKind.IMPLEMENTING_DISCLOSURE, policy.implementing_disclosure_due, agreement.authorizing_entity_id),
            (DutyKind.OPERATING_DISCLOSURE, policy.operating_disclosure_due, agreement.operating_institution_id),
        )
        for kind, cited, party in sides:
            if cited is not None:
                owed |= {(kind, agreement.place, party, year): cited for year in _years(agreement) if year <= on.year}
    for (kind, place, party, year), cited in owed.items():
        due = due_in_following_year(year, cited)
        if cited.valid_from <= due:
            yield Obligation(kind, place, party, None, Period.year(year), due, cited)


def _drills(agreement: AgreementFacts, policy: DutyPolicy, on: date) -> Iterator[Obligation]:
    """Yield the drill that is owed after each drill, and after operation began."""
    cited = policy.drill_months
    if cited is None:
        return
    began = agreement.activated_on or agreement.start
    held = sorted({began, *(day for day in agreement.drills if day >= began)})
    for index, since in enumerate(held):
        due = add_months(since, cited.integer())
        following = held[index + 1] if index + 1 < len(held) else None
        if since <= on and due < agreement.end and cited.valid_from <= due:
            yield Obligation(
                DutyKind.EMERGENCY_DRILL, agreement.place, agreement.authorizing_entity_id, agreement.id,
                Period(since, due), due, cited, agreement.number, following,
            )  # fmt: skip


def _of_party(party: PartyFacts, policy: DutyPolicy) -> Iterator[Obligation]:
    wanted = {
        Capacity.MUNICIPAL_DATA_AGENCY: (DutyKind.OPERATION_STATUS_DISCLOSURE, policy.operation_status_months),
        Capacity.SOURCE_DEPARTMENT: (DutyKind.SELF_EVALUATION, policy.self_evaluation_months),
    }
    kind, cited = wanted.get(party.capacity, (None, None))
    if kind is None or cited is None:
        return
    for block in calendar_blocks(cited.integer(), party.start, party.end):
        if cited.valid_from <= block.last_day:
            met_on = _assessed_on(party.self_assessments, block, party)
            yield Obligation(kind, party.place, party.id, None, block, block.last_day, cited, "", met_on)


def _of_plan(plan: PlanFacts, policy: DutyPolicy) -> Iterator[Obligation]:
    """Yield the filing of an approved plan with the province (27号 第十一条, DIS-13); the text gives no number."""
    cited = policy.plan_filing_required
    if cited is not None and cited.boolean() and cited.valid_from <= plan.approved_on:
        moment = Period(plan.approved_on, plan.approved_on + DAY)
        yield Obligation(
            DutyKind.PLAN_FILING, plan.place, plan.institution_id, None, moment, None, cited, plan.title, plan.filed_on,
            plan.id,
        )  # fmt: skip


def _of_training(training: TrainingFacts, policy: DutyPolicy) -> Iterator[Obligation]:
    if policy.training_validity is not None:
        valid = Period(training.passed_on, add_months(training.passed_on, policy.training_validity.integer()))
        yield Obligation(
            DutyKind.TRAINING_RENEWAL, training.place, training.party_id, None, valid, valid.last_day,
            policy.training_validity,
            training.person, training.renewed_on, training.record_id,
        )  # fmt: skip
