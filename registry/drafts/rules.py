"""The steps of the guided form, and what is still missing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from kernel.errors import Conflict, Invalid
from registry.parties.rules import N_


class Step(StrEnum):
    """The steps in which data is entered, in the order of the form."""

    BASIS = "basis"
    DATA = "data"
    FIELDS = "fields"
    SAMPLE = "sample"
    INPUTS = "inputs"
    DELIVERY = "delivery"


class DraftState(StrEnum):
    """Where a draft stands."""

    OPEN = "open"
    FINISHED = "finished"
    DISCARDED = "discarded"


class DraftEvent(StrEnum):
    """What can happen to a draft."""

    SAVE = "save"
    FINISH = "finish"
    DISCARD = "discard"


STEP_TITLES = {
    Step.BASIS: N_("场景和协议"),
    Step.DATA: N_("所用数据"),
    Step.FIELDS: N_("产品字段"),
    Step.SAMPLE: N_("样例"),
    Step.INPUTS: N_("来源产品和证据"),
    Step.DELIVERY: N_("交付形式"),
}
# What each step holds, under the names that the product itself uses.
HELD = {
    Step.BASIS: ("request_id",),
    Step.DATA: ("inputs",),
    Step.FIELDS: ("fields",),
    Step.SAMPLE: ("sample",),
    Step.INPUTS: ("origins", "evidence"),
    Step.DELIVERY: ("title", "domain", "delivery_form", "source_statement", "description"),
}
# Without these there is no product; a step that names none may be passed over.
NEEDED = {
    Step.BASIS: ("request_id",),
    Step.DATA: ("inputs",),
    Step.FIELDS: ("fields",),
    Step.SAMPLE: (),
    Step.INPUTS: (),
    Step.DELIVERY: ("title", "domain", "delivery_form", "source_statement", "description"),
}
TRANSITIONS: dict[tuple[DraftState, DraftEvent], DraftState] = {
    (DraftState.OPEN, DraftEvent.SAVE): DraftState.OPEN,
    (DraftState.OPEN, DraftEvent.FINISH): DraftState.FINISHED,
    (DraftState.OPEN, DraftEvent.DISCARD): DraftState.DISCARDED,
}


class WrongDraftState(Conflict):
    """The draft became a product already, or was given up."""

    code = "product_draft.wrong_state"


class DraftIncomplete(Invalid):
    """A draft with open steps cannot become a product."""

    code = "product_draft.incomplete"


class UnknownContent(Invalid):
    """A step holds something that does not belong to it."""

    code = "product_draft.unknown_content"


def after(state: DraftState, event: DraftEvent) -> DraftState:
    """Return the state that follows.

    Raises:
        WrongDraftState: the event is not possible in that state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        words = "已建立产品" if state is DraftState.FINISHED else "已放弃"
        raise WrongDraftState(
            f"产品草稿{words}，不能再办理 {event}：请另建草稿",
            detail_en=f"A draft that is {state} does not admit {event}",
        ) from None


def check_content(step: Step, content: Mapping[str, Any]) -> None:
    """Refuse content under a name that the step does not hold.

    Raises:
        UnknownContent: there is such a name.
    """
    unknown = sorted(set(content) - set(HELD[step]))
    if unknown:
        raise UnknownContent(
            f"“{STEP_TITLES[step]}”一步不含 {'、'.join(unknown)}，只含 {'、'.join(HELD[step])}",
            detail_en=f"The step {step} holds {', '.join(HELD[step])} only",
            errors=[
                {"pointer": f"/{name}", "code": UnknownContent.code, "message": "不属于本步骤"} for name in unknown
            ],
        )


def missing(steps: Mapping[str, Mapping[str, Any]]) -> dict[Step, list[str]]:
    """Return what each step still lacks; a complete draft lacks nothing anywhere."""
    lacking = {step: [name for name in NEEDED[step] if not steps.get(step, {}).get(name)] for step in Step}
    return {step: names for step, names in lacking.items() if names}


def refuse_incomplete(steps: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse to make a product of a draft with open steps.

    Raises:
        DraftIncomplete: something is missing; the errors name it step by step.
    """
    lacking = missing(steps)
    if lacking:
        words = "、".join(STEP_TITLES[step] for step in lacking)
        raise DraftIncomplete(
            f"草稿尚未填完：{words}",
            detail_en=f"Still to be filled in: {', '.join(lacking)}",
            errors=[
                {"pointer": f"/{step}/{name}", "code": "required", "message": "必须填写"}
                for step, names in lacking.items()
                for name in names
            ],
        )


def assembled(steps: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the steps hold together, but for the request: the product as far as it is entered."""
    return {name: steps[step][name] for step in Step for name in HELD[step] if name in steps.get(step, {})}
