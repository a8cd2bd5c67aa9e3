"""One place's story on a database of its own, for tests that look at what came about."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from kernel.db import Database
from tests.conftest import config_for_tests
from tests.rig.databases import Databases
from web import create_app
from web.checker import verify
from web.demo.cast import Place
from web.demo.days import END
from web.demo.stage import Stage, Told
from web.demo.story import tell_places


@dataclass(frozen=True)
class Journey:
    """A told story and the people in it, who can still act."""

    stage: Stage
    told: Told

    def get(self, person: str | None, url: str) -> Any:
        """Read something as a person of the place, or (None) as a visitor."""
        return self.stage.get(self.told.login(person) if person else None, url)

    def send(self, person: str, url: str, body: Any = None, *, of: dict[str, Any] | None = None) -> Any:
        """Change something as a person of the place."""
        return self.stage.send(self.told.login(person), url, body, of=of)

    def refused(self, person: str | None, method: str, url: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """Try something and return the problem document."""
        answer = self.stage.call(method, url, who=self.told.login(person) if person else None, body=body, **more)
        assert answer.status_code >= 400, answer.text
        assert answer.mimetype == "application/problem+json"
        problem: dict[str, Any] = answer.json or {}
        return problem

    def refusals(self) -> list[tuple[str, str]]:
        """Return what was refused on the way: rule (or code, where no rule is behind it) and code."""
        return [(refusal.rule, refusal.code) for refusal in self.told.refusals]

    def words_of(self, code: str) -> str:
        """Return what the refusal with that code said."""
        return next(refusal.words for refusal in self.told.refusals if refusal.code == code)

    def seats(self, review: dict[str, Any]) -> list[tuple[str, str, str, str]]:
        """Return the seats of a review: kind, state, day and reviewer."""
        return [
            (seat["kind"], seat["state"], seat["decided_at"][:10], seat["opinions"][0]["reviewer_name"])
            for seat in review["stages"]
        ]

    def plan(self) -> tuple[str, str, str, str]:
        """Return state, first day, government's document and filing of the plan."""
        version = self.told.plan["version"]
        return (
            version["state"], version["effective_from"], version["government_document"], version["filing_reference"],
        )  # fmt: skip

    def result(self) -> tuple[str, str, str]:
        """Return what anybody reads of the selection: operator, domain and day."""
        (found,) = self.get(None, f"/api/v1/selections/results?place={self.told.place.key}")["items"]
        return found["operator"]["name"], found["call"]["domain"], found["published_on"]

    def gates(self, key: str) -> dict[str, str]:
        """Return the facts of the open gates of a product, by code."""
        return {gate["code"]: gate["fact"] for gate in self.told.gates[key]["gates"] if gate["open"]}

    def duties(self, *kinds: str) -> list[tuple[str, str | None, str]]:
        """Return the duties of these kinds as they stood on 2 July: kind, last day, state."""
        return [(duty["kind"], duty["due_date"], duty["state"]) for duty in self.told.duties if duty["kind"] in kinds]

    def money(self, *keys: str) -> list[tuple[str, str, str]]:
        """Return amount, shadow amount and reason of the orders."""
        orders = (self.told.orders[key] for key in keys)
        return [(order["amount"], order["shadow_amount"], order["reason"]) for order in orders]

    def lines(self) -> dict[str, dict[str, Any]]:
        """Return the settled lines by the key of their purchase."""
        keys = {found["number"]: key for key, found in self.told.entitlements.items()}
        groups = self.told.run["report"]["groups"]
        return {keys[line["entitlement"]]: line for group in groups for line in group["lines"]}

    def payees(self) -> dict[str, tuple[str, dict[str, str]]]:
        """Return total and accounts of every statement, by the key of its party."""
        keys = {party["id"]: key for key, party in self.told.parties.items()}
        return {keys[found["party_id"]]: (found["total"], found["payees"]) for found in self.told.statements}

    def balances(self) -> dict[str, str]:
        """Return the trial balance: account (with keys for credit codes and purchases) and amount."""
        names = {party["uscc"]: key for key, party in self.told.parties.items()}
        placed = self.told.orders | self.told.market.get("orders", {})
        names |= {order["number"]: key for key, order in placed.items()}
        found = self.get("auditor", f"/api/v1/ledger/trial-balance?place={self.told.place.key}")
        assert found["sum"] == "0.00"
        shown = {}
        for item in found["items"]:
            head, _, tail = item["account"].rpartition(":")
            shown[f"{head}:{names.get(tail, tail)}"] = item["amount"]
        return shown


@contextmanager
def journey(databases: Databases, place: Place, *, kind: str = "sqlite", until: date = END) -> Iterator[Journey]:
    """Tell one place's story on a fresh database; afterwards the books and the independent checker must be content."""
    url = databases.fresh(kind)
    app = create_app(config_for_tests(url))
    stage, (told,) = tell_places(app, [place], until=until)
    yield Journey(stage, told)
    app.extensions["huiyi_database"].engine.dispose()
    database = Database(url)
    with database.new_session() as session:
        assert importlib.import_module("settlement.ledger.checks").run(session) == []
        assert verify(session.connection()) == []
    database.engine.dispose()
    databases.discard(url)
