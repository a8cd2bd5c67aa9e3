"""The review worklist and the page of a review in a browser without JavaScript."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.procedures.rules import CHECK_TITLES, Procedure
from registry.requests.rules import RequestState
from registry.reviews import queries as reviews
from registry.reviews.rules import ReviewState
from tests.make import registry_base as make
from tests.make.clients import as_person, send
from tests.make.registry_products import make_merchant, make_product, make_request, make_review, make_reviewers

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
        page = "/reviews/" + listed.split('<th scope="row" class="narrow"><a href="/reviews/')[1].split('"')[0]
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


def test_a_supervisor_pauses_and_resumes_and_the_worklist_says_so(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        review = make_review(session, make_product(session), state=ReviewState.SUBMITTED)
    page = f"/reviews/{review.id}"
    with clock.set_to(make.NOW):
        supervisor = as_person(app, Role.SUPERVISOR, place="xinchang")
        reviewer = as_person(app, Role.REVIEWER, place="xinchang")
        assert f"{page}/pause" not in reviewer.get(page).get_data(as_text=True)
        unreasoned = send(supervisor, f"{page}/pause", {"reason": ""}, form_at=page)
        assert unreasoned.status_code == 422
        assert send(supervisor, f"{page}/pause", {"reason": "等待专家意见"}, form_at=page).status_code == 303
        assert "等待专家意见" in reviewer.get(page).get_data(as_text=True)
        assert f"{page}/decision" not in reviewer.get(page).get_data(as_text=True)
        assert review.number in reviewer.get("/reviews?paused=1").get_data(as_text=True)
        assert send(supervisor, f"{page}/resumption", {}, form_at=page).status_code == 303
        assert "曾中止计时" in reviewer.get(page).get_data(as_text=True)
        assert review.number not in reviewer.get("/reviews?paused=1").get_data(as_text=True)
        assert review.number in reviewer.get("/reviews?procedure=product").get_data(as_text=True)
        assert review.number not in reviewer.get("/reviews?procedure=plan").get_data(as_text=True)


def test_a_seller_appeals_and_both_reviews_name_each_other(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        made = make_product(session)
        review = make_review(session, made, state=ReviewState.REFUSED)
        owner = session.get_one(Party, made.owner_id)
    page = f"/reviews/{review.id}"
    with clock.set_to(make.NOW):
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        appealed = send(merchant, f"{page}/appeal", {"reason": "结论与事实不符"}, form_at=page)
        assert appealed.status_code == 303
        heard = appealed.headers["Location"]
        assert "结论与事实不符" in merchant.get(heard).get_data(as_text=True)
        assert heard in merchant.get(page).get_data(as_text=True)
        assert f"{page}/appeal" not in merchant.get(page).get_data(as_text=True)
        assert review.number in merchant.get("/reviews?state=closed").get_data(as_text=True)


def test_a_data_request_is_decided_at_the_desk_like_everything_else(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        make_reviewers(session, "xinchang")
        agreement, owner = make.make_agreement(session), make_merchant(session)
        request = make_request(session, agreement=agreement, applicant=owner, state=RequestState.UNDER_REVIEW)
        review = reviews.history(session, Procedure.DATA_REQUEST, [request.id])[0]
    page = f"/reviews/{review.id}"
    with clock.set_to(make.NOW):
        reviewer = as_person(app, Role.REVIEWER, place="xinchang")
        shown = reviewer.get(page).get_data(as_text=True)
        assert "一次性退回补正" not in shown
        assert f"/requests/{request.id}" in shown
        refused = send(reviewer, f"{page}/decision", {"decision": "refuse", "reason": "超出必要"}, form_at=page)
        assert refused.status_code == 303
        assert "未同意" in reviewer.get(f"/requests/{request.id}").get_data(as_text=True)
