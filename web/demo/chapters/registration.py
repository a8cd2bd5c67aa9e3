"""The product is registered, published for ten working days, and gets its code, its certificate, its local record."""

from __future__ import annotations

from web.demo import days
from web.demo.papers import paper
from web.demo.stage import Stage, StoryBroken, Told

REGISTRATIONS = "/api/v1/registrations"


def apply(stage: Stage, told: Told) -> None:
    """Preserve the content of every product as evidence, then apply for its first registration."""
    for fact in told.place.products:
        product, seller = told.products[fact.key], told.login(fact.seller)
        evidence = {
            "version_id": product["version_id"],
            "provider": "示例电子存证服务",
            "reference": f"示例存证-{product['code']}",
            "upload": paper("存证证书", f"{product['code']} 的内容摘要已存证（演示）"),
        }
        stage.send(seller, f"/api/v1/products/{product['code']}/evidence", evidence)
        told.registrations[fact.key] = stage.send(
            seller,
            REGISTRATIONS,
            {
                "product_id": product["id"],
                "kind": "first",
                "assessment": "数据安全风险评估（演示）：仅返回结论字段，不能还原原始数据，风险等级低。",
            },
        )


def accept(stage: Stage, told: Told) -> None:
    """Accept the applications, within three working days."""
    for key, registration in told.registrations.items():
        url = f"{REGISTRATIONS}/{registration['id']}/receipt"
        told.registrations[key] = stage.send(told.login("reviewer"), url, {"decision": "accept"}, of=registration)


def pass_formal_review(stage: Stage, told: Told) -> None:
    """Pass the formal review, within twenty working days; show that no code is given while the notice runs."""
    for key, registration in told.registrations.items():
        url = f"{REGISTRATIONS}/{registration['id']}"
        reviewer = told.login("reviewer")
        passed = stage.send(reviewer, f"{url}/formal-review", {"passes": True}, of=registration)
        told.registrations[key] = passed
        if key == told.place.products[0].key:
            stage.refused(
                told, "公示期内赋码", told.login("registrar"), f"{url}/code", rule="REG-04", of=passed
            )  # fmt: skip


def object_to_notice(stage: Stage, told: Told) -> None:
    """Let somebody object during the notice, under the real name and with evidence (REG-06)."""
    objector = told.place.procedure.objector
    if objector is None:
        return
    registration = told.registrations[told.place.products[0].key]
    organisation = told.place.organisation(objector.organisation)
    words = {
        "name": organisation.name,
        "identity_kind": "credit_code",
        "identity_number": told.place.uscc(organisation.key),
        "contact": "示例联系电话",
        "evidence": objector.evidence,
        "files": [paper("异议证据", objector.evidence)],
    }
    told.objection = stage.send(None, f"{REGISTRATIONS}/{registration['id']}/objections", words)


def decide_objection(stage: Stage, told: Told) -> None:
    """Recheck and dismiss the objection; its author reads the outcome with the reference."""
    objector = told.place.procedure.objector
    if objector is None:
        return
    url, registrar = f"/api/v1/objections/{told.objection['id']}", told.login("registrar")
    stage.send(registrar, f"{url}/recheck", {"findings": objector.findings})
    stage.send(registrar, f"{url}/outcome", {"outcome": "dismissed", "reason": objector.outcome})
    told.objection |= stage.get(None, f"/api/v1/objections/{told.objection['reference']}")
    key = told.place.products[0].key
    told.registrations[key] = stage.get(registrar, f"{REGISTRATIONS}/{told.registrations[key]['id']}")


def assign_codes(stage: Stage, told: Told) -> None:
    """Assign the codes after the notice, by a second registrar; anybody can then look the certificate up."""
    for key, registration in told.registrations.items():
        url = f"{REGISTRATIONS}/{registration['id']}/code"
        told.registrations[key] = stage.send(told.login("registrar"), url, of=registration)


def record_locally(stage: Stage, told: Told) -> None:
    """See which gates are still closed; enter the registration or filing that the place demands besides (REG-10)."""
    for key, product in told.products.items():
        seller = told.login(told.place.product(key).seller)
        gates = stage.get(seller, f"/api/v1/products/{product['code']}/gates")["gates"]
        told.closed[key] = [gate["code"] for gate in gates if not gate["open"]]
        wanted = told.place.procedure.local_record
        if wanted is not None:
            record = {
                "kind": wanted.kind,
                "issuer": wanted.issuer,
                "reference": wanted.reference,
                "valid_from": days.CODE.isoformat(),
                "upload": paper("登记证明", f"{wanted.issuer}：{wanted.reference}（演示）"),
            }
            told.records[key] = stage.send(seller, f"/api/v1/products/{product['code']}/records", record)


def explain_gates(stage: Stage, told: Told) -> None:
    """Read, for every product, why it may be sold: gate by gate with fact, rule and article; all are open."""
    for key, product in told.products.items():
        seller = told.login(told.place.product(key).seller)
        told.gates[key] = stage.get(seller, f"/api/v1/products/{product['code']}/gates")
        if not told.gates[key]["all_open"]:
            closed = [gate["fact"] for gate in told.gates[key]["gates"] if not gate["open"]]
            raise StoryBroken(f"{told.place.key}: {product['code']} may not be sold: {closed}")
