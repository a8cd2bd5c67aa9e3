"""Chapter 8: what came in late still counts within the grace; contribution figures are shown, objected to, decided."""

from __future__ import annotations

from typing import Any

from web.demo.books import Books, LateUse
from web.demo.days import MONTH
from web.demo.stage import Stage, StoryBroken, Told

NOTICES = "/api/v1/contributions"
OBJECTIONS = "/api/v1/contribution-objections"
RUNS = "/api/v1/settlements"
SOURCE = "GATEWAY-1"


def take_in_late_use(stage: Stage, told: Told) -> None:
    """Take in use that came after the month, within the grace; before that is over nobody settles the month."""
    books = told.place.books
    if books is None:
        return
    _report(stage, told, books.in_grace)
    wanted = {"place": told.place.key, "period": MONTH}
    stage.refused(told, "迟到用量宽限期内编制结算", told.login("preparer"), RUNS, wanted, rule="")


def take_in_too_late(stage: Stage, told: Told) -> None:
    """Take in use that came after the grace: the next month settles it as a delta."""
    if told.place.books is not None:
        _report(stage, told, told.place.books.after_grace)


def _report(stage: Stage, told: Told, late: LateUse) -> None:
    event = {
        "entitlement": told.entitlements[late.purchase]["number"], "client_reference": late.reference,
        "occurred_at": late.occurred_at,
    }  # fmt: skip
    sent = {"place": told.place.key, "source": SOURCE, "events": [event]}
    for accepted in (1, 0):  # sent again, it counts once
        result = stage.send(told.login("operator"), "/api/v1/usage/events", sent)
        if result["accepted"] != accepted:
            raise StoryBroken(f"late use {late.reference}: {result}")
    told.used[late.purchase] += 1


def show_figures(stage: Stage, told: Told) -> None:
    """Draw the contribution figures of the month and let another person show them to the departments."""
    if told.place.books is None:
        return  # settled by the figures as they stand then
    preparer, checker = told.login("preparer"), told.login("checker")
    drawn = stage.send(preparer, NOTICES, {"place": told.place.key, "period": MONTH})
    url = f"{NOTICES}/{drawn['number']}"
    stage.refused(told, "测算人自己公示贡献数字", preparer, f"{url}/opening", rule="", of=drawn)
    told.books["notice"] = stage.send(checker, f"{url}/opening", of=drawn)
    told.books["figures"] = stage.get(checker, f"{url}/figures")["items"]


def object_to_figure(stage: Stage, told: Told) -> None:
    """Let a department object to its own figure, and to nobody else's; only its own share would wait."""
    books = told.place.books
    if books is None:
        return
    objected, url = books.objected, f"{NOTICES}/{told.books['notice']['number']}/objections"
    said = {"factor": objected.factor, "claimed": objected.claimed, "grounds": objected.grounds}
    own = said | {"figure_id": _figure(told, books)["id"]}
    other = next(found for found in told.place.resources if found.source != objected.department).source
    stage.refused(told, "部门对别的部门的数字提出异议", told.login(other), url, own, rule="")
    told.books["objection"] = stage.send(told.login(objected.department), url, own)


def _figure(told: Told, books: Books) -> dict[str, Any]:
    uscc = told.parties[books.objected.department]["uscc"]
    found: dict[str, Any] = next(one for one in told.books["figures"] if one["uscc"] == uscc)
    return found


def decide_objection(stage: Stage, told: Told) -> None:
    """Let a third person decide the objection before the month is settled."""
    if "objection" not in told.books:
        return
    found, books = told.books["objection"], told.place.books
    assert books is not None
    word = {"is_upheld": False, "reason": books.objected.findings}
    url = f"{OBJECTIONS}/{found['number']}/decision"
    stage.refused(told, "公示人自己处理对公示的异议", told.login("checker"), url, word, rule="", of=found)
    told.books["objection"] = stage.send(told.login("supervisor"), url, word, of=found)
