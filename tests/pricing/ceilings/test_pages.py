"""The price officer's desk and the page of a ceiling in the browser."""

from __future__ import annotations

from kernel.identity import Role
from registry.agreements import queries as agreements
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person


def test_a_ceiling_shows_its_breakdown_its_caps_and_the_procedure_that_it_came_from(app, made):
    def build(session):
        product = make.make_product(session)
        survey = make.make_survey(session, agreements.get(session, product.agreement_id))
        ceiling = make.make_ceiling(session, agreements.get(session, product.agreement_id), survey=survey)
        return product, survey, ceiling, make.set_caps(session, ceiling, [make.cap(product, "0.80")])

    product, survey, ceiling, (cap,) = made(build)
    officer = as_person(app, Role.PRICE, place=base.PLACE)
    page = officer.get(f"/pricing/ceilings/{ceiling.id}").get_data(as_text=True)
    for words in ("8,257,824.00", "发改价格〔2025〕65号 三（一）", "与记录一致", product.code, cap.report_number):
        assert words in page
    assert f"/pricing/determinations/{ceiling.inputs['procedure_id']}" in page
    desk = officer.get("/pricing/ceilings").get_data(as_text=True)
    assert ceiling.number in desk
    assert product.code in desk
    assert 'href="/pricing/determinations"' in officer.get(f"/pricing/surveys/{survey.id}").get_data(as_text=True)
