"""Which outcome of a payout of unknown fate may be proposed on which evidence, and what contradicts it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from uuid import UUID

from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.money import Money
from market.payments.rules import Answer
from settlement.payouts.rules import Channel, PayoutState


class Fate(StrEnum):
    """What is proposed: 已到账, 未付出已退回, 以原幂等键重发."""

    CONFIRMED = "confirmed"
    RETURNED = "returned"
    SENT_AGAIN = "sent_again"


class ResolutionState(StrEnum):
    """Where a proposal stands: 待复核, 已确认, 不同意, 已撤回."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ResolutionAct(StrEnum):
    """What people do with a proposal."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


TRANSITIONS: dict[tuple[ResolutionState, ResolutionAct], ResolutionState] = {
    (ResolutionState.PROPOSED, ResolutionAct.CONFIRM): ResolutionState.CONFIRMED,
    (ResolutionState.PROPOSED, ResolutionAct.REFUSE): ResolutionState.REFUSED,
    (ResolutionState.PROPOSED, ResolutionAct.WITHDRAW): ResolutionState.WITHDRAWN,
}
# what the provider may say later without contradicting what was confirmed
IN_AGREEMENT = {
    Fate.CONFIRMED: (Answer.SUCCEEDED,),
    Fate.RETURNED: (Answer.FAILED, Answer.CANCELLED),
}
SAYS_NOTHING = (Answer.UNKNOWN, Answer.PENDING)
FINAL = (Answer.SUCCEEDED, Answer.FAILED)
ARTICLE = "会计法 第三十五条"


class WrongState(Conflict):
    """The payout is not of unknown fate, or the proposal has been decided."""

    code = "payout_resolution.wrong_state"
    title = "拨付或处理方案当前状态不能办理此事"
    title_en = "Not possible in this state"


class SamePerson(NotAllowed):
    """Who proposes, who confirms and who paid are different natural persons."""

    code = "payout_resolution.same_person"
    title = "须由另一人办理"
    title_en = "Another person is needed"


class EvidenceUnfit(Invalid):
    """What is given does not show that outcome."""

    code = "payout_resolution.evidence_unfit"
    title = "证据不足或不符"
    title_en = "The evidence is missing or does not fit"


class KnownToProvider(Conflict):
    """The provider knows of the transfer, or did not say: sending it again could pay twice."""

    code = "payout_resolution.known_to_provider"
    title = "不能重发"
    title_en = "It must not be sent again"


def after(state: ResolutionState, act: ResolutionAct, number: str) -> ResolutionState:
    """Return the state that follows of a proposal about the payout ``number``.

    Raises:
        WrongState: it has been decided.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"拨付 {number} 的处理方案处于“{state}”，不能“{act}”；请刷新页面查看当前进度",
            detail_en=f"The proposal is {state}; no {act} now",
        )
    return following


def must_be_unknown(state: PayoutState, number: str) -> None:
    """Refuse to decide by people what the bank or the provider has answered, or may still answer soon.

    Raises:
        WrongState: the fate of the payout is not unknown.
    """
    if state is not PayoutState.UNKNOWN:
        raise WrongState(
            f"拨付 {number} 处于“{state}”，只有结果未知的才由人认定（R9）；请刷新页面查看结果",
            detail_en=f"{number} is {state}: only an unknown fate is decided by people",
        )


def must_be_another(number: str, actor_id: UUID | None, before: Collection[UUID | None], words: str) -> None:
    """Refuse a natural person who took an earlier step, under whichever account; ``words`` say which step.

    Raises:
        SamePerson: the actor is among them.

    Source:
        会计法 第三十五条（不相容职务相分离）; H9.
    """
    if actor_id in before:
        raise SamePerson(
            f"拨付 {number} 由您{words}，须由另一人办理", article=ARTICLE,
            detail_en=f"You took an earlier step of {number}: somebody else goes on",
        )  # fmt: skip


def must_be_shown(fate: Fate, channel: Channel, *, bank_line: str, reference: str, has_file: bool) -> None:
    """Refuse a proposal without the evidence of its kind.

    Money that arrived is shown by the line of the bank or, through a provider, by its reference; what came back, or
    never left, by one of the two; always with the paper. Only a provider is asked again.

    Raises:
        EvidenceUnfit: names the field that is missing.
    """
    if fate is Fate.SENT_AGAIN:
        if channel is not Channel.STRIPE:
            raise _unfit("fate", "只有经支付机构转账的才能以原幂等键重发；银行拨付请认定退回后重新编制")
        return
    if channel is Channel.STRIPE and not reference:
        raise _unfit("provider_reference", "经支付机构转账的，须填写支付机构的编号")
    if channel is not Channel.STRIPE and not bank_line and (fate is Fate.CONFIRMED or not reference):
        raise _unfit("bank_line", "经银行付出的，认定到账须填写银行流水号；认定退回须填写流水号或银行的退回编号")
    if not has_file:
        raise _unfit("file", "须上传银行回单或支付机构出具的证明")


def must_fit(number: str, amount: Money, line: Money | None, *, is_out: bool, fate: Fate) -> None:
    """Refuse a line of the bank that is not this payout: ``line`` is its amount, None where there is no such line.

    Raises:
        EvidenceUnfit: it was not imported, has another amount, or goes the other way.
    """
    if line is None:
        raise _unfit("bank_line", "本地银行流水中没有这一流水号，请先导入银行流水")
    if line != amount:
        raise _unfit("bank_line", f"该流水金额为 {line.text()} 元，拨付 {number} 为 {amount.text()} 元")
    if is_out is not (fate is Fate.CONFIRMED):
        raise _unfit("bank_line", "认定到账的须为银行支出流水，认定退回的须为银行收入流水")


def must_be_unused(field: str, payout: str | None) -> None:
    """Refuse a line or reference that is another payout's already.

    Raises:
        EvidenceUnfit: ``payout`` has it.
    """
    if payout is not None:
        raise _unfit(field, f"该编号已属于拨付 {payout}")


def must_be_unheard_of(number: str, answer: Answer) -> None:
    """Refuse to send again unless the provider has just said that it knows of no such transfer.

    Raises:
        KnownToProvider: it knows one, or gave no answer.
    """
    if answer is not Answer.CANCELLED:
        raise KnownToProvider(
            f"拨付 {number} 不能重发：支付机构没有答复“查无此笔”（{answer}），可能付两次；请稍后再试，或认定结果",
            detail_en=f"The provider did not say that it knows nothing of {number} (it said: {answer})", rule="R9",
        )  # fmt: skip


def _unfit(field: str, words: str) -> EvidenceUnfit:
    return EvidenceUnfit(
        f"{words}，请更正后重新提交", detail_en=f"Check the field {field}",
        errors=[{"pointer": f"/{field}", "code": EvidenceUnfit.code, "message": words}],
    )  # fmt: skip
