"""What a public data resource is; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from string import ascii_uppercase, digits
from typing import Any

from kernel.calendar import DAY
from kernel.errors import Conflict, Invalid
from registry.parties.rules import N_


class AccessKind(StrEnum):
    """Whether the source department supplies the resource free of charge or for a fee."""

    FREE = "free"
    PAID = "paid"


class RegistrationStatus(StrEnum):
    """Whether something is registered, in the words of the disclosure form (DIS-02)."""

    REGISTERED = "registered"
    TO_BE_REGISTERED = "to_be_registered"


class ResourceEvent(StrEnum):
    """What a source department does with an entry of its catalogue."""

    CHANGE = "change"
    BAR = "bar"
    UNBAR = "unbar"


ACCESS_TITLES = {AccessKind.FREE: N_("无偿"), AccessKind.PAID: N_("有偿")}
STATUS_TITLES = {
    RegistrationStatus.REGISTERED: N_("已登记"),
    RegistrationStatus.TO_BE_REGISTERED: N_("拟登记"),
}

# barred before -> event -> barred after
TRANSITIONS: dict[tuple[bool, ResourceEvent], bool] = {
    (False, ResourceEvent.CHANGE): False,
    (True, ResourceEvent.CHANGE): True,
    (False, ResourceEvent.BAR): True,
    (True, ResourceEvent.UNBAR): False,
}


class WrongResourceState(Conflict):
    """The entry is already barred, or was not barred."""

    code = "resource.wrong_state"


class ResourceBarred(Conflict):
    """Data barred from opening may not be authorized."""

    code = "resource.barred"
    title = "不予开放的公共数据不得授权"
    title_en = "Data barred from opening cannot be authorized"


def barred_after(barred: bool, event: ResourceEvent) -> bool:
    """Return whether the resource is barred from opening (不予开放) after an event.

    Raises:
        WrongResourceState: it is barred already, or was not barred.
    """
    if (barred, event) not in TRANSITIONS:
        words = "已列为不予开放" if barred else "未列为不予开放"
        raise WrongResourceState(
            f"该数据资源{words}，无需重复办理 {event}", detail_en=f"{event} changes nothing", rule="APP-05"
        )
    return TRANSITIONS[barred, event]


def refuse_barred(code: str, title: str, barred: bool) -> None:
    """Refuse a resource that is barred from opening.

    Raises:
        ResourceBarred: it is.

    Source:
        新昌县公共数据授权运营实施方案; 福田区公共数据授权运营暂行管理办法 第二条 (APP-05).
    """
    if barred:
        raise ResourceBarred(
            f"数据资源 {code}《{title}》属不予开放的公共数据，不得纳入授权运营范围；请从清单中移除",
            detail_en=f"Resource {code} is barred from opening and cannot be authorized.",
            rule="APP-05",
        )


class ConsentMissing(Conflict):
    """Data that was shared in by somebody else may be authorized only with the provider's consent."""

    code = "resource.consent_missing"
    title = "共享取得的数据未经提供单位同意"
    title_en = "The provider has not consented"


class NotSharedIn(Conflict):
    """A consent is recorded for a resource that nobody declared as shared in."""

    code = "resource.not_shared_in"


class ConsentPeriodWrong(Invalid):
    """The consent would end before it begins."""

    code = "resource.consent_period_wrong"


class SamplesNotOffered(Conflict):
    """The place offers no simulated data before a request."""

    code = "resource.samples_not_offered"


class SampleRefused(Invalid):
    """The uploaded rows are no simulated sample of this resource."""

    code = "resource.sample_refused"


class RegistrationIncomplete(Invalid):
    """A registered resource has a confirmation number, its day and its evidence; one to be registered has none."""

    code = "resource.registration_incomplete"


class ConfirmationTaken(Conflict):
    """The confirmation number belongs to another resource."""

    code = "resource.confirmation_taken"


def check_registration(
    status: RegistrationStatus, *, number: str, registered_on: date | None, has_evidence: bool, on: date
) -> None:
    """Refuse a registered resource without number, day or evidence, and a number for one still to be registered.

    Raises:
        RegistrationIncomplete: every fault is named.

    Source:
        发改数据规〔2025〕26号 第五条 (REG-01); 国家数据局综合司 2026-02-10 通知 (DIS-02).
    """
    faults = list(_registration_faults(status, number.strip(), registered_on, has_evidence, on))
    if faults:
        raise RegistrationIncomplete(
            f"资源登记情况有误：{'；'.join(words for _, words in faults)}（26号 第五条）",
            detail_en="A registered resource needs number, day and evidence; one to be registered has none",
            rule="REG-01",
            errors=[{"pointer": pointer, "code": RegistrationIncomplete.code, "message": words}
                    for pointer, words in faults],
        )  # fmt: skip


def _registration_faults(
    status: RegistrationStatus, number: str, registered_on: date | None, has_evidence: bool, on: date
) -> Iterable[tuple[str, str]]:
    if status is RegistrationStatus.TO_BE_REGISTERED:
        if number or registered_on is not None:
            yield "/number", "拟登记的资源没有登记确认编号和登记日期"
        return
    if not number:
        yield "/number", "已登记的资源须填写登记确认编号"
    if registered_on is None:
        yield "/registered_on", "已登记的资源须填写登记日期"
    elif registered_on > on:
        yield "/registered_on", f"登记日期不得晚于今日 {on}"
    if not has_evidence:
        yield "/evidence", "已登记的资源须上传登记证明"


def consent_holds(*, granted: bool, consented_on: date, valid_until: date | None, on: date) -> bool:
    """Say whether a recorded consent of the provider covers that day; its last day counts.

    Source:
        27号 第五条; 普洱市公共数据资源授权运营管理办法 第二条 (APP-05).
    """
    return granted and consented_on <= on and (valid_until is None or on <= valid_until)


def check_consent_period(consented_on: date, valid_until: date | None) -> None:
    """Refuse a consent that ends before it begins.

    Raises:
        ConsentPeriodWrong: it does.
    """
    if valid_until is not None and valid_until < consented_on:
        raise ConsentPeriodWrong(
            f"同意的截止日 {valid_until} 早于同意日 {consented_on}，请核对提供单位的书面同意（APP-05）",
            detail_en="The consent ends before it begins",
            rule="APP-05",
            errors=[{"pointer": "/valid_until", "code": ConsentPeriodWrong.code, "message": "不得早于同意日"}],
        )


def refuse_without_consent(lacking: Sequence[str], citation: str) -> None:
    """Refuse resources that were shared in and lack the provider's consent.

    Args:
        lacking: codes and titles of the resources without consent.
        citation: act and article that demand the consent.

    Raises:
        ConsentMissing: there is at least one.

    Source:
        27号 第五条 (APP-05).
    """
    if lacking:
        raise ConsentMissing(
            f"{'、'.join(lacking)} 由其他地区或部门共享，尚无提供单位的有效同意（{citation}）："
            "请由数源部门登记提供单位的书面同意，或从清单中移除",
            detail_en=f"No consent of the provider for {', '.join(lacking)}",
            rule="APP-05",
            article=citation,
        )


# What a made-up value looks like: # is a digit, ? a capital letter, {title} the title of the field.
PATTERNS = {
    "text": "仿真{title}####",
    "number": "###.##",
    "integer": "####",
    "boolean": "",
    "date": "",
    "datetime": "",
    "code": "SIM-??-######",
}
# The words in a field's title that call for another look than its type.
LOOKS = {"代码": "code", "编号": "code", "号码": "code", "日期": "date", "时间": "datetime"}
FIRST_SIMULATED_DAY = date.fromisoformat("2025-01-01")


def simulated_rows(code: str, fields: Iterable[Mapping[str, Any]], *, rows: int) -> list[dict[str, str]]:
    """Return made-up records (仿真数据) with the fields of a resource; the same ones whenever they are asked for.

    Every value comes from a digest of the catalogue code, the field and the number of the row: no real record is
    read, so none can be recognised. Texts and codes say by themselves that they are simulated.

    Args:
        code: catalogue code of the resource.
        fields: its fields, {name, title, type}.
        rows: how many records.

    Source:
        广州市公共数据授权运营管理暂行办法（问答）创新特色第二项 (SEP-04).
    """
    described = list(fields)
    return [{str(field["name"]): _made_up(code, field, row) for field in described} for row in range(rows)]


def _made_up(code: str, field: Mapping[str, Any], row: int) -> str:
    title, kind = str(field.get("title") or field["name"]), str(field.get("type") or "text")
    look = next((look for word, look in LOOKS.items() if word in title and kind == "text"), kind)
    digest = hashlib.sha256(f"{code}|{field['name']}|{row}".encode()).digest()
    if look in ("date", "datetime"):
        day = FIRST_SIMULATED_DAY + DAY * digest[0]
        return day.isoformat() if look == "date" else f"{day.isoformat()} 09:00:00"
    if look == "boolean":
        return "是" if digest[0] % 2 else "否"
    pattern = PATTERNS.get(look) or PATTERNS["text"]
    shape = pattern.split("{title}")
    return title.join(_filled(part, digest) for part in shape)


def _filled(shape: str, digest: bytes) -> str:
    letters = {"#": digits, "?": ascii_uppercase}
    return "".join(
        letters[mark][byte % len(letters[mark])] if mark in letters else mark
        for mark, byte in zip(shape, digest, strict=False)
    )


def check_sample(rows: Sequence[Mapping[str, Any]], fields: Iterable[Mapping[str, Any]], *, is_simulated: bool) -> None:
    """Refuse rows that are not declared as simulated, are empty, or have fields that the resource has not.

    Raises:
        SampleRefused: one of that.

    Source:
        SEP-04; raw data never leaves the domain (EGR-02).
    """
    known = {str(field["name"]) for field in fields}
    unknown = sorted({str(name) for row in rows for name in row} - known)
    if not is_simulated:
        words, pointer = "须声明所传记录为仿真数据、不含任何真实记录", "/is_simulated"
    elif not rows:
        words, pointer = "至少提供一条仿真记录", "/rows"
    elif unknown:
        words, pointer = f"含有目录中没有的字段：{'、'.join(unknown)}", "/rows"
    else:
        return
    raise SampleRefused(
        f"{words}（SEP-04）：原始数据不得出域（EGR-02）", detail_en="Send simulated rows with its own fields",
        rule="SEP-04", errors=[{"pointer": pointer, "code": SampleRefused.code, "message": words}],
    )  # fmt: skip


def changed_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names whose values differ, in order of the alphabet: what the history of a resource shows."""
    return sorted(name for name, value in after.items() if before.get(name) != value)
