"""All five conditions must hold, and every one that fails is named."""

from __future__ import annotations

from itertools import product

import pytest

from registry.access.rules import CODES, AccessFacts, Condition, Fact, Outcome, judge, scope_fact

NAMES = [condition.value for condition in Condition]


@pytest.mark.parametrize("met", list(product([True, False], repeat=len(NAMES))), ids=str)
def test_access_is_granted_when_all_hold_and_else_every_failure_is_named(met: tuple[bool, ...]) -> None:
    facts = AccessFacts(**{name: Fact(holds, name) for name, holds in zip(NAMES, met, strict=True)})
    verdict = judge(facts)
    failing = [CODES[condition] for condition, holds in zip(Condition, met, strict=True) if not holds]
    assert [one.code for one in verdict.failed] == failing
    assert verdict.outcome is (Outcome.DENIED if failing else Outcome.GRANTED)
    assert verdict.code == (failing[0] if failing else "")
    assert [one.as_dict()["condition"] for one in verdict.looked] == NAMES


@pytest.mark.parametrize(
    ("change", "words"),
    [({"is_active": False}, "停用"), ({"acts_for_operator": False}, "在册人员"), ({"asked": 0}, "没有指明"),
     ({"missing": ["R-2"]}, "R-2")],
)  # fmt: skip
def test_person_and_resources_lie_within_the_agreement_or_the_words_say_what_does_not(
    change: dict[str, object], words: str
) -> None:
    right: dict[str, object] = {"person": "张三", "acts_for_operator": True, "is_active": True, "missing": [],
                                "asked": 2, "article": "协议"}  # fmt: skip
    assert scope_fact(**right).is_met
    fact = scope_fact(**{**right, **change})
    assert (fact.is_met, words in fact.words) == (False, True)
