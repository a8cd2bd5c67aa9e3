"""What happens about prices at one place beside and after their publication, where the place has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class PlatformCharges:
    """What the operator was charged for one month: amounts in yuan by kind, and to whom they are paid."""

    month: str
    payee: str
    amounts: tuple[tuple[str, str], ...]  # kind, yuan
    staff: str  # the operator's own line of the survey into which the charges are drawn
    share: tuple[str, str]  # calls for industry and for the public interest: the key by which all is allocated


@dataclass(frozen=True, slots=True)
class Misused:
    """A free use that was industry on some days: whose, first and last day, what was found, what the grantee said."""

    purchase: str
    first: date
    last: date
    found: str
    stated: str


@dataclass(frozen=True, slots=True)
class Complained:
    """A complaint about a fee: who, about which product, with which words, and what became of it."""

    organisation: str
    product: str
    words: str
    findings: str
    reason: str


@dataclass(frozen=True, slots=True)
class Renewed:
    """A free use that goes on after its term: whose, until when, and why."""

    purchase: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Everything that happens about prices beside their publication."""

    early_application: str | None = None  # reference of an application before a complete year
    charges: PlatformCharges | None = None
    misused: Misused | None = None
    complained: Complained | None = None
    renewed: Renewed | None = None
