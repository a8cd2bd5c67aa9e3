"""Versions: what they are made from, their evidence, their differences, and that a change needs a new review."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import files
from kernel.identity import Role
from registry.procedures.rules import Procedure
from registry.products import checks, queries
from registry.products.model import ProductVersion, VersionEvidence, VersionOrigin
from registry.products.rules import ChangeKind, Origin, Section, difference
from registry.resources import commands as resources
from registry.resources.rules import AccessKind
from registry.reviews import queries as reviews
from tests.make.data import LETTER
from tests.make.registry_base import NOW, actor, book, make_agreement
from tests.make.registry_products import FIELDS, add_version, make_product, make_review, make_reviewers

REPORT = {"title": "脱敏检测报告", "name": "report.pdf", "media_type": "application/pdf", "content": b"report"}


@pytest.mark.both_databases
def test_a_version_names_the_versions_it_was_made_from_and_whether_they_were_free(session: Session) -> None:
    make_reviewers(session, "xinchang")
    agreement = make_agreement(session)
    source = make_product(session, agreement=agreement)
    origin = Origin(queries.latest_version(session, source.id).id, AccessKind.FREE)
    made = make_product(session, agreement=agreement, origins=[origin])
    newest = queries.latest_version(session, made.id)
    assert [(one.origin.product.code, one.origin.number, one.access) for one in newest.origins] == [
        (source.code, 1, AccessKind.FREE)
    ]
    assert [one.code for one in queries.derived_from(session, made.id)] == [source.code]
    kept = add_version(session, made)
    assert [one.origin_version_id for one in queries.version(session, kept.id).origins] == [origin.version_id]
    dropped = add_version(session, made, origins=[])
    assert queries.version(session, dropped.id).origins == []
    assert [one.code for one in queries.derived_from(session, made.id)] == [source.code]  # lineage is never forgotten
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.update(VersionOrigin).values(access="paid"))
    session.rollback()


@pytest.mark.both_databases
def test_evidence_is_part_of_what_names_a_version(session: Session) -> None:
    made = make_product(session, evidence=[REPORT])
    first = queries.latest_version(session, made.id)
    [kept] = first.evidence
    assert files.get(session, kept.sha256).content == b"report"
    again = add_version(session, made, evidence=[{"title": "同一报告", "name": "r.pdf", "sha256": kept.sha256}])
    assert queries.version(session, again.id).evidence[0].sha256 == kept.sha256
    assert again.content_sha256 != first.content_sha256
    with pytest.raises(files.NoSuchFile):
        add_version(session, made, evidence=[{"title": "x", "name": "x", "sha256": "0" * 64}])
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.delete(VersionEvidence))
    session.rollback()


def test_two_versions_are_compared_field_by_field(session: Session) -> None:
    made = make_product(session)
    changed = [{**FIELDS[0], "title": "新评分"}, {"name": "id", "title": "证件号", "type": "text", "personal": True}]
    second = add_version(
        session, made, fields=changed, sample=[{"score": "1"}], description="新说明", evidence=[REPORT]
    )
    before, after = (queries.version_numbered(session, made.id, number) for number in (1, 2))
    assert after.id == second.id
    found = {(one.section, one.name): one for one in difference(queries.facts_of(before), queries.facts_of(after))}
    assert found[Section.DESCRIPTION, ""].after == "新说明"
    assert found[Section.FIELDS, "score"].kind is ChangeKind.CHANGED
    assert found[Section.FIELDS, "level"].kind is ChangeKind.REMOVED
    assert "个人信息" in found[Section.FIELDS, "id"].after
    assert found[Section.SAMPLE, "1"].after == "score=1"
    assert found[Section.EVIDENCE, "脱敏检测报告"].kind is ChangeKind.ADDED
    assert Section.INPUTS not in {section for section, _ in found}
    with pytest.raises(queries.NoSuchProduct):
        queries.version_numbered(session, made.id, 3)


@pytest.mark.parametrize("change", [{}, {"description": "改一个字"}, {"evidence": [REPORT]}])
def test_any_change_after_a_passed_review_needs_a_new_review(session: Session, change: dict[str, object]) -> None:
    made = make_product(session)
    first = queries.latest_version(session, made.id)
    make_review(session, made)
    assert reviews.passed(session, Procedure.PRODUCT, first.id) is not None
    second = add_version(session, made, **change)
    assert queries.latest_version(session, made.id).id == second.id
    assert reviews.passed(session, Procedure.PRODUCT, second.id) is None
    make_review(session, made)
    assert reviews.passed(session, Procedure.PRODUCT, second.id) is not None


@pytest.mark.both_databases
def test_an_input_shared_in_without_consent_is_found_for_one_version_and_for_all(session: Session) -> None:
    clean, made = make_product(session, place="puer"), make_product(session, place="puer")
    today, law = date(2026, 7, 1), book(demonstration=True)
    shared = queries.latest_version(session, made.id).inputs[0].resource
    source = actor(Role.SOURCE, org_id=shared.source_department_id, place="puer")
    resources.state_shared_in(session, source, shared.id, is_shared_in=True, provider_name="省厅", now=NOW)
    session.flush()

    def open_products() -> set[object]:
        clause = queries.inputs_consented_clause(ProductVersion.__table__.c.id, today)
        return set(session.scalars(sa.select(ProductVersion.product_id).where(clause)))

    def is_met() -> bool:
        found = checks.findings(session, queries.latest_version(session, made.id).id, on=today, book=law)
        return next(one.is_met for one in found if one.code == "shared_in_consent")

    assert (open_products(), is_met()) == ({clean.id}, False)
    resources.record_consent(
        session, source, shared.id, is_granted=True, consented_on=today, evidence=LETTER, now=NOW
    )  # fmt: skip
    session.flush()
    assert (open_products(), is_met()) == ({clean.id, made.id}, True)
