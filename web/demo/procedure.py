"""What the road to a registered product consists of at one place, where its text makes it differ from the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Admission:
    """An organisation that asks to be admitted by itself; ``defects`` are what it is asked to put right first."""

    organisation: str
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rival:
    """Another organisation that wants to operate: uninvited, or with a security incident (day and fact) to declare."""

    organisation: str
    incident: tuple[date, str] | None = None
    uninvited: bool = False


@dataclass(frozen=True, slots=True)
class Authorization:
    """From the plan to the published selection."""

    mode: str
    domain: str
    decision: str  # number of the collective decision
    government_document: str
    plan_filing: str
    method: str
    reason: str  # why the operator was chosen
    by_expert: bool = False  # an expert panel sits over the applications
    expert_score: str | None = None
    status_approval: str | None = None
    result_filing: str | None = None
    rivals: tuple[Rival, ...] = ()
    shows_incomplete_form: bool = False
    shows_second_person: bool = False


@dataclass(frozen=True, slots=True)
class Training:
    """One examination: the person, the kind of staff, and whether the first attempt was passed."""

    person: str
    kind: str
    passed: bool = True


@dataclass(frozen=True, slots=True)
class ServiceText:
    """The standard text of what partner and operator sign."""

    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Subsidiary:
    """A company that the operator controls and that must not do what the operator must not."""

    organisation: str
    since: date
    product: str
    rule: str


@dataclass(frozen=True, slots=True)
class ReturnedReview:
    """A first version that the review returns once with all its defects: its surplus fields, and the defects."""

    product: str
    surplus: tuple[tuple[str, str], ...]  # name, title
    defects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QualityTicket:
    """A quality problem that the operator reports and the source department puts right."""

    resource: str
    category: str
    description: str
    answer: str


@dataclass(frozen=True, slots=True)
class SimulatedData:
    """Simulated rows that a source department gives, and a merchant looks at before asking."""

    resource: str
    rows: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class Objector:
    """Who objects during the public notice, why, and why the objection is dismissed."""

    organisation: str
    evidence: str
    findings: str
    outcome: str


@dataclass(frozen=True, slots=True)
class LocalRecord:
    """The registration or filing that the place demands besides the code."""

    kind: str
    issuer: str
    reference: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """Everything that happens at one place before a product is sold."""

    authorization: Authorization
    admissions: tuple[Admission, ...] = ()
    trainings: tuple[Training, ...] = ()
    security_review: bool = False
    drill: str | None = None
    clearances: tuple[tuple[str, str], ...] = ()  # kind, reference
    service_text: ServiceText | None = None
    simulated: SimulatedData | None = None
    refused_ground: bool = False
    ticket: QualityTicket | None = None
    drafted: tuple[str, ...] = ()  # products that are entered through the guided form
    returned: ReturnedReview | None = None
    subsidiary: Subsidiary | None = None
    minimum_group_size: int | None = None  # of the egress check, where there is one
    objector: Objector | None = None
    local_record: LocalRecord | None = None
    half_year_report: str | None = None
