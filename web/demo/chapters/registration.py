"""Chapter 4: the product is registered, published for ten working days, and gets its code and certificate."""

from __future__ import annotations

from web.demo.stage import Stage, Told

REGISTRATIONS = "/api/v1/registrations"


def apply(stage: Stage, told: Told) -> None:
    """Apply for the first registration of every product."""
    for fact in told.place.products:
        told.registrations[fact.key] = stage.send(
            told.login(fact.seller),
            REGISTRATIONS,
            {
                "product_id": told.products[fact.key]["id"],
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


def assign_codes(stage: Stage, told: Told) -> None:
    """Assign the codes after the notice, by a second registrar; anybody can then look the certificate up."""
    for key, registration in told.registrations.items():
        url = f"{REGISTRATIONS}/{registration['id']}/code"
        told.registrations[key] = stage.send(told.login("registrar"), url, of=registration)
