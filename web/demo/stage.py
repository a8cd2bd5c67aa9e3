"""The stage of the story: its clock, who is signed in, and the calls that people make to the JSON API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from kernel import audit, clock, db
from kernel.calendar import BEIJING, business_date
from web.demo import days
from web.demo.cast import PASSWORD, Place
from web.scheduling import run
from web.timetable import JOBS

BEGINS = datetime.combine(days.REGISTERED, time(9, 0), tzinfo=BEIJING)
OPENS_AT = time(9, 0)
EVERY_CALL = timedelta(seconds=5)
EVERY_JOB = timedelta(minutes=1)
SESSION_IDLE = timedelta(minutes=25)  # a session that rested longer is not used again
SESSION_WHOLE = timedelta(hours=11)
ADMINISTRATOR = "admin"


class StoryBroken(RuntimeError):
    """A step of the story went otherwise than told: the program and the story do not fit together any more."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was tried and rightly refused."""

    place: str
    attempt: str
    rule: str
    article: str
    code: str
    words: str


@dataclass(slots=True)
class Told:
    """What has come about at one place so far; every entry is an answer of the API, by its key in the cast."""

    place: Place
    parties: dict[str, dict[str, Any]] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    admissions: dict[str, dict[str, Any]] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    simulated: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)
    applications: dict[str, dict[str, Any]] = field(default_factory=dict)
    selection: dict[str, Any] = field(default_factory=dict)
    trainings: list[dict[str, Any]] = field(default_factory=list)
    security_review: dict[str, Any] = field(default_factory=dict)
    agreement: dict[str, Any] = field(default_factory=dict)
    emergency: dict[str, Any] = field(default_factory=dict)
    service_agreement: dict[str, Any] = field(default_factory=dict)
    access: list[dict[str, Any]] = field(default_factory=list)
    ticket: dict[str, Any] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    difference: dict[str, Any] = field(default_factory=dict)
    egress: dict[str, dict[str, Any]] = field(default_factory=dict)
    registrations: dict[str, dict[str, Any]] = field(default_factory=dict)
    objection: dict[str, Any] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    closed: dict[str, list[str]] = field(default_factory=dict)
    gates: dict[str, dict[str, Any]] = field(default_factory=dict)
    duties: list[dict[str, Any]] = field(default_factory=list)
    ceiling: dict[str, Any] = field(default_factory=dict)
    exemptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    tariffs: list[dict[str, Any]] = field(default_factory=list)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    entitlements: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)  # by month
    shares: list[dict[str, Any]] = field(default_factory=list)
    statements: list[dict[str, Any]] = field(default_factory=list)
    charges: dict[str, Any] = field(default_factory=dict)
    misuse: dict[str, Any] = field(default_factory=dict)
    complaint: dict[str, Any] = field(default_factory=dict)
    renewal: dict[str, Any] = field(default_factory=dict)
    early: dict[str, Any] = field(default_factory=dict)
    headroom: dict[str, Any] = field(default_factory=dict)
    market: dict[str, Any] = field(default_factory=dict)
    books: dict[str, Any] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    def party_id(self, key: str) -> str:
        """Return the id of an organisation of the cast."""
        return str(self.parties[key]["id"])

    def login(self, person: str) -> str:
        """Return the login name of a person of the cast."""
        return f"{self.place.key}.{person}"


class Stage:
    """Everybody's calls, one after the other, on the story's clock."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client(use_cookies=False)
        self.moment = BEGINS
        self.calls = 0
        self.refused_calls = 0
        self._sessions: dict[str, tuple[str, datetime, datetime]] = {}  # login -> token, started, last used

    def begin_day(self, day: date) -> None:
        """Let the clock stand at nine o'clock of a later day, or go on within the same day."""
        opening = datetime.combine(day, OPENS_AT, tzinfo=BEIJING)
        if day < business_date(self.moment):
            raise StoryBroken(f"the story cannot go back to {day}")
        self.moment = max(self.moment, opening)

    @property
    def today(self) -> date:
        """The story's Beijing date."""
        return business_date(self.moment)

    def get(self, who: str | None, url: str) -> Any:
        """Read something; return the JSON."""
        return self._accepted("GET", url, self.call("GET", url, who=who))

    def send(
        self, who: str | None, url: str, body: Any = None, *, of: dict[str, Any] | None = None, by: str = "POST"
    ) -> Any:
        """Change something; ``of`` is the object as last seen, whose version goes into If-Match; return the JSON."""
        return self._accepted(by, url, self.call(by, url, who=who, body=body, of=of))

    def refused(
        self,
        told: Told,
        attempt: str,
        who: str | None,
        url: str,
        body: Any = None,
        *,
        rule: str,
        of: dict[str, Any] | None = None,
        by: str = "POST",
    ) -> dict[str, Any]:
        """Try something that must be refused under ``rule``; return the problem document and remember the refusal."""
        answer = self.call(by, url, who=who, body=body, of=of)
        problem: dict[str, Any] = answer.get_json(silent=True) or {}
        if answer.status_code < 400 or problem.get("rule", "") != rule:
            raise StoryBroken(f"{attempt}: expected a refusal under {rule}, got {answer.status} {answer.text[:400]}")
        self.refused_calls += 1
        told.refusals.append(
            Refusal(told.place.key, attempt, rule, problem.get("article", ""), problem["code"], problem["detail"])
        )
        return problem

    def decide(self, told: Told, review_id: str, person: str, **more: Any) -> dict[str, Any]:
        """Let a person agree, or decide otherwise, on the open seat of a review; return the review."""
        who, url = told.login(person), f"/api/v1/reviews/{review_id}"
        review = self.get(who, url)
        decision = {"decision": "agree", "reason": "材料齐全，符合要求，同意"} | more
        decided: dict[str, Any] = self.send(who, f"{url}/decision", decision, of=review)
        return decided

    def call(
        self,
        method: str,
        url: str,
        *,
        who: str | None = None,
        token: str | None = None,
        body: Any = None,
        of: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """Make one call at the story's moment, as a signed-in person or with a token; the clock goes on a little."""
        sent = dict(headers or {})
        bearer = token or (self._token(who) if who else None)
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        if method != "GET":
            sent.setdefault("Idempotency-Key", f"huiyi-demonstration-{self.calls:06d}")
        if of is not None:
            sent["If-Match"] = f'"v{of["version"]}"'
        self.calls += 1
        self.moment += EVERY_CALL
        with clock.set_to(self.moment):
            return self.client.open(url, method=method, json=body, headers=sent)

    def run_job(self, name: str) -> str:
        """Let the timetable's job run once, a minute later, as ``huiyi work`` would; return what it did."""
        self.moment += EVERY_JOB
        job = next(found for found in JOBS if found.name == name)
        with clock.set_to(self.moment):
            return run(self.app, job)

    def seal(self) -> None:
        """Seal the audit log up to this moment: nobody else writes in a story, so there is nobody to wait for."""
        self.moment += EVERY_JOB
        with clock.set_to(self.moment), self.app.app_context(), db.transaction() as session:
            audit.seal(session, now=self.moment, before=self.moment)

    def seal_log(self) -> None:
        """Seal the audit log up to now.

        The timetable's job leaves a margin of real time for transactions that still write. Here nobody else writes, and
        months pass within seconds.
        """
        self.moment += EVERY_JOB
        with self.app.test_request_context(), clock.set_to(self.moment), db.transaction() as session:
            audit.seal(session, now=self.moment, before=self.moment)

    def _token(self, login: str) -> str:
        known = self._sessions.get(login)
        if known is not None:
            token, started, used = known
            if self.moment - used < SESSION_IDLE and self.moment - started < SESSION_WHOLE:
                self._sessions[login] = (token, started, self.moment)
                return token
        answer = self.call("POST", "/api/v1/sessions", body={"login": login, "password": PASSWORD})
        token = self._accepted("POST", "/api/v1/sessions", answer)["token"]
        self._sessions[login] = (token, self.moment, self.moment)
        return str(token)

    def _accepted(self, method: str, url: str, answer: TestResponse) -> Any:
        if answer.status_code >= 300:
            raise StoryBroken(f"{method} {url} at {self.moment}: {answer.status} {answer.text[:1500]}")
        return answer.get_json(silent=True)
