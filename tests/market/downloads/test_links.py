"""A link gives its bytes once, to its buyer, of its version, for five minutes: 10,000 other tries get nothing (C4)."""

from __future__ import annotations

import random
import string
from collections import Counter
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import DomainError
from kernel.identity import Actor, Role
from market.delivery import commands as delivery
from market.delivery.model import ProductFile
from market.downloads import commands
from market.downloads.model import Download
from registry.products import queries as products
from registry.products.rules import DeliveryForm
from tests.make import delivering
from tests.make import market as make
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make.gates import open_gates

LAW, NOW = make.LAW, make.SALE
SIGNS = string.ascii_letters + string.digits + "-_"
REPLAYS, OTHERS, EDITED = 500, 4_500, 4_500
LATE = 500


def add(session: Session, product_id: object, content: str = delivering.CSV) -> ProductFile:
    """Put a file up for the newest version."""
    found = products.get(session, product_id)  # type: ignore[arg-type]
    version = products.latest_version(session, found.id)
    return delivery.add_file(session, registry.seller(found), version.id, file_name="七月.csv",
                             content=content.encode(), book=LAW, now=NOW)  # fmt: skip


def attempt(session: Session, actor: Actor, token: str, now: datetime = NOW) -> str:
    """Try a token; return how it ended."""
    try:
        commands.give(session, actor, token, None, book=LAW, now=now)
    except DomainError as refusal:
        return refusal.code
    return "given"


@pytest.mark.both_databases
def test_ten_thousand_replays_strangers_edits_and_late_comers_get_nothing(session: Session) -> None:
    sold = make.make_offer(session, delivery_form=DeliveryForm.FILE)
    buyer, stranger = make.buyer_of(session), make.buyer_of(session)
    held = make.make_entitlement(session, sold, buyer)
    make.make_entitlement(session, sold, stranger)  # who bought the same
    file, chance = add(session, sold.id), random.Random(4)
    used = commands.open_link(session, buyer, held.number, file.id, book=LAW, now=NOW)[1]
    fresh = commands.open_link(session, buyer, held.number, file.id, book=LAW, now=NOW)[1]
    assert attempt(session, buyer, used) == "given"

    def edited() -> str:
        place = chance.randrange(len(fresh))
        return fresh[:place] + chance.choice(SIGNS.replace(fresh[place], "")) + fresh[place + 1 :]

    tries = Counter(attempt(session, buyer, used) for _ in range(REPLAYS))
    tries += Counter(attempt(session, stranger, fresh) for _ in range(OTHERS))
    tries += Counter(attempt(session, buyer, edited()) for _ in range(EDITED))
    tries += Counter(attempt(session, buyer, fresh, NOW + commands.LIFE) for _ in range(LATE))
    assert tries == {"download.not_found": OTHERS + EDITED, "download.link_spent": REPLAYS + LATE}
    assert session.scalar(sa.select(sa.func.count()).select_from(Download)) == 1
    assert attempt(session, buyer, fresh, NOW + commands.LIFE - timedelta(seconds=1)) == "given"


def test_a_link_leads_to_files_of_the_bought_version_only(session: Session) -> None:
    sold = make.make_offer(session, delivery_form=DeliveryForm.FILE)
    buyer = make.buyer_of(session)
    held = make.make_entitlement(session, sold, buyer)
    add(session, sold.id)
    registry.add_version(session, products.get(session, sold.id), now=NOW)
    registry.make_review(session, sold)
    open_gates(session, sold)
    newer = add(session, sold.id, "score,level\r\n1,C\r\n")
    assert newer.version_id != held.version_id
    with pytest.raises(DomainError) as refused:
        commands.open_link(session, buyer, held.number, newer.id, book=LAW, now=NOW)
    assert refused.value.code == "product_file.not_found"


def test_a_token_has_256_bits_and_is_kept_as_a_digest_only(session: Session) -> None:
    held = make.make_entitlement(session, make.make_offer(session, delivery_form=DeliveryForm.FILE))
    buyer, file = base.actor(Role.BUYER, org_id=held.buyer_id), add(session, held.product_id)
    made, token = commands.open_link(session, buyer, held.number, file.id, book=LAW, now=NOW)
    assert len(token) * 6 >= 256
    assert made.expires_at - made.issued_at <= timedelta(minutes=5)
    assert token not in str(session.execute(sa.select(type(made).__table__)).all())
