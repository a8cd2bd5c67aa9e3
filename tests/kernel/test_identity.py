"""What a role may do, and how far a grant reaches."""

from __future__ import annotations

import pytest

from kernel.db import new_id
from kernel.errors import NotAllowed, Unauthenticated
from kernel.identity import ANONYMOUS, ROLES_OF, Actor, Grant, Permission, Role

ORG, OTHER = new_id(), new_id()


def test_every_permission_names_at_least_one_role() -> None:
    assert set(ROLES_OF) == set(Permission)
    assert all(ROLES_OF.values())


def test_a_grant_for_one_place_gives_nothing_elsewhere() -> None:
    officer = Actor(new_id(), "价格", grants=(Grant(Role.PRICE, place="quzhou"),))
    officer.must(Permission.CEILING_DETERMINE, place="quzhou")
    with pytest.raises(NotAllowed, match="没有权限"):
        officer.must(Permission.CEILING_DETERMINE, place="futian")
    assert officer.places() == {"quzhou"}


def test_a_grant_for_one_organisation_gives_nothing_on_another() -> None:
    merchant = Actor(new_id(), "数据商", grants=(Grant(Role.MERCHANT, org_id=ORG),))
    assert merchant.may(Permission.PRODUCT_WRITE, org_id=ORG)
    assert not merchant.may(Permission.PRODUCT_WRITE, org_id=OTHER)
    assert merchant.places() is None


def test_nobody_may_do_what_needs_signing_in() -> None:
    for permission in Permission:
        with pytest.raises(Unauthenticated):
            ANONYMOUS.must(permission)


def test_an_operator_never_determines_its_own_ceiling() -> None:
    assert Role.OPERATOR not in ROLES_OF[Permission.CEILING_DETERMINE]
    assert Role.OPERATOR not in ROLES_OF[Permission.CAP_SET]


def test_preparing_and_checking_a_settlement_are_separate_duties() -> None:
    assert not set(ROLES_OF[Permission.SETTLEMENT_PREPARE]) & set(ROLES_OF[Permission.SETTLEMENT_CHECK])


def test_must_be_asks_for_the_very_role() -> None:
    reviewer = Actor(new_id(), "审核", grants=(Grant(Role.REVIEWER, place="puer"),))
    reviewer.must_be(Role.REVIEWER, place="puer")
    with pytest.raises(NotAllowed):
        reviewer.must_be(Role.SUPERVISOR)
