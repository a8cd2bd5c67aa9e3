"""The journal for people: trial balance and vouchers of one place."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from kernel import clock, db, lists
from kernel.http import current_actor, policy_book, requires
from kernel.identity import Permission
from kernel.json_body import in_query
from kernel.lists import Column, Kind
from kernel.money import ZERO, total
from registry.parties.model import Party
from settlement.ledger import checks, queries
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.schemas import AccountArgs

blueprint = Blueprint("ledger_pages", __name__, template_folder="../templates")
ENTRIES_SHOWN = 200


@blueprint.get("/ledger")
@requires(Permission.LEDGER_READ)
def show() -> Response | str:
    """Show the books of a place: the one asked for, or the first that the actor may read.

    Its vouchers are sorted, filtered and exported as asked for; those of this year where no day is.
    """
    actor, session = current_actor(), db.session()
    places = [place for place in policy_book().places() if actor.may(Permission.LEDGER_READ, place=place)]
    place = request.args.get("place") or (places[0] if places else "")
    actor.must(Permission.LEDGER_READ, place=place)
    found = lists.asked_for("vouchers", gettext("凭证"), _columns())
    query = sa.select(JournalEntry).where(JournalEntry.place == place)
    if not {"entry_date_from", "entry_date_to"} & set(found.asked):
        query = query.where(JournalEntry.year == clock.today().year)
    if found.is_download:
        return found.export(session, query, JournalEntry)
    found.read(session, query, JournalEntry)
    lines = queries.lines_of(session, found.items)
    found.items = [queries.Booked(header, queries.entry_of(header, lines)) for header in found.items]
    rows = queries.trial_balance(session, place=place)
    accounts = [account for account, _ in rows] + [leg.account for one in found.items for leg in one.entry.legs]
    return render_template(
        "settlement/ledger/show.html", place=place, places=places, rows=rows, sum=total(amount for _, amount in rows),
        found=found, zero=ZERO, names=owners_of(session, accounts),
        findings=checks.run(session), titles={key: policy_book().place(key).title for key in places},
        today=clock.today(), separate=queries.separate_accounts(session, place=place),
        uncleared=queries.uncleared(session, place=place, day=clock.today()),
    )  # fmt: skip


def owners_of(session: Session, accounts: Iterable[str]) -> dict[str, str]:
    """Return the names of the parties and places that accounts are kept for, by the last part of the account."""
    keys = {account.split(":")[-1] for account in accounts}
    kept = session.execute(sa.select(Party.uscc, Party.name).where(Party.uscc.in_(keys)))
    names = {uscc: name for uscc, name in kept}  # noqa: C416 - mypy reads a row by its parts
    return names | {key: policy_book().place(key).title for key in policy_book().places() if key in keys}


def _columns() -> list[Column]:
    debits = sa.select(sa.func.sum(JournalLine.amount)).where(
        JournalLine.entry_id == JournalEntry.id, JournalLine.amount > ZERO
    )
    return [
        Column("number", _("凭证号"), queries.voucher_column(), is_filter=True),
        Column("entry_date", _("日期"), JournalEntry.entry_date, Kind.DAY, is_filter=True),
        Column("text", _("摘要"), JournalEntry.text, is_filter=True),
        Column("amount", _("借方合计"), debits.scalar_subquery(), Kind.MONEY, is_filter=True, is_summed=True),
    ]


@blueprint.get("/ledger/account")
@requires(Permission.LEDGER_READ)
def account() -> str:
    """Show one account with its balance at the end of any day, rebuilt from its entries."""
    form = in_query(AccountArgs)
    current_actor().must(Permission.LEDGER_READ, place=form["place"])
    day = form.get("day") or clock.today()
    rows, standing = queries.movements(
        db.session(), form["account"], place=form["place"], as_of=queries.AsOf(day=day), limit=ENTRIES_SHOWN
    )
    return render_template(
        "settlement/ledger/account.html", place=form["place"], account=form["account"], as_of=day, rows=rows,
        balance=standing, voucher=queries.voucher_of, names=owners_of(db.session(), [form["account"]]),
    )  # fmt: skip
