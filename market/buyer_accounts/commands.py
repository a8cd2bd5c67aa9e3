"""Opening an account, paying from it, and stating each month what is owed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import Period, business_date, start_of_day
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from market.buyer_accounts import queries
from market.buyer_accounts.model import AccountLine, BuyerAccount, CreditLimit, MonthlyStatement
from market.buyer_accounts.queries import NoSuchAccount
from market.buyer_accounts.rules import (
    LimitAct,
    LineKind,
    Purse,
    after,
    divide_credit,
    must_cover,
    must_fit,
)
from market.payments import commands as payments
from market.payments import queries as payment_queries
from market.payments.gateway import reference_of
from market.payments.model import Payment
from market.payments.rules import PaymentMethod, PaymentState, WrongState, must_be_unpaid
from registry.accounts.queries import accounts_behind
from registry.parties import queries as parties


class NoCredit(Conflict):
    """No credit limit is in force: nothing is bought on account."""

    code = "buyer_account.no_credit"
    title = "没有生效的月结额度"
    title_en = "No credit limit is in force"


class Overdue(Conflict):
    """A statement is past its last day: first it is paid, then more is bought on account."""

    code = "buyer_account.overdue"
    title = "有逾期未付的月结账单"
    title_en = "A statement is overdue"


class SecondPersonNeeded(NotAllowed):
    """Whoever proposed a limit does not confirm it."""

    code = "buyer_account.second_person"
    title = "须由另一人复核"
    title_en = "A second person confirms"


class StatementDiffers(Invalid):
    """More would be paid than the statement still asks for."""

    code = "buyer_account.statement_differs"


def open_account(
    session: Session, actor: Actor, *, place: str, now: datetime, book: PolicyBook, buyer_id: UUID | None = None
) -> BuyerAccount:
    """Open the account of a buyer at a place; a buyer opens its own, finance any. There is one per place.

    Raises:
        NotAllowed: the actor acts neither for the buyer nor for finance of the place.
        NoSuchPlace: there is no such place.
        NoSuchParty: there is no such organisation.
    """
    owner = buyer_id or actor.org_id
    if owner is None:
        raise NotAllowed("请指明为哪个单位开立账户", detail_en="Name the organisation")
    is_own = owner == actor.org_id
    actor.must(Permission.BUYER_ACCOUNT_OPEN, org_id=owner, place=None if is_own else place)
    book.place(place)
    parties.get(session, owner)
    known = queries.of_buyer(session, place, owner)
    if known is not None:
        return known
    number = numbering.number(session, "ACC", business_date(now))
    made = BuyerAccount(number=number, place=place, buyer_id=owner, reference=reference_of(number), opened_at=now,
                        opened_by=actor.name)  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "buyer_account.open", made, at=now, detail={"reference": made.reference})
    return made


def propose_limit(
    session: Session, actor: Actor, account_id: UUID, *, amount: Money, due_days: int, basis: str, now: datetime
) -> CreditLimit:
    """Propose how much the buyer may owe and how many days it has to pay; a second person confirms.

    Raises:
        NoSuchAccount: there is no such account.
        NotAllowed: the actor does not propose limits at that place.
    """
    account = queries.visible(session, actor, account_id)
    actor.must(Permission.CREDIT_PROPOSE, place=account.place)
    assert actor.id is not None
    made = CreditLimit(
        account_id=account.id, place=account.place, amount=amount, due_days=due_days, basis=basis, proposed_at=now,
        proposed_by=actor.name, proposed_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "credit_limit.propose", made, at=now,
                 detail={"account": account.number, "amount": amount.text(), "due_days": due_days})  # fmt: skip
    return made


def decide_limit(session: Session, actor: Actor, limit_id: UUID, *, act: LimitAct, now: datetime) -> CreditLimit:
    """Confirm or refuse a proposed limit as the second person.

    Raises:
        NoSuchAccount: there is no such limit.
        NotAllowed: the actor does not confirm limits at that place.
        SecondPersonNeeded: the actor proposed it.
        WrongState: it has been decided.
    """
    limit = session.get(CreditLimit, limit_id, with_for_update=True, populate_existing=True)
    if limit is None:
        raise NoSuchAccount(f"没有编号为 {limit_id} 的额度", detail_en="No such limit")
    account = queries.locked(session, limit.account_id)
    actor.must(Permission.CREDIT_CONFIRM, place=limit.place)
    if actor.id in accounts_behind(session, limit.proposed_by_id) or actor.org_id == account.buyer_id:
        raise SecondPersonNeeded(
            "月结额度由您提出，或给予您所在单位，须由另一人复核", detail_en="Somebody else confirms"
        )
    limit.state = after(limit.state, act, account.number)
    limit.decided_at, limit.decided_by, limit.decided_by_id = now, actor.name, actor.id
    audit.record(session, actor, f"credit_limit.{act}", limit, at=now, detail={"account": account.number})
    return limit


def pay_from_balance(session: Session, actor: Actor, payment_id: UUID, *, now: datetime, book: PolicyBook) -> Payment:
    """Pay an order from the prepaid balance: all of it, or nothing.

    Raises:
        NoSuchPayment: there is none that the actor may know of.
        NotAllowed: the actor does not buy for the organisation.
        NoSuchAccount: the buyer has no account at that place.
        WrongState: nothing is to be paid any more.
        PartlyPaid: lines of the bank have brought a part.
        BalanceShort: the balance does not cover it.
    """
    payment, account = _paying(session, actor, payment_id)
    must_cover(account.number, queries.balance(session, account.id), payment.amount)
    _move(session, actor, account, Purse.PREPAID, LineKind.PAYMENT, -payment.amount, f"payment:{payment.number}",
          f"付款 {payment.number}", now)  # fmt: skip
    return _captured(session, actor, payment, account, PaymentMethod.BALANCE, now, book)


def pay_on_account(session: Session, actor: Actor, payment_id: UUID, *, now: datetime, book: PolicyBook) -> Payment:
    """Buy on account: access opens today, the amount stands on the statement of the month.

    Raises:
        NoSuchPayment: there is none that the actor may know of.
        NotAllowed: the actor does not buy for the organisation.
        NoSuchAccount: the buyer has no account at that place.
        WrongState: nothing is to be paid any more.
        PartlyPaid: lines of the bank have brought a part.
        NoCredit: no limit is in force.
        Overdue: a statement is past its last day.
        LimitExceeded: the limit does not cover it.
    """
    payment, account = _paying(session, actor, payment_id)
    limit = queries.limit_in_force(session, account.id)
    if limit is None:
        raise NoCredit(f"账户 {account.number} 没有生效的月结额度；请与收款单位约定后由财务登记",
                       detail_en="No limit is in force")  # fmt: skip
    late = queries.overdue(session, account.id, business_date(now))
    if late:
        raise Overdue(f"月结账单 {late[-1].number} 应于 {late[-1].due_date} 前付清；结清后可继续月结购买",
                      detail_en=f"{late[-1].number} is overdue")  # fmt: skip
    must_fit(account.number, queries.owed(session, account.id), limit.amount, payment.amount)
    _move(session, actor, account, Purse.MONTHLY, LineKind.CHARGE, payment.amount, f"payment:{payment.number}",
          f"付款 {payment.number}", now)  # fmt: skip
    return _captured(session, actor, payment, account, PaymentMethod.MONTHLY_ACCOUNT, now, book)


def _paying(session: Session, actor: Actor, payment_id: UUID) -> tuple[Payment, BuyerAccount]:
    payment = payment_queries.visible(session, actor, payment_id)
    actor.must(Permission.ORDER_PLACE, org_id=payment.buyer_id)
    payment = payment_queries.locked(session, payment.id)
    if payment.state is not PaymentState.EXPECTED:
        raise WrongState(
            f"付款 {payment.number} 处于“{payment.state}”，不需要再支付", detail_en="Nothing is to be paid"
        )
    must_be_unpaid(payment.number, payment.amount, payment_queries.put_by_lines(session, payment.id))
    account = queries.of_buyer(session, payment.place, payment.buyer_id)
    if account is None:
        raise NoSuchAccount("本单位在该地还没有预付及月结账户，请先开立", detail_en="Open an account first")
    return payment, queries.locked(session, account.id)


def _captured(
    session: Session, actor: Actor, payment: Payment, account: BuyerAccount, method: PaymentMethod, now: datetime,
    book: PolicyBook,
) -> Payment:  # fmt: skip
    return payments.capture(
        session, actor, payment.id, method=method, evidence=f"{account.number}/{payment.number}",
        payer_name=actor.name, captured_at=now, now=now, book=book,
    )  # fmt: skip


def _move(
    session: Session, actor: Actor, account: BuyerAccount, purse: Purse, kind: LineKind, amount: Money, evidence: str,
    text: str, now: datetime, statement: MonthlyStatement | None = None,
) -> AccountLine:  # fmt: skip
    made = AccountLine(
        account_id=account.id, place=account.place, purse=purse, kind=kind, amount=amount, evidence=evidence, text=text,
        statement_id=statement.id if statement else None, at=now, made_by=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, f"buyer_account.{kind}", made, at=now,
                 detail={"account": account.number, "amount": amount.text(), "evidence": evidence})  # fmt: skip
    return made


def top_up(
    session: Session, actor: Actor, account_id: UUID, *, amount: Money, evidence: str, now: datetime
) -> AccountLine:
    """Add received money to the balance, for the command that has seen it come; each receipt counts once."""
    account = queries.locked(session, account_id)
    return _move(session, actor, account, Purse.PREPAID, LineKind.TOP_UP, amount, evidence, "充值", now)


def repay(
    session: Session, actor: Actor, statement: MonthlyStatement, *, amount: Money, evidence: str, now: datetime
) -> AccountLine:
    """Take received money as payment of a statement, for the command that has seen it come.

    Raises:
        StatementDiffers: it is more than the statement still asks for.
    """
    account = queries.locked(session, statement.account_id)
    left = queries.open_amount(session, statement)
    if amount > left:
        raise StatementDiffers(
            f"账单 {statement.number} 尚欠 {left} 元，不能记入 {amount} 元", detail_en=f"Open: {left}"
        )
    return _move(session, actor, account, Purse.MONTHLY, LineKind.REPAYMENT, -amount, evidence,
                 f"账单 {statement.number}", now, statement)  # fmt: skip


def give_back(
    session: Session, actor: Actor, payment: Payment, *, amount: Money, evidence: str, now: datetime
) -> list[AccountLine]:
    """Put a refund where the payment came from: the balance, or charges that no statement has asked for yet.

    Raises:
        NoSuchAccount: the payment did not come from an account.
    """
    known = queries.of_buyer(session, payment.place, payment.buyer_id)
    if known is None:
        raise NoSuchAccount(f"付款 {payment.number} 的买方没有账户", detail_en="No account")
    account, against, rest = queries.locked(session, known.id), Money(0), amount
    if payment.method is PaymentMethod.MONTHLY_ACCOUNT:
        against, rest = divide_credit(queries.unstated(session, account.id), amount)
    text, made = f"退款（付款 {payment.number}）", []
    if against:
        made.append(
            _move(session, actor, account, Purse.MONTHLY, LineKind.CREDIT, -against, f"{evidence}/credit", text, now)
        )
    if rest:
        made.append(_move(session, actor, account, Purse.PREPAID, LineKind.REFUND, rest, evidence, text, now))
    return made


def issue_statements(session: Session, actor: Actor, *, month: str, now: datetime, place: str | None = None) -> int:
    """Issue the statements of a month that has ended; run again, it issues those that are missing. Return how many.

    A month in which credits outweigh charges has no statement; the difference is taken into the next one.

    Raises:
        NotAllowed: the actor takes no part in the books.
        StatementDiffers: the month has not ended.
    """
    actor.must(Permission.INTAKE, place=place)
    period = Period.month(month)
    start, end = start_of_day(period.start), start_of_day(period.end)
    if now < end:
        raise StatementDiffers(f"{month} 尚未结束，不能出具月结账单", detail_en=f"{month} has not ended")
    issued = 0
    for found in queries.to_state(session, before=end, month=month, place=place):
        account = queries.locked(session, found.id)
        amount, limit = queries.unstated(session, account.id, before=end), queries.limit_in_force(session, account.id)
        if amount <= Money(0) or limit is None:
            continue
        number = numbering.number(session, "MST", business_date(now))
        rows: list[dict[str, Any]] = [
            {"date": business_date(line.at).isoformat(), "text": line.text, "amount": line.amount.text()}
            for line in queries.charges(session, account.id, start, end)
        ]
        made = MonthlyStatement(
            number=number, account_id=account.id, place=account.place, month=month, amount=amount,
            reference=reference_of(number), lines=rows, issued_at=now,
            due_date=business_date(now) + timedelta(days=limit.due_days),
        )  # fmt: skip
        session.add(made)
        session.flush()
        audit.record(session, actor, "monthly_statement.issue", made, at=now,
                     detail={"account": account.number, "month": month, "amount": amount.text()})  # fmt: skip
        issued += 1
    return issued
