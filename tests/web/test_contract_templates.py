"""The words of all four kinds of contract stand on one public page, with what each order fills in named."""

from __future__ import annotations

from dataclasses import fields

from flask.testing import FlaskClient

from market.contracts.gateway import templates
from market.contracts.rules import HEADINGS, ContractType, Deal
from web.contract_template import FILLED_IN


def test_anybody_reads_four_kinds_with_twelve_points_each(client: FlaskClient) -> None:
    answer = client.get("/contract-templates")
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    for template in templates():
        assert template.title in page
    for position, heading in enumerate(HEADINGS.values(), start=1):
        assert page.count(f"{position}. {heading}") == len(ContractType)
    assert "争议解决" in page
    assert "〔授权运营协议编号〕" in page
    assert "{" not in page.split("<main", 1)[1].split("</main>", 1)[0], "a name that nobody fills in"


def test_every_fact_of_a_deal_has_a_name_on_the_page() -> None:
    assert set(FILLED_IN) == {one.name for one in fields(Deal)}


def test_the_preview_of_a_product_and_the_page_for_developers_lead_there(client: FlaskClient) -> None:
    assert "/contract-templates" in client.get("/developers").get_data(as_text=True)
