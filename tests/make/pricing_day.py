"""One working day on which everybody who has to do with prices at Xinchang has something to do.

Under it lies the short history of :mod:`tests.make.what_if`: three products, used and partly settled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.identity import Role
from kernel.money import Money
from market.orders.model import Quote
from pricing.cap_plans.model import CapPlan
from pricing.complaints import commands as complaints
from pricing.complaints.model import PriceComplaint
from pricing.complaints.rules import Ground
from pricing.costs.model import CostSurvey
from pricing.determinations import commands as procedure
from pricing.determinations.model import Determination
from pricing.exemptions import commands as exemptions
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import Purpose
from pricing.headroom import commands as headroom
from pricing.headroom.rules import Accrued
from pricing.misuses.model import Misuse
from pricing.negotiated import commands as negotiated
from pricing.negotiated.model import Negotiation
from registry.accounts.model import Account
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from tests.make import charges, market, misuses, pricing, settlement, surveys, what_if
from tests.make import determinations as walk
from tests.make import registry_base as base
from tests.make.negotiated import CHEAP

DAY = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)  # Monday, ten in the morning in Beijing
TODAY = date(2026, 10, 12)
WEEK_BEFORE = DAY - timedelta(days=7)
YEAR = TODAY.year
RULE = "年采购额超过 100 万元的金融机构可另行商定（公告〔2026〕3号）"


@dataclass
class PricingDay:
    """What the day is made of, for tests to walk through."""

    history: what_if.History
    authority: Party
    buyer: Party
    operator: Party  # of the agreements whose revenue is being determined
    survey: CostSurvey  # filed, waits for the price officer
    assessed: Determination  # a revenue has to be proposed
    proposed: Determination  # waits for the second person
    plan: CapPlan  # caps are drawn up, the written report is not recorded
    misuse: Misuse
    complaint: PriceComplaint
    negotiation: Negotiation  # waits for the buyer
    asked: Exemption
    ending: Exemption
    quote: Quote
    accounts: dict[str, Account] = field(default_factory=dict)

    @property
    def checks(self) -> Product:
        """The operator's product under a cap."""
        return self.history.checks

    @property
    def scores(self) -> Product:
        """The merchant's product at market price."""
        return self.history.world.scores


def make_pricing_day(session: Session, *, passwords: bool = True) -> PricingDay:
    """Make the day; people sign in with their key as login and the password of all tests."""
    history = what_if.make_history(session)
    world = history.world
    buyer = session.get_one(Party, world.buyer.org_id)
    charges.make_month(session, world.agreement)
    quote = market.make_quote(session, history.checks, world.buyer, quantity=500, now=DAY)
    _lower_the_cap(session, history)
    _earn(session, history)
    authority, operator = base.make_authority(session), base.make_operator(session)
    found = [base.make_agreement(session, authority=authority, operator=operator) for _ in range(3)]
    survey = surveys.make_survey(session, found[0], accepted=False, now=WEEK_BEFORE)
    assessed = _apply(session, found[0])
    proposed = _apply(session, found[1])
    walk.propose(session, walk.Offices(found[1]), proposed, now=WEEK_BEFORE)
    day = PricingDay(
        history, authority, buyer, operator, survey, assessed, proposed, _draft_caps(session, found[2]),
        _misuse(session, history.checks), _complain(session, history, buyer), _negotiate(session, history, buyer),
        *_free_use(session, history.checks, buyer), quote,
    )  # fmt: skip
    if passwords:
        day.accounts = _people(session, day)
    session.flush()
    return day


def _lower_the_cap(session: Session, history: what_if.History) -> None:
    """Plan and report a lower cap for next month: the quote above it is closed by it."""
    ceiling = pricing.make_ceiling(session, history.world.agreement, now=WEEK_BEFORE)
    pricing.set_caps(
        session, ceiling, [pricing.cap(history.checks, "0.70", volume="10000000")], effective_from=TODAY, now=DAY
    )


def _earn(session: Session, history: what_if.History) -> None:
    """Read a year that has earned nine tenths of what is permitted, so that the alarm is raised."""
    months = zip(range(7, 11), ("2000000.00", "2200000.00", "2400000.00", "1000000.00"), strict=True)
    accrued = []
    for month, amount in months:
        period = Period.month(f"{YEAR}-{month:02d}")
        span = period if period.end <= TODAY else Period(period.start, TODAY)
        accrued.append(Accrued(span, history.checks.code, Money.yuan(amount)))
    headroom.read(
        session, pricing.price_officer(), agreement_id=history.world.agreement.id, accrued=accrued, until=TODAY,
        now=DAY, book=settlement.LAW,
    )  # fmt: skip


def _apply(session: Session, agreement: Agreement) -> Determination:
    offices = walk.Offices(agreement)
    found = walk.apply(session, offices, now=WEEK_BEFORE)
    return procedure.assess(session, offices.officer, found.id, is_ready=True, note="具备定价基础", now=WEEK_BEFORE)


def _draft_caps(session: Session, agreement: Agreement) -> CapPlan:
    product = pricing.make_product(session, agreement=agreement, title="经营状况核验")
    offices = walk.Offices(agreement)
    found = walk.determine(session, offices, now=WEEK_BEFORE)
    return walk.draft_caps(
        session, offices, found, [pricing.cap(product, "0.60")], effective_from=TODAY + timedelta(days=20), now=DAY
    )


def _misuse(session: Session, product: Product) -> Misuse:
    grantee = pricing.make_buyer(session, name="应急管理中心")
    free = pricing.make_exemption(session, product, grantee)
    return misuses.make_misuse(session, free, hearing_until=TODAY + timedelta(days=4), now=DAY, until_date=misuses.LAST)


def _complain(session: Session, history: what_if.History, buyer: Party) -> PriceComplaint:
    return complaints.file_complaint(
        session, base.actor(Role.BUYER, org_id=buyer.id), product_code=history.checks.code, ground=Ground.TOO_HIGH,
        words="与邻近地区同类产品相比收费偏高", name="李某某", contact="0575-1111111", now=WEEK_BEFORE,
    )  # fmt: skip


def _negotiate(session: Session, history: what_if.History, buyer: Party) -> Negotiation:
    seller, product = pricing.seller_of(session, history.world.scores), history.world.scores
    negotiated.publish_negotiable(session, seller, product_id=product.id, rule=RULE, is_open=True, since=TODAY, now=DAY)
    return negotiated.offer(
        session, seller, product_id=product.id, buyer_id=buyer.id, model=CHEAP, valid_from=TODAY,
        valid_until=TODAY + timedelta(days=80), answer_by=TODAY + timedelta(days=3), now=DAY,
    )  # fmt: skip


def _free_use(session: Session, product: Product, buyer: Party) -> tuple[Exemption, Exemption]:
    """A request that nobody decided, and an approved exemption that ends soon and that is to be changed."""
    asked = pricing.make_exemption(
        session, product, buyer, purpose=Purpose.PUBLIC_GOVERNANCE, approved=False, now=WEEK_BEFORE
    )
    ending = pricing.make_exemption(session, product, buyer, quota=100, valid_until=TODAY + timedelta(days=14))
    exemptions.ask_amendment(
        session, pricing.buyer(buyer), ending.id, reason="汛期延长", valid_until=TODAY + timedelta(days=14), quota=500,
        now=DAY, book=base.book(),
    )  # fmt: skip
    return asked, ending


def _people(session: Session, day: PricingDay) -> dict[str, Account]:
    world = day.history.world
    named: dict[str, tuple[Role, Party | None, str]] = {
        "price": (Role.PRICE, None, "许定价"),
        "price2": (Role.PRICE, None, "何定价"),
        "authority": (Role.SUPERVISOR, None, "周主管"),
        "operator": (Role.OPERATOR, world.operator, "蒋运营"),
        "merchant": (Role.MERCHANT, world.merchant, "沈数商"),
        "buyer": (Role.BUYER, day.buyer, "孙采购"),
    }
    return {
        key: base.make_account(session, role, party=party, place=base.PLACE, login=key, name=name, now=base.NOW)
        for key, (role, party, name) in named.items()
    }
