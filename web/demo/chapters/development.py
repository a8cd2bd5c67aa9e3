"""The product is entered, reviewed for compliance, put right where it was returned, and checked before it leaves."""

from __future__ import annotations

from typing import Any

from registry.procedures.rules import CHECK_TITLES
from web.demo.cast import ProductFact
from web.demo.papers import paper
from web.demo.stage import Stage, StoryBroken, Told

PRODUCTS = "/api/v1/products"
DRAFTS = "/api/v1/product-drafts"
EGRESS = "/api/v1/egress-checks"
CONFIRMED = {"reason": "逐项核对，符合要求", "checklist": list(CHECK_TITLES)}


def enter_products(stage: Stage, told: Told) -> None:
    """Enter every product with its first version and submit it for review; show who may not sell."""
    for fact in told.place.products:
        request = told.requests[fact.key]
        if request["state"] != "approved":
            raise StoryBroken(f"{told.place.key}: request {request['number']} is {request['state']}")
        if told.place.refused_seller is not None and fact is told.place.products[0]:
            seller = told.place.refused_seller
            stage.refused(
                told, "运营机构自己出售产品", told.login(seller), PRODUCTS, _product(told, fact, seller), rule="SEP-01"
            )
        is_drafted = fact.key in told.place.procedure.drafted
        product = (_by_form if is_drafted else _at_once)(stage, told, fact)
        version = product["versions"][0]["id"]
        review = stage.send(told.login(fact.seller), "/api/v1/reviews", {"version_id": version})
        told.products[fact.key] = {**product, "version_id": version, "review": review}


def _at_once(stage: Stage, told: Told, fact: ProductFact) -> dict[str, Any]:
    made: dict[str, Any] = stage.send(told.login(fact.seller), PRODUCTS, _product(told, fact, fact.seller))
    return made


def _by_form(stage: Stage, told: Told, fact: ProductFact) -> dict[str, Any]:
    """Fill in the guided form step by step; while steps are open there is no product."""
    who, content = told.login(fact.seller), _product(told, fact, fact.seller)
    delivery = ("title", "domain", "delivery_form", "source_statement", "description")
    steps: dict[str, dict[str, Any]] = {
        "basis": {"request_id": told.requests[fact.key]["id"]},
        "data": {"inputs": content["inputs"]},
        "fields": {"fields": content["fields"]},
        "sample": {"sample": content["sample"]},
        "delivery": {name: content[name] for name in delivery},
    }
    draft = stage.send(who, DRAFTS, {"owner_id": told.party_id(fact.seller)})
    url = f"{DRAFTS}/{draft['id']}"
    for step, held in steps.items():
        if step == "delivery":
            stage.refused(told, "草稿未填完即建立产品", who, f"{url}/product", rule="", of=draft)
        draft = stage.send(who, f"{url}/steps/{step}", held, of=draft, by="PUT")
    made = stage.send(who, f"{url}/product", of=draft)
    shown: dict[str, Any] = stage.get(who, f"{PRODUCTS}/{made['code']}")
    return shown


def _product(told: Told, fact: ProductFact, owner: str) -> dict[str, Any]:
    returned = told.place.procedure.returned
    surplus = returned.surplus if returned is not None and returned.product == fact.key else ()
    return {
        "owner_id": told.party_id(owner),
        "agreement_id": told.agreement["id"],
        "title": fact.title,
        "scenario": fact.scenario,
        "domain": fact.domain,
        "delivery_form": fact.form,
        "source_statement": fact.source_statement,
        **_version(told, fact, surplus),
    }


def _version(told: Told, fact: ProductFact, surplus: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    names = [name for name, _ in fact.fields]
    blank = {name: "示例" for name, _ in surplus}
    return {
        "description": fact.description,
        "fields": [{"name": name, "title": title} for name, title in (*fact.fields, *surplus)],
        "sample": [{name: str(row[name]) for name in names} | blank for row in fact.rows[:2]],
        "inputs": [
            {
                "resource_id": told.resources[use.resource]["id"],
                "weight_input": use.weight_input,
                "quality": use.quality,
            }
            for use in fact.inputs
        ],
    }


def try_what_the_operator_may_not(stage: Stage, told: Told) -> None:
    """Let the company that the operator controls do what the operator may not: re-develop (DEV-01) or sell (SEP-01)."""
    subsidiary = told.place.procedure.subsidiary
    if subsidiary is None:
        return
    fact = told.place.product(subsidiary.product)
    wanted = _product(told, fact, subsidiary.organisation) | {"title": f"{fact.title}（增强版）"}
    attempt = "运营机构的子公司出售产品"
    if subsidiary.rule == "DEV-01":
        attempt = "运营机构的子公司再开发已交付的产品"
        wanted["derived_from"] = [told.products[subsidiary.product]["id"]]
    who = told.login(told.place.person_of(subsidiary.organisation).key)
    stage.refused(told, attempt, who, PRODUCTS, wanted, rule=subsidiary.rule)


def decide_first_stage(stage: Stage, told: Told) -> None:
    """Decide the first stage; a version with defects is returned once with all of them, put right and sent again."""
    returned = told.place.procedure.returned
    for key, product in told.products.items():
        review_id = product["review"]["id"]
        if returned is None or returned.product != key:
            product["review"] = stage.decide(told, review_id, "reviewer", **CONFIRMED)
            continue
        back = stage.decide(
            told, review_id, "reviewer", decision="return_once", reason="请一次补正", defects=list(returned.defects)
        )
        fact = told.place.product(key)
        who, url = told.login(fact.seller), f"{PRODUCTS}/{product['code']}"
        made = stage.send(who, f"{url}/versions", _version(told, fact))
        product["version_id"] = max(made["versions"], key=lambda version: version["number"])["id"]
        told.difference = stage.get(who, f"{url}/difference")
        product["returned"] = back
        product["review"] = stage.send(who, f"/api/v1/reviews/{review_id}/resubmission", of=back)


def decide_last_stage(stage: Stage, told: Told) -> None:
    """Decide what is still open, by another person: one person decides one stage."""
    for product in told.products.values():
        if product["review"]["state"] in ("submitted", "in_stage"):
            product["review"] = stage.decide(told, product["review"]["id"], "supervisor", **CONFIRMED)


def ask_for_egress_check(stage: Stage, told: Told) -> None:
    """Ask that every product be checked before it leaves the domain, where the place says so (EGR-01)."""
    size = told.place.procedure.minimum_group_size
    if size is None:
        return
    for fact in told.place.products:
        asked = {
            "version_id": told.products[fact.key]["version_id"],
            "form": fact.form,
            "description": f"只返回{fact.title}的结论字段，不含原始数据",
            "minimum_group_size": size,
            "report": paper("重识别测试报告", "未能还原任何个体（演示）"),
        }
        told.egress[fact.key] = stage.send(told.login(fact.seller), EGRESS, asked)


def pass_egress_check(stage: Stage, told: Told) -> None:
    """Let the operator check what would leave."""
    if not told.egress:
        return
    url = f"/api/v1/reviews?procedure=egress&place={told.place.key}"
    for review in stage.get(told.login("operator"), url)["items"]:
        stage.decide(told, review["id"], "operator", reason="不含原始数据和可还原字段，准予出域")
    for key, check in told.egress.items():
        told.egress[key] = stage.get(told.login("operator"), f"{EGRESS}/{check['id']}")
