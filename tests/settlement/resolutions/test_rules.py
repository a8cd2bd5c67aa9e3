"""Which evidence shows which outcome; what is decided once, by whom, and what is never sent again."""

from __future__ import annotations

from itertools import product
from uuid import uuid4

import pytest

from kernel.money import Money
from market.payments.rules import Answer
from settlement.payouts.rules import Channel, PayoutState
from settlement.resolutions import rules
from settlement.resolutions.rules import EvidenceUnfit, Fate, ResolutionAct, ResolutionState


def field(refused: pytest.ExceptionInfo[EvidenceUnfit]) -> str:
    """The field that a refusal names."""
    return str(refused.value.errors[0]["pointer"])


@pytest.mark.parametrize(("fate", "channel", "given", "missing"), [
    (Fate.CONFIRMED, Channel.BANK, {"bank_line": "L"}, ""),
    (Fate.CONFIRMED, Channel.BANK, {"reference": "R"}, "/bank_line"),
    (Fate.CONFIRMED, Channel.STRIPE, {"reference": "tr"}, ""),
    (Fate.CONFIRMED, Channel.STRIPE, {"bank_line": "L"}, "/provider_reference"),
    (Fate.RETURNED, Channel.TREASURY, {"reference": "R"}, ""), (Fate.RETURNED, Channel.TREASURY, {}, "/bank_line"),
    (Fate.RETURNED, Channel.STRIPE, {}, "/provider_reference"), (Fate.SENT_AGAIN, Channel.STRIPE, {}, ""),
    (Fate.SENT_AGAIN, Channel.BANK, {}, "/fate"),
    (Fate.CONFIRMED, Channel.BANK, {"bank_line": "L", "has_file": False}, "/file"),
])  # fmt: skip
def test_every_outcome_needs_the_evidence_of_its_channel(
    fate: Fate, channel: Channel, given: dict[str, str], missing: str
) -> None:
    terms = {"bank_line": "", "reference": "", "has_file": True} | given
    if missing:
        with pytest.raises(EvidenceUnfit) as refused:
            rules.must_be_shown(fate, channel, **terms)
        assert field(refused) == missing
    else:
        rules.must_be_shown(fate, channel, **terms)


def test_a_line_of_another_amount_or_direction_or_of_another_payout_shows_nothing() -> None:
    amount = Money(100)
    for line, is_out, fate in product((None, Money(99), amount), (True, False), (Fate.CONFIRMED, Fate.RETURNED)):
        if line == amount and is_out is (fate is Fate.CONFIRMED):
            rules.must_fit("PAY", amount, line, is_out=is_out, fate=fate)
        else:
            with pytest.raises(EvidenceUnfit):
                rules.must_fit("PAY", amount, line, is_out=is_out, fate=fate)
    rules.must_be_unused("bank_line", None)
    with pytest.raises(EvidenceUnfit, match="PAY-1"):
        rules.must_be_unused("bank_line", "PAY-1")


def test_only_an_unknown_fate_is_decided_and_only_once_by_another_person() -> None:
    for state in PayoutState:
        if state is PayoutState.UNKNOWN:
            rules.must_be_unknown(state, "PAY")
        else:
            with pytest.raises(rules.WrongState):
                rules.must_be_unknown(state, "PAY")
    for state, act in product(ResolutionState, ResolutionAct):
        if state is ResolutionState.PROPOSED:
            assert rules.after(state, act, "PAY") is not state
        else:
            with pytest.raises(rules.WrongState):
                rules.after(state, act, "PAY")
    one, other = uuid4(), uuid4()
    rules.must_be_another("PAY", one, {other}, "提出")
    with pytest.raises(rules.SamePerson):
        rules.must_be_another("PAY", one, {one, other}, "提出")


@pytest.mark.parametrize("answer", list(Answer))
def test_nothing_is_sent_again_unless_the_provider_knows_of_none(answer: Answer) -> None:
    if answer is Answer.CANCELLED:
        rules.must_be_unheard_of("PAY", answer)
    else:
        with pytest.raises(rules.KnownToProvider):
            rules.must_be_unheard_of("PAY", answer)
