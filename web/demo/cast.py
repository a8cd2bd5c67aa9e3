"""What a place of the story consists of: organisations, people, data, products, prices, purchases, shares.

Everything here is made up for the demonstration, except what a comment cites. Names of organisations carry 示例, so
that nobody is taken for a real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kernel.identity import Role
from registry.parties.rules import Capacity, PartyKind, uscc_from_body
from web.demo.books import Books
from web.demo.market import Market, Paper
from web.demo.procedure import Procedure
from web.demo.watch import Watch

PASSWORD = "Demo-Huiyi-2026"  # noqa: S105 — printed on the sign-in page of the demonstration
# GB 32100: the first two characters say who registered the organisation and what it is
REGISTERED_AS = {
    PartyKind.ADMINISTRATIVE_UNIT: "11",
    PartyKind.PUBLIC_INSTITUTION: "12",
    PartyKind.ENTERPRISE: "91",
    PartyKind.NON_LEGAL_PERSON: "93",
}


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation, known in the story by its key."""

    key: str
    name: str
    kind: PartyKind
    capacities: tuple[Capacity, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """One person who signs in: key, name, organisation (None: of no party to the trade) and role."""

    key: str
    name: str
    organisation: str | None
    role: Role


@dataclass(frozen=True, slots=True)
class ResourceFact:
    """One public data resource of a source department."""

    key: str
    source: str
    title: str
    description: str
    classification: str
    grade: int
    update_frequency: str
    fields: tuple[tuple[str, str], ...]  # name, title
    access: str  # free or paid
    return_flow: bool = False


@dataclass(frozen=True, slots=True)
class AgreementFact:
    """The agreement: half-open term, trial where there is one, and the words on distribution."""

    title: str
    term_start: date
    term_end: date
    distribution: str
    platform: str
    trial_start: date | None = None
    trial_end: date | None = None
    has_emergency_plan: bool = False
    coordination_record: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One input of a product: the resource, what was put in, and its quality score."""

    resource: str
    weight_input: str
    quality: str


@dataclass(frozen=True, slots=True)
class ProductFact:
    """One product: what it is, what it is made of, and the rows that it serves."""

    key: str
    seller: str
    title: str
    scenario: str
    necessity: str
    domain: str
    source_statement: str
    description: str
    fields: tuple[tuple[str, str], ...]
    rows: tuple[Mapping[str, Any], ...]
    inputs: tuple[Use, ...]
    venue: str | None
    summary: str
    form: str = "api"
    papers: tuple[Paper, ...] = ()  # of a product that is delivered as files or reports


@dataclass(frozen=True, slots=True)
class CostFact:
    """One line of the cost survey, amounts in yuan, and the key by which it is shared."""

    category: str
    text: str
    amount: str
    key: str = ""  # none: wholly for industry use
    disallowed: str | None = None
    disallowed_reason: str = ""


@dataclass(frozen=True, slots=True)
class KeyFact:
    """One allocation key: units of industry and of public-interest use, and what was first measured, if wrongly."""

    name: str
    driver: str
    units: tuple[str, str]
    first_units: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CapFact:
    """One cap: product, unit, yuan per unit, forecast volume of the year, kind of subject (None: all)."""

    product: str
    amount: str
    forecast_volume: str
    subject_kind: str | None = None
    charge_unit: str = "per_use"


@dataclass(frozen=True, slots=True)
class CeilingFact:
    """The determination for a place whose operator has a complete year behind it."""

    survey_year: int
    subsidy: str
    lines: tuple[CostFact, ...]
    margin: str
    tax: str
    tax_basis: str
    report_number: str
    caps: tuple[CapFact, ...]
    too_high: tuple[CapFact, ...]  # an attempt that exceeds the permitted revenue
    first_sale: date  # since when the operator charges
    application: str  # number of the written application
    delegation: str  # by which the province lets the prefecture determine
    keys: tuple[KeyFact, ...] = ()


@dataclass(frozen=True, slots=True)
class TariffFact:
    """One price: the model as the API writes it, its value basis, and the attempt that is refused."""

    product: str
    regime: str
    model: Mapping[str, Any]
    charge_unit: str = "per_use"
    subject_kind: str | None = None
    buyer_class: str | None = None
    dedup_days: int | None = None
    guidance: str | None = None
    too_high: Mapping[str, Any] | None = None
    value: Mapping[str, Any] | None = None  # the application value, where the place makes it the basis of prices


@dataclass(frozen=True, slots=True)
class ServiceFeeFact:
    """What an operator charges merchants for one service: cost, price, and the price that is refused."""

    service: str
    unit_cost: str
    cost_basis: str
    price: str
    too_high: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """One purchase: who buys which product, for what, how much, and how often it is called in the month."""

    key: str
    buyer: str
    product: str
    purpose: str
    quantity: int
    calls: int
    reference: str
    exemption_reason: str | None = None
    kind: str | None = None  # kind of subject asked about, where prices differ by it
    misses: int = 0  # calls for something that is not there; they are free
    is_reuse: bool = False  # a source department takes up its free reuse in one step
    short_by: str | None = None  # the first bank line is short by so much and refused


@dataclass(frozen=True, slots=True)
class ScheduleFact:
    """A share schedule as the agreement has it: steps whose parties are keys, and the contribution coefficients."""

    product: str
    steps: tuple[Mapping[str, Any], ...]
    coefficients: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BulkUse:
    """Usage that arrives as a file: so many subjects of one purchase, each asked about on these days of the month."""

    purchase: str
    subjects: int
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that one place brings to the story; what the law makes different there is in its own file."""

    key: str
    title: str
    division: str
    organisations: tuple[Organisation, ...]
    people: tuple[Person, ...]
    procedure: Procedure
    resources: tuple[ResourceFact, ...]
    agreement: AgreementFact
    refused_term: tuple[date, date, str]  # first day, first day after, the rule that refuses it
    products: tuple[ProductFact, ...]
    tariffs: tuple[TariffFact, ...]
    purchases: tuple[Purchase, ...]
    schedules: tuple[ScheduleFact, ...]
    ceiling: CeilingFact | None = None
    service_fees: tuple[ServiceFeeFact, ...] = ()
    bulk: tuple[BulkUse, ...] = ()
    refused_seller: str | None = None  # who tries to sell and may not
    refused_operator: str | None = None  # who cannot be an operating institution by its legal form
    silent_reviewers: tuple[str, ...] = ()  # who lets the time pass where silence consents
    preferred: tuple[tuple[str, str, str], ...] = ()  # buyer, product, class of buyers with a price of its own
    watch: Watch = Watch()  # noqa: RUF009 — frozen
    market: Market = Market()  # noqa: RUF009 — frozen
    books: Books | None = None  # where the story of the completed month is told

    def organisation(self, key: str) -> Organisation:
        """Return one organisation."""
        return next(found for found in self.organisations if found.key == key)

    def product(self, key: str) -> ProductFact:
        """Return one product."""
        return next(found for found in self.products if found.key == key)

    def uscc(self, key: str) -> str:
        """Return the made-up, valid credit code of an organisation."""
        serial = next(number for number, found in enumerate(self.organisations, start=1) if found.key == key)
        kind = self.organisation(key).kind
        return uscc_from_body(f"{REGISTERED_AS[kind]}{self.division}MAEX{serial:05d}")

    def person_of(self, organisation: str) -> Person:
        """Return the person who acts for an organisation."""
        return next(found for found in self.people if found.organisation == organisation)
