"""What the system itself can check of a product against the bans; findings for the reviewers, never refusals."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.parties.model import Party
from registry.procedures.rules import Finding
from registry.products import queries
from registry.products.model import Product, ProductVersion
from registry.products.rules import bundling_words
from registry.relations import queries as relations
from registry.resources import queries as resources


def findings(session: Session, version_id: UUID, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return what lineage, relations and wording of a version say on that day: DEV-01, SEP-01, SEP-02, APP-05.

    All is asked anew each time, so that a relation entered after the product was made is found.

    Raises:
        NoSuchProduct: there is no such version.
    """
    version = queries.version(session, version_id)
    product = queries.get(session, version.product_id)
    return [
        redevelopment(session, product, on=on, book=book),
        separation(session, product, on=on, book=book),
        bundling(product, version, on=on, book=book),
        consent(session, product, version, on=on, book=book),
    ]


def consent(session: Session, product: Product, version: ProductVersion, *, on: date, book: PolicyBook) -> Finding:
    """Return whether every shared-in input has its provider's consent, where that is demanded (APP-05)."""
    used = [one.resource_id for one in version.inputs]
    is_met, fact, _ = resources.consent_gate_fact(session, used, place=product.place, on=on, book=book)
    rule = book.get(product.place, "request.shared_data_consent_required", on=on)
    article = rule.citation() if rule else ""
    return Finding("shared_in_consent", "共享数据经提供单位同意", is_met, fact, "APP-05", article)


def redevelopment(session: Session, product: Product, *, on: date, book: PolicyBook) -> Finding:
    """Return whether the owner re-develops what it, or a related operator, delivered (DEV-01), with both paths."""
    title = "未参与已交付产品的再开发"
    ban = book.get(product.place, "seller.operator_redevelopment_forbidden", on=on)
    if ban is None or not ban.boolean():
        return Finding("redevelopment", title, True, "当地没有再开发禁令", "DEV-01", "", is_binding=False)
    origins = queries.derived_from(session, product.id)
    bar = queries.redevelopment_bar(session, product.owner_id, product.id, on=on, book=book)
    fact = bar or (f"来源产品 {len(origins)} 项，与其运营机构均无关联" if origins else "未使用其他产品")
    return Finding("redevelopment", title, bar is None, fact, "DEV-01", ban.citation())


def separation(session: Session, product: Product, *, on: date, book: PolicyBook) -> Finding:
    """Return whether the owner is tied by control to the operating institution, where that is barred (SEP-01)."""
    code, title = "operator_merchant_separation", "运商分离"
    rule = book.get(product.place, "seller.operator_merchant_separation", on=on)
    if rule is None or not rule.boolean():
        return Finding(
            "operator_merchant_separation", title, True, "当地未实行运商分离", "SEP-01", "", is_binding=False
        )
    operator = session.get_one(Party, product.agreement.operating_institution_id)
    chain = relations.related_path(session, product.owner_id, operator.id, on=on, share_min=None)
    if chain is None:
        fact = f"出售主体与运营机构 {operator.name} 无控制关系"
    elif chain:
        fact = f"出售主体与运营机构 {operator.name} 存在控制关系：{relations.path_words(session, chain)}"
    else:
        fact = f"出售主体即运营机构 {operator.name}"
    return Finding(code, title, chain is None, fact, "SEP-01", rule.citation())


def bundling(product: Product, version: ProductVersion, *, on: date, book: PolicyBook) -> Finding:
    """Return whether the texts of a version hint at a forced bundle (SEP-02); a reviewer decides."""
    acts = book.get(product.place, "operator.prohibited_acts", on=on)
    found = bundling_words(product.title, product.source_statement, version.description)
    fact = f"说明中出现“{'”“'.join(found)}”，须核对是否强行搭售" if found else "说明中没有搭售或附加购买条件的表述"
    article = acts.citation() if acts else ""
    return Finding("bundling", "无强行搭售", not found, fact, "SEP-02", article, is_binding=False)
