"""Refusals carry what a person and a program need."""

import re

import pytest

from kernel import errors
from kernel.errors import Conflict, DomainError, Invalid

KINDS = {
    "Malformed": 400,
    "Unauthenticated": 401,
    "NotAllowed": 403,
    "NotFound": 404,
    "Conflict": 409,
    "PreconditionFailed": 412,
    "Invalid": 422,
    "PreconditionRequired": 428,
    "TooMany": 429,
}


@pytest.mark.parametrize(("name", "status"), KINDS.items())
def test_each_kind_of_refusal_has_its_status_and_a_dotted_code(name, status):
    kind = getattr(errors, name)
    assert kind.status == status
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", kind.code)
    assert kind.title
    assert kind.title_en


def test_kinds_of_refusal_do_not_share_a_code():
    codes = [getattr(errors, name).code for name in KINDS]
    assert len(set(codes)) == len(codes)


def test_a_refusal_carries_words_fields_rule_and_article():
    class WrongState(Conflict):
        code = "review.wrong_state"

    refusal = WrongState(
        "审查已办结", detail_en="closed", errors=[{"pointer": "/state"}], rule="RVW-01", article="第九条"
    )
    assert str(refusal) == refusal.detail == "审查已办结"
    assert (refusal.detail_en, refusal.rule, refusal.article) == ("closed", "RVW-01", "第九条")
    assert refusal.errors == [{"pointer": "/state"}]
    assert refusal.status == 409


def test_a_refusal_without_words_says_its_title():
    assert str(Invalid()) == Invalid.title
    assert Invalid().errors == []
    assert Invalid().headers == {}


def test_refusals_do_not_share_their_lists():
    given = [{"pointer": "/a"}]
    refusal = DomainError("x", errors=given, headers={"Retry-After": "1"})
    given[0]["pointer"] = "/changed"
    assert refusal.errors == [{"pointer": "/a"}]
    assert refusal.headers == {"Retry-After": "1"}
