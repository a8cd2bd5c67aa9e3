"""Accounts of buyers for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from market.buyer_accounts import commands, queries
from market.buyer_accounts.model import BuyerAccount, CreditLimit
from market.buyer_accounts.rules import Purse
from market.buyer_accounts.schemas import (
    BuyerAccountDetailOut,
    BuyerAccountIn,
    BuyerAccountOut,
    BuyerAccountPageOut,
    LimitDecisionIn,
    LimitIn,
    LimitOut,
    PayingIn,
)
from market.payments.schemas import PaymentOut

blueprint = ApiBlueprint(
    "buyer_accounts", __name__, url_prefix="/api/v1/buyer-accounts", description="预付与月结 · accounts of buyers"
)
LINES_SHOWN = 200


@blueprint.get("")
@requires(Permission.BUYER_ACCOUNT_READ)
@blueprint.response(200, BuyerAccountPageOut)
def browse():
    """List your accounts; finance sees those of its places."""
    return page(db.session(), queries.listed(current_actor()), BuyerAccount, newest_first=True)


@blueprint.post("")
@requires(Permission.BUYER_ACCOUNT_OPEN)
@blueprint.arguments(BuyerAccountIn)
@blueprint.response(201, BuyerAccountOut)
def open_account(account_in):
    """Open the account of a buyer at a place; there is one per place."""
    with db.transaction() as session:
        return commands.open_account(session, current_actor(), **account_in, now=clock.now(), book=policy_book())


@blueprint.get("/<uuid:account_id>")
@requires(Permission.BUYER_ACCOUNT_READ)
@blueprint.response(200, BuyerAccountDetailOut)
def show(account_id: UUID):
    """Read one account: balance, what is owed, limit, newest movements, statements."""
    return detailed(queries.visible(db.session(), current_actor(), account_id))


def detailed(account: BuyerAccount) -> dict[str, Any]:
    """Return an account with everything that its page shows."""
    session = db.session()
    own = {name: getattr(account, name) for name in ("id", "version", "number", "place", "buyer_id", "reference",
                                                     "opened_at")}  # fmt: skip
    statements = [
        {name: getattr(one, name) for name in ("id", "version", "number", "month", "amount", "reference", "lines",
                                               "issued_at", "due_date")} | {"left": left}
        for one, left in queries.statements(session, account.id)
    ]  # fmt: skip
    return own | {
        "balance": queries.balance(session, account.id), "owed": queries.owed(session, account.id),
        "limit": queries.limit_in_force(session, account.id), "statements": statements,
        "lines": queries.lines(session, account.id, limit=LINES_SHOWN),
    }  # fmt: skip


@blueprint.post("/payments")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(PayingIn)
@blueprint.response(200, PaymentOut)
def pay(paying_in):
    """Pay an order from the balance, or put it on the statement of the month: all of it, or nothing."""
    acts = {Purse.PREPAID: commands.pay_from_balance, Purse.MONTHLY: commands.pay_on_account}
    with db.transaction() as session:
        return acts[paying_in["purse"]](
            session, current_actor(), paying_in["payment_id"], now=clock.now(), book=policy_book()
        )


@blueprint.post("/<uuid:account_id>/limits")
@requires(Permission.CREDIT_PROPOSE)
@blueprint.arguments(LimitIn)
@blueprint.response(201, LimitOut)
def propose_limit(limit_in, account_id: UUID):
    """Propose how much the buyer may owe; a second person confirms."""
    with db.transaction() as session:
        return commands.propose_limit(session, current_actor(), account_id, **limit_in, now=clock.now())


@blueprint.post("/limits/<uuid:limit_id>/decision")
@requires(Permission.CREDIT_CONFIRM)
@blueprint.arguments(LimitDecisionIn)
@blueprint.response(200, LimitOut)
def decide_limit(decision_in, limit_id: UUID):
    """Confirm or refuse a proposed limit as the second person."""
    with db.transaction() as session:
        match_version(session, CreditLimit, queries.visible_limit(session, current_actor(), limit_id).id)
        return commands.decide_limit(session, current_actor(), limit_id, **decision_in, now=clock.now())
