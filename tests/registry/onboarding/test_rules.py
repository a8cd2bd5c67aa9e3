"""What may be asked for, which documents are taken, and every pair of state and event."""

from __future__ import annotations

from itertools import product

import pytest

from registry.onboarding.rules import (
    OPEN_CAPACITIES,
    TRANSITIONS,
    ApplicationEvent,
    ApplicationState,
    CapacityNotOpen,
    DocumentKind,
    DocumentsRefused,
    Sent,
    WrongState,
    after,
    check_capacities,
    check_documents,
    media_type_of,
)
from registry.parties.rules import Capacity

PDF = b"%PDF-1.7 licence"
LIMITS = {"count_max": 2, "bytes_max": 100}


def sent(content: bytes = PDF, kind: DocumentKind = DocumentKind.CERTIFICATE) -> Sent:
    """One document."""
    return Sent(kind, "证照.pdf", content)


@pytest.mark.parametrize(("state", "event"), list(product(ApplicationState, ApplicationEvent)))
def test_every_pair_of_state_and_event_is_in_the_table_or_refused(
    state: ApplicationState, event: ApplicationEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            after(state, event)


@pytest.mark.parametrize("capacity", Capacity)
def test_only_operators_merchants_departments_and_buyers_ask_by_themselves(capacity: Capacity) -> None:
    if capacity in OPEN_CAPACITIES:
        check_capacities([capacity])
    else:
        with pytest.raises(CapacityNotOpen):
            check_capacities([Capacity.BUYER, capacity])


def test_asking_for_nothing_is_refused() -> None:
    with pytest.raises(CapacityNotOpen):
        check_capacities([])


def test_a_document_is_known_by_its_bytes_and_not_by_its_name() -> None:
    assert media_type_of(PDF) == "application/pdf"
    assert media_type_of(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert media_type_of(b"\x89PNG\r\n\x1a\n\0") == "image/png"
    assert media_type_of(b"<html>%PDF-") is None


@pytest.mark.parametrize(
    "documents",
    [[], [sent(kind=DocumentKind.OTHER)], [sent()] * 3, [sent(b"")], [sent(PDF * 10)], [sent(), sent(b"MZ\x90")]],
    ids=["none", "no certificate", "too many", "empty", "too large", "a program"],
)
def test_documents_that_cannot_be_checked_are_refused(documents: list[Sent]) -> None:
    check_documents([sent(), sent(kind=DocumentKind.OTHER)], **LIMITS)
    with pytest.raises(DocumentsRefused) as refused:
        check_documents(documents, **LIMITS)
    assert refused.value.errors[0]["pointer"] == "/documents"
