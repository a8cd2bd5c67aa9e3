"""Chapter 3: a request for data per scenario is agreed to; the product is entered and passes its compliance review."""

from __future__ import annotations

from typing import Any

from registry.procedures.rules import CHECK_TITLES
from web.demo.cast import ProductFact
from web.demo.stage import Stage, StoryBroken, Told

REQUESTS = "/api/v1/data-requests"
AGREES = {"decision": "agree", "reason": "用途明确，字段为最小必要，同意"}


def ask_for_data(stage: Stage, told: Told) -> None:
    """Let the seller of every product ask for its data and submit the request."""
    for fact in told.place.products:
        drafted = stage.send(
            told.login(fact.seller),
            REQUESTS,
            {
                "applicant_id": told.party_id(fact.seller),
                "agreement_id": told.agreement["id"],
                "scenario": fact.scenario,
                "necessity": fact.necessity,
                "resource_ids": [told.resources[use.resource]["id"] for use in fact.inputs],
            },
        )
        url = f"{REQUESTS}/{drafted['id']}/submission"
        told.requests[fact.key] = stage.send(told.login(fact.seller), url, of=drafted)


def say_opinions(stage: Stage, told: Told) -> None:
    """Check where the place has a check, then let every reviewer agree who does not stay silent."""
    for key, request in told.requests.items():
        url = f"{REQUESTS}/{request['id']}"
        if request["state"] == "submitted":
            reason = {"decision": "agree", "reason": "材料齐全，主体和场景相符，核查通过"}
            request = stage.send(told.login("operator"), f"{url}/check", reason, of=request)
        for seat in list(request["opinions"]):
            organisation = next(name for name, party in told.parties.items() if party["id"] == seat["party"]["id"])
            if organisation not in told.place.silent_reviewers:
                request = stage.send(_speaker(told, organisation), f"{url}/opinions", AGREES, of=request)
        told.requests[key] = request


def _speaker(told: Told, organisation: str) -> str:
    """Return who decides requests for an organisation: its reviewer at the authority, else its own person."""
    return told.login("reviewer" if organisation == "authority" else told.place.person_of(organisation).key)


def let_silence_consent(stage: Stage, told: Told) -> None:
    """Run the timetable's job after the last day, where silence counts as consent (RVW-05)."""
    if not told.place.silent_reviewers:
        return
    stage.run_job("requests.deemed_consent")
    for key, request in told.requests.items():
        told.requests[key] = stage.get(told.login("supervisor"), f"{REQUESTS}/{request['id']}")


def enter_products(stage: Stage, told: Told) -> None:
    """Enter every product with its first version and submit it for review; show who may not sell."""
    for fact in told.place.products:
        request = told.requests[fact.key]
        if request["state"] != "approved":
            raise StoryBroken(f"{told.place.key}: request {request['number']} is {request['state']}")
        if told.place.refused_seller is not None:
            seller = told.place.refused_seller
            stage.refused(
                told, "运营机构自己出售产品", told.login(seller), "/api/v1/products", _product(told, fact, seller),
                rule="SEP-01",
            )  # fmt: skip
        product = stage.send(told.login(fact.seller), "/api/v1/products", _product(told, fact, fact.seller))
        version = product["versions"][0]["id"]
        review = stage.send(told.login(fact.seller), "/api/v1/reviews", {"version_id": version})
        told.products[fact.key] = {**product, "version_id": version, "review": review}


def _product(told: Told, fact: ProductFact, owner: str) -> dict[str, Any]:
    names = [name for name, _ in fact.fields]
    return {
        "owner_id": told.party_id(owner),
        "agreement_id": told.agreement["id"],
        "title": fact.title,
        "scenario": fact.scenario,
        "domain": fact.domain,
        "delivery_form": "api",
        "source_statement": fact.source_statement,
        "description": fact.description,
        "fields": [{"name": name, "title": title} for name, title in fact.fields],
        "sample": [{name: str(row[name]) for name in names} for row in fact.rows[:2]],
        "inputs": [
            {
                "resource_id": told.resources[use.resource]["id"],
                "weight_input": use.weight_input,
                "quality": use.quality,
            }
            for use in fact.inputs
        ],
    }


def decide_stage(stage: Stage, told: Told) -> None:
    """Let the reviewer agree to the open stage of every review that is not finished."""
    decision = {"decision": "agree", "reason": "逐项核对，符合要求", "checklist": list(CHECK_TITLES)}
    for product in told.products.values():
        review = product["review"]
        if review["state"] in ("submitted", "in_stage"):
            url = f"/api/v1/reviews/{review['id']}/decision"
            # one person decides one stage: the reviewer the first, the supervisor the next
            person = "reviewer" if review["state"] == "submitted" else "supervisor"
            product["review"] = stage.send(told.login(person), url, decision, of=review)
