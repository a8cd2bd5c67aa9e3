"""Several registrants of one product, and who else may ask for a correction."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records.rules import Upload
from registry.registrants.rules import (
    ApplicationMode,
    CorrectionBasis,
    Interest,
    InterestNotStated,
    RegistrantsIncomplete,
    check_interest,
    check_others,
)

OWNER, ONE, OTHER = (UUID(int=number) for number in (1, 2, 3))
JOINT = ApplicationMode.JOINT
ids = st.integers(2, 10**6).map(lambda number: UUID(int=number))


@pytest.mark.parametrize(
    ("mode", "others", "pointers"),
    [
        (None, [], []),
        (JOINT, [ONE, OTHER], []),
        (ApplicationMode.BY_AGREEMENT, [ONE], []),
        (None, [ONE], ["/mode"]),
        (JOINT, [], ["/co_registrants"]),
        (JOINT, [OWNER], ["/co_registrants"]),
        (JOINT, [ONE, ONE], ["/co_registrants"]),
        (None, [OWNER, OWNER], ["/mode", "/co_registrants", "/co_registrants"]),
    ],
)
def test_co_registrants_are_named_once_each_with_a_mode_and_all_faults_at_once(
    mode: ApplicationMode | None, others: list[UUID], pointers: list[str]
) -> None:
    if not pointers:
        check_others(OWNER, mode, others)
        return
    with pytest.raises(RegistrantsIncomplete, match="26号 第七条") as refusal:
        check_others(OWNER, mode, others)
    assert [error["pointer"] for error in refusal.value.errors] == pointers


@given(st.lists(ids, min_size=1, unique=True), st.sampled_from(ApplicationMode))
def test_any_different_organisations_may_apply_together(others: list[UUID], mode: ApplicationMode) -> None:
    check_others(OWNER, mode, others)


@pytest.mark.parametrize("basis", list(CorrectionBasis))
def test_a_correction_by_somebody_else_needs_consent_or_proof(basis: CorrectionBasis) -> None:
    check_interest(is_registrant=True, interest=None)
    check_interest(is_registrant=False, interest=Interest(ONE, basis, Upload(b"paper", "证明.pdf")))
    with pytest.raises(InterestNotStated, match="书面同意") as refusal:
        check_interest(is_registrant=False, interest=None)
    assert [error["pointer"] for error in refusal.value.errors] == ["/interest"]
