"""The review worklist and the page of a review in a browser without JavaScript."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.procedures.rules import CHECK_TITLES
from registry.reviews.rules import ReviewState
from tests.make import registry_base as make
from tests.make.clients import as_person, send
from tests.make.registry_products import make_product, make_review

CHECKS = [code for code in CHECK_TITLES if code != "not_reversible"]


def test_the_worklist_shows_what_is_late_and_how_many_working_days_are_left(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        first = make_review(session, make_product(session), state=ReviewState.SUBMITTED)
        second = make_review(
            session, make_product(session), state=ReviewState.SUBMITTED, now=make.NOW + timedelta(days=7)
        )
    with clock.set_to(make.NOW + timedelta(days=15)):  # 16 July: the first was due on the 15th
        reviewer = as_person(app, Role.REVIEWER, place="xinchang")
        shown = reviewer.get("/reviews").get_data(as_text=True)
        assert shown.index(first.number) < shown.index(second.number)
        row = shown[shown.index(second.number) :]
        assert "已逾期" in shown[shown.index(first.number) : shown.index(second.number)]
        assert '<td class="num">4</td>' in row
        assert "由我办理" in reviewer.get("/reviews?mine=1").get_data(as_text=True)
        assert first.number not in as_person(app, Role.REVIEWER, place="puer").get("/reviews").get_data(as_text=True)


def test_a_reviewer_returns_once_and_passes_after_the_correction(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        made = make_product(session)
        owner = session.get_one(Party, made.owner_id)
    with clock.set_to(make.NOW):
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        workspace = f"/workspace/products/{made.code}"
        assert send(merchant, f"{workspace}/review", {}, form_at=workspace).status_code == 303
        reviewer = as_person(app, Role.REVIEWER, place="xinchang")
        listed = reviewer.get("/reviews").get_data(as_text=True)
        page = listed.split('href="/reviews/')[1].split('"')[0]
        page = f"/reviews/{page}"
        decision = f"{page}/decision"
        fields = {"decision": "agree", "reason": "符合", "checklist": CHECKS[1:], "defects": ""}
        refused = send(reviewer, decision, fields, form_at=page)
        assert refused.status_code == 422
        assert "在授权范围内" in refused.get_data(as_text=True)
        returned = {"decision": "return_once", "reason": "请补正", "defects": "样例过少\n字段说明不清"}
        assert send(reviewer, decision, returned, form_at=page).status_code == 303
        seen = merchant.get(page).get_data(as_text=True)
        for words in ("样例过少", "字段说明不清", "补正后重新提交"):
            assert words in seen
        assert send(merchant, f"{page}/resubmission", {}, form_at=page).status_code == 303
        assert (
            "一次性退回补正" not in reviewer.get(page).get_data(as_text=True).split("环节结论")[1].split("审查意见")[0]
        )
        assert send(reviewer, decision, fields | {"checklist": CHECKS}, form_at=page).status_code == 303
        assert "已通过" in reviewer.get(page).get_data(as_text=True)


def test_the_seller_withdraws_a_review_and_reviewers_see_no_form_then(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        made = make_product(session)
        review = make_review(session, made, state=ReviewState.SUBMITTED)
        owner = session.get_one(Party, made.owner_id)
    with clock.set_to(make.NOW):
        page = f"/reviews/{review.id}"
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        assert send(merchant, f"{page}/withdrawal", {}, form_at=page).status_code == 303
        reviewer = as_person(app, Role.REVIEWER, place="xinchang")
        assert f"{page}/decision" not in reviewer.get(page).get_data(as_text=True)
        late = send(reviewer, f"{page}/decision", {"decision": "refuse", "reason": "x", "version": "2"}, form_at=page)
        assert late.status_code == 409
        assert "不能办理" in late.get_data(as_text=True)
