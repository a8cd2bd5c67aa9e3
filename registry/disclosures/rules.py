"""What has to be disclosed or reported (DIS-01…13), and how a yearly disclosure is put together; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, Invalid
from kernel.identity import Role
from registry.obligations.rules import DutyKind
from registry.parties.rules import N_
from registry.resources.rules import RegistrationStatus


class Side(StrEnum):
    """Which of the two institutions discloses."""

    IMPLEMENTING = "implementing"
    OPERATING = "operating"


class DisclosureState(StrEnum):
    """Where a disclosure stands."""

    PREPARED = "prepared"
    CHECKED = "checked"
    PUBLISHED = "published"
    DISCARDED = "discarded"


class DisclosureEvent(StrEnum):
    """What happens to a disclosure."""

    CHECK = "check"
    PUBLISH = "publish"
    DISCARD = "discard"


SIDE_TITLES = {Side.IMPLEMENTING: N_("实施机构"), Side.OPERATING: N_("运营机构")}
STATE_TITLES = {
    DisclosureState.PREPARED: N_("已编制"),
    DisclosureState.CHECKED: N_("已复核"),
    DisclosureState.PUBLISHED: N_("已公布"),
    DisclosureState.DISCARDED: N_("已作废"),
}
EVENT_TITLES = {
    DisclosureEvent.CHECK: N_("复核"),
    DisclosureEvent.PUBLISH: N_("公布"),
    DisclosureEvent.DISCARD: N_("作废"),
}
MODE_TITLES = {"overall": N_("整体授权"), "by_sector": N_("分领域授权"), "by_scenario": N_("依场景授权")}
DUTY_OF = {Side.IMPLEMENTING: DutyKind.IMPLEMENTING_DISCLOSURE, Side.OPERATING: DutyKind.OPERATING_DISCLOSURE}
ROLE_OF = {Side.IMPLEMENTING: Role.SUPERVISOR, Side.OPERATING: Role.OPERATOR}
TRANSITIONS: dict[tuple[DisclosureState, DisclosureEvent], DisclosureState] = {
    (DisclosureState.PREPARED, DisclosureEvent.CHECK): DisclosureState.CHECKED,
    (DisclosureState.CHECKED, DisclosureEvent.PUBLISH): DisclosureState.PUBLISHED,
    (DisclosureState.PREPARED, DisclosureEvent.DISCARD): DisclosureState.DISCARDED,
    (DisclosureState.CHECKED, DisclosureEvent.DISCARD): DisclosureState.DISCARDED,
}


class WrongState(Conflict):
    """The disclosure does not admit this step now."""

    code = "disclosure.wrong_state"


class YearNotOver(Conflict):
    """The disclosure of a year is put together when the year is over."""

    code = "disclosure.year_not_over"


class Incomplete(Invalid):
    """Something that must be disclosed is missing; every field is named."""

    code = "disclosure.incomplete"
    title = "披露内容不完整"
    title_en = "Something that must be disclosed is missing"


class SecondPersonNeeded(Conflict):
    """Who prepared a disclosure does not check it."""

    code = "disclosure.second_person_needed"
    title = "须由另一人复核"
    title_en = "A second person has to check"


class PublishedAlready(Conflict):
    """The disclosure of that year is published; a correction names it."""

    code = "disclosure.published_already"


class NotCorrectable(Conflict):
    """A correction follows the latest published disclosure of the same institution, side and year."""

    code = "disclosure.not_correctable"


@dataclass(frozen=True, slots=True)
class Institution:
    """How the disclosing institution is reached; name and credit code come from the registry."""

    address: str
    postcode: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class DataDepartment:
    """The data department that answers questions."""

    unit: str
    contact: str
    phone: str


@dataclass(frozen=True, slots=True)
class CapFigure:
    """One cap fee standard (上限收费标准): yuan per charge unit, as text."""

    product_code: str
    charge_unit: str
    amount: str
    effective_from: date
    report_number: str


@dataclass(frozen=True, slots=True)
class FeeFigure:
    """One specific fee standard (具体收费标准): highest yuan per charge unit, as text."""

    product_code: str
    charge_unit: str
    amount: str
    regime: str
    effective_from: date
    number: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What higher floors hand in: caps and fees in force, and what was settled in the year (fen; ``None``: nothing)."""

    caps: tuple[CapFigure, ...] = ()
    fees: tuple[FeeFigure, ...] = ()
    revenue_fen: int | None = None


@dataclass(frozen=True, slots=True)
class ResourceLine:
    """One authorized resource; without a confirmation number it is still to be registered."""

    code: str
    title: str
    confirmation_number: str | None = None


@dataclass(frozen=True, slots=True)
class ProductLine:
    """One product or service; without a registration code it is still to be registered."""

    code: str
    title: str
    mode: str
    scenario: str
    registration_code: str | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """One agreement in the year, as both sides disclose it; ``last_day`` belongs to the term."""

    number: str
    mode: str
    implementing_name: str
    implementing_uscc: str
    operator_name: str
    operator_uscc: str
    first_day: date
    last_day: date
    resources: tuple[ResourceLine, ...] = ()
    products: tuple[ProductLine, ...] = field(default=())


def after(state: DisclosureState, event: DisclosureEvent) -> DisclosureState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to a disclosure in this state.
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"披露目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The disclosure is {state}; {event} is not possible.",
            rule="DIS-02",
        )
    return TRANSITIONS[state, event]


def possible(state: DisclosureState) -> tuple[DisclosureEvent, ...]:
    """Return the events that can happen in this state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def check_year(year: int, on: date) -> None:
    """Refuse to disclose a year that is not over.

    Raises:
        YearNotOver: it is the present year, or a later one.
    """
    if year >= on.year:
        raise YearNotOver(f"{year} 年尚未结束，年度披露应在次年编制", detail_en=f"{year} is not over.", rule="DIS-02")


def check_second_person(number: str, prepared_by: UUID | None, actor_id: UUID | None) -> None:
    """Refuse that who prepared a disclosure checks it.

    Raises:
        SecondPersonNeeded: it is the same person.
    """
    if prepared_by is not None and prepared_by == actor_id:
        raise SecondPersonNeeded(
            f"{number} 由您编制，须由本单位另一人复核", detail_en="Another person has to check.", rule="DIS-02"
        )


def assembled(
    side: Side,
    *,
    name: str,
    uscc: str,
    institution: Institution,
    department: DataDepartment,
    authorizations: Iterable[Authorization],
    figures: Figures,
) -> dict[str, Any]:
    """Return the disclosure of one institution for one year as plain data, in the order of the national form.

    Raises:
        Incomplete: a field of the institution or of the data department is empty, or nothing was authorized.

    Source:
        国家数据局综合司 2026-02-10 通知 (DIS-02, DIS-03); the fields are those of the disclosure form.
    """
    lines = list(authorizations)
    own = {"name": name, "uscc": uscc, **asdict(institution)}
    check_complete({"institution": own, "data_department": asdict(department)}, lines)
    build = _implementing if side is Side.IMPLEMENTING else _operating
    return {
        "institution": own,
        "authorizations": [build(line, figures) for line in lines],
        "revenue_fen": figures.revenue_fen if side is Side.OPERATING else None,
        "data_department": asdict(department),
    }


def check_complete(parts: Mapping[str, Mapping[str, str]], authorizations: list[Authorization]) -> None:
    """Refuse empty fields, a disclosure about nothing, and an authorization without one of the three modes.

    Raises:
        Incomplete: with every field.
    """
    empty = [f"/{part}/{name}" for part, fields in parts.items() for name, text in fields.items() if not text.strip()]
    empty += [f"/authorization_modes/{line.number}" for line in authorizations if line.mode not in MODE_TITLES]
    if not authorizations:
        empty.append("/authorizations")
    if empty:
        raise Incomplete(
            f"尚缺披露内容 {len(empty)} 项：{'、'.join(empty)}；该年度没有生效的授权的，无须披露",
            detail_en=f"Missing: {', '.join(empty)}.",
            rule="DIS-02",
            errors=[{"pointer": pointer, "code": Incomplete.code, "message": "不得为空"} for pointer in empty],
        )


def _implementing(line: Authorization, figures: Figures) -> dict[str, Any]:
    codes = {product.code for product in line.products}
    return {
        "agreement": line.number,
        "mode": line.mode,
        "resources": [_status(asdict(one), "confirmation_number") for one in line.resources],
        "operator": {"name": line.operator_name, "uscc": line.operator_uscc},
        **_term(line),
        "fee_caps": list(_fees(figures.caps, codes)),
    }


def _operating(line: Authorization, figures: Figures) -> dict[str, Any]:
    products = [
        {**_status(asdict(one), "registration_code"), "fees": list(_fees(figures.fees, {one.code}))}
        for one in line.products
    ]
    return {
        "agreement": line.number,
        "mode": line.mode,
        "implementing_institution": {"name": line.implementing_name, "uscc": line.implementing_uscc},
        **_term(line),
        "resources": [_status(asdict(one), "confirmation_number") for one in line.resources],
        "products": products,
    }


def _status(fields: dict[str, Any], proof: str) -> dict[str, Any]:
    status = RegistrationStatus.REGISTERED if fields[proof] else RegistrationStatus.TO_BE_REGISTERED
    return {**fields, "registration_status": status.value}


def _term(line: Authorization) -> dict[str, str]:
    return {"first_day": line.first_day.isoformat(), "last_day": line.last_day.isoformat()}


def _fees(figures: Iterable[CapFigure | FeeFigure], codes: set[str]) -> Iterator[dict[str, Any]]:
    for one in figures:
        if one.product_code in codes:
            yield {**asdict(one), "effective_from": one.effective_from.isoformat()}
