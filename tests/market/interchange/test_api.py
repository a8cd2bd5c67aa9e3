"""The documents of interchange, read by libraries that know nothing of this platform, and records that come back."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pyshacl
import pytest
import rdflib
from flask import Flask
from flask.testing import FlaskClient
from rdflib.namespace import CSVW, DCAT, DCTERMS, FOAF, ODRL2, PROV, SKOS

from kernel import clock, db
from kernel.identity import Role
from tests.make import market as make
from tests.make.clients import as_program, key

# rdflib's reader of JSON-LD still builds its graphs with a class that rdflib has renamed
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
SHAPES = Path(__file__).with_name("shapes.ttl")
SINCE_DCAT_3 = {rdflib.URIRef(f"{DCAT}version")}  # newer than the list that rdflib carries
CATALOGUE = "/api/v1/interchange/catalogue"


@pytest.fixture
def shop(app: Flask, client: FlaskClient) -> Any:
    """Three products in the catalogue, and a seller."""
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            offered = [make.make_offer(session) for _one in range(3)]
            codes = [one.code for one in offered]
            owner = offered[0].owner
            session.expunge(owner)
        yield SimpleNamespace(client=client, app=app, codes=codes, owner=owner)


def graph_of(text: str) -> rdflib.Graph:
    """The triples of a JSON-LD document."""
    return rdflib.Graph().parse(data=text, format="json-ld")


def judged(text: str) -> str:
    """What a SHACL processor says of a document; nothing when it conforms."""
    conforms, _graph, words = pyshacl.validate(graph_of(text), shacl_graph=rdflib.Graph().parse(SHAPES))
    return "" if conforms else str(words)


def test_the_catalogue_a_product_and_its_offer_keep_the_shapes_of_dcat_ap_and_odrl(shop: SimpleNamespace) -> None:
    for url in (CATALOGUE, f"/api/v1/interchange/products/{shop.codes[0]}",
                f"/api/v1/interchange/products/{shop.codes[0]}/offer"):  # fmt: skip
        answer = shop.client.get(url)
        assert (answer.status_code, answer.mimetype) == (200, "application/ld+json")
        assert judged(answer.text) == "", url
        assert len(graph_of(answer.text)) > 10


@pytest.mark.parametrize(("part", "named"), [
    ("dct:publisher", "publisher"), ("dcat:distribution", "distribution"), ("dct:title", "title"),
])  # fmt: skip
def test_the_shapes_notice_what_is_missing(shop: SimpleNamespace, part: str, named: str) -> None:
    body = shop.client.get(CATALOGUE).json
    for one in (body, *body["dcat:dataset"]):
        one.pop(part, None)
    assert named in judged(json.dumps(body))
    rule = shop.client.get(f"/api/v1/interchange/products/{shop.codes[0]}/offer").json
    del rule["odrl:prohibition"][0]["odrl:action"]
    assert "action" in judged(json.dumps(rule))


def test_every_term_is_one_that_its_vocabulary_defines(shop: SimpleNamespace) -> None:
    known = {str(space): space for space in (CSVW, DCAT, DCTERMS, FOAF, ODRL2, PROV, SKOS)}
    graph, seen = graph_of(shop.client.get(CATALOGUE).text), set()
    for term in {node for triple in graph for node in triple if isinstance(node, rdflib.URIRef)}:
        space = next((one for one in known if str(term).startswith(one)), None)
        if space is not None:
            seen.add(space)
            assert term in known[space] or term in SINCE_DCAT_3, term
    assert seen == set(known)


def test_an_offer_names_the_price_and_forbids_what_the_contract_forbids(shop: SimpleNamespace) -> None:
    graph = graph_of(shop.client.get(f"/api/v1/interchange/products/{shop.codes[0]}/offer").text)
    found = graph.query(
        """SELECT ?most WHERE { ?offer a odrl:Offer ; odrl:permission/odrl:duty/odrl:action ?pay .
           ?pay rdf:value odrl:compensate ; odrl:refinement ?bound .
           ?bound odrl:leftOperand odrl:payAmount ; odrl:rightOperand ?most }""",
        initNs={"odrl": ODRL2, "rdf": rdflib.RDF},
    )
    assert [str(row[0]) for row in found] == ["0.8"]
    forbidden = {str(one).rpartition("/")[2].rpartition(":")[2] for rule in graph.objects(None, ODRL2.prohibition)
                 for one in graph.objects(rule, ODRL2.action)}  # fmt: skip
    assert forbidden == {"sell", "distribute", "grantUse", "restoreRawData"}


def test_pages_follow_each_other_and_hold_fifty_at_most(shop: SimpleNamespace) -> None:
    url, seen = f"{CATALOGUE}?limit=2", []
    while url:
        answer = shop.client.get(url)
        seen += [one["dct:identifier"] for one in answer.json["dcat:dataset"]]
        following = answer.json["hydra:view"].get("hydra:next", {}).get("@id", "")
        assert (f'<{following}>; rel="next"' if following else None) == answer.headers.get("Link")
        url = urlsplit(following)._replace(scheme="", netloc="").geturl()
    assert sorted(seen) == sorted(shop.codes)
    assert shop.client.get(f"{CATALOGUE}?limit=51").status_code == 422
    assert shop.client.get(f"{CATALOGUE}?cursor=forged").json["code"] == "request.cursor_invalid"


def test_what_may_not_be_sold_now_is_not_given_out(shop: SimpleNamespace) -> None:
    with clock.set_to(make.SALE.replace(year=2040)):
        assert shop.client.get(CATALOGUE).json["dcat:dataset"] == []
        assert shop.client.get(f"/api/v1/interchange/products/{shop.codes[0]}").status_code == 404


@pytest.mark.both_databases
def test_a_record_comes_back_with_the_digest_that_it_left_with(shop: SimpleNamespace) -> None:
    seller = as_program(shop.app, Role.MERCHANT, party=shop.owner)
    body = shop.client.get(f"/api/v1/interchange/products/{shop.codes[1]}").json
    sent = {"origin": "https://other.example/catalogue", "dataset": body}
    kept = shop.client.post("/api/v1/interchange/records", json=sent, headers=key(seller))
    assert kept.status_code == 201, kept.text
    assert kept.json["digest"] == body["huiyi:recordDigest"]["@value"]
    again = shop.client.post("/api/v1/interchange/records", json=sent, headers=key(seller))
    assert again.json["id"] == kept.json["id"]
    assert [one["id"] for one in shop.client.get("/api/v1/interchange/records", headers=seller).json["items"]] == [
        kept.json["id"]
    ]
    out = shop.client.get(f"/api/v1/interchange/records/{kept.json['id']}/dataset", headers=seller)
    assert out.json["huiyi:recordDigest"] == body["huiyi:recordDigest"]
    assert judged(out.text) == ""


def test_a_changed_or_huge_record_and_a_stranger_are_refused(shop: SimpleNamespace) -> None:
    seller = as_program(shop.app, Role.MERCHANT, party=shop.owner)
    body = shop.client.get(f"/api/v1/interchange/products/{shop.codes[1]}").json
    changed = {**body, "dct:title": {"@value": "另一个产品", "@language": "zh"}}
    answers = [
        shop.client.post("/api/v1/interchange/records", json={"origin": "x", "dataset": one}, headers=key(seller))
        for one in (changed, {}, {**body, "rdfs:comment": "x" * 600_000})
    ]
    assert [(one.status_code, one.json["code"]) for one in answers] == [
        (422, "interchange.digest_differs"), (422, "interchange.unreadable"), (422, "request.validation"),
    ]  # fmt: skip
    buyer = as_program(shop.app, Role.AUDITOR)
    assert shop.client.get("/api/v1/interchange/records", headers=buyer).status_code == 403
    missing = "/api/v1/interchange/records/00000000-0000-7000-8000-000000000000"
    assert shop.client.get(missing, headers=seller).json["code"] == "interchange.no_such_record"


def test_the_page_for_developers_leads_to_all_of_it(shop: SimpleNamespace) -> None:
    page = shop.client.get("/developers")
    assert page.status_code == 200
    offerings = "/api/v1/tmf/productCatalogManagement/v4/productOffering"
    for url in ("/api/docs", "/api/v1/openapi.json", CATALOGUE, offerings, "/webhooks/types", "/catalogue/feed.atom"):
        assert f'href="{url}"' in page.text
        assert shop.client.get(url).status_code in (200, 302, 303), url
