"""What an application for registration consists of, and what it lacks; findings, never refusals."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.parties.model import Party
from registry.procedures.rules import Finding
from registry.products.model import Product, ProductVersion
from registry.records.model import EvidenceRecord
from registry.registrations import queries
from registry.registrations.rules import MATERIAL_TITLES, missing_materials


def materials(
    session: Session,
    product: Product,
    version: ProductVersion,
    *,
    assessment: str,
    preserved: EvidenceRecord | None = None,
) -> dict[str, str]:
    """Return the materials of an application: most stand in the records, the risk assessment is handed in (REG-05).

    ``version`` comes with its inputs and their resources.
    """
    owner = session.get_one(Party, product.owner_id)
    digest = f"sha256:{version.content_sha256}"
    resources = [f"{used.resource.code}《{used.resource.title}》" for used in version.inputs]
    return {
        "registrant": f"{owner.name}（{owner.uscc}）",
        "lawful_source": product.source_statement,
        "resource_description": "；".join(resources),
        "evidence_record": f"{digest}；{preserved.provider} {preserved.reference}" if preserved else digest,
        "product_information": f"{product.title}：{version.description}",
        "scenario": product.scenario,
        "security_risk_assessment": assessment.strip(),
    }


def findings(
    session: Session, product: Product, version: ProductVersion, *, on: date, book: PolicyBook
) -> list[Finding]:
    """Return what the registrar should know about an application on that day."""
    required = book.get(product.place, "registration.materials_required", on=on)
    article = required.citation() if required else ""
    found = materials(session, product, version, assessment="（随申请提交）")
    lacking = missing_materials(found, required.items() if required else ())
    names = "、".join(MATERIAL_TITLES.get(code, code) for code in lacking)
    registration = queries.effective(session, product.id, on)
    is_covered = registration is None or registration.version_id == version.id
    return [
        Finding(
            "materials", "登记材料齐全", not lacking, f"缺少：{names}" if lacking else "材料齐全", "REG-05", article
        ),
        Finding(
            "version_registered", "登记与现行版本一致", is_covered,
            "一致" if is_covered else f"登记的是先前版本，第 {version.number} 版应变更登记", "REG-08", "26号 第九条",
            is_binding=False,
        ),
    ]  # fmt: skip


def searched(product: Product) -> list[str]:
    """Return the texts of a product by which its registration is found; ``product`` comes with its seller."""
    owner = product.owner
    return [product.title, product.code, product.scenario, owner.name, owner.uscc]
