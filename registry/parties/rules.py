"""What an organisation is, what it may act as, and its credit code; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from stdnum.cn import uscc as gb32100

from kernel.errors import Conflict, Invalid

# GB 32100-2015: registering authority, kind of organisation, division code, then organisation code and check character
USCC_FORMAT = re.compile(r"[1-9ANY][1-9][0-9]{6}[0-9ABCDEFGHJKLMNPQRTUWXY]{10}")
NAME_NOISE = re.compile(r"[\s·・‧•._\-‐‑‒–—―−]+")
BRACKETS = str.maketrans("〔［【〈《｛{[<〕］】〉》｝}]>", "(((((((((" + ")))))))))")
SEPARATORS = re.compile(r"[\s\-‐‑‒–—―−·._]+")


def N_(text: str) -> str:
    """Mark a word for the catalogue of translations; whoever shows it translates it."""
    return text


class PartyKind(StrEnum):
    """The legal form of an organisation, as far as the rules distinguish it."""

    ADMINISTRATIVE_UNIT = "administrative_unit"
    PUBLIC_INSTITUTION = "public_institution"
    ENTERPRISE = "enterprise"
    NON_LEGAL_PERSON = "non_legal_person"


class Capacity(StrEnum):
    """What an organisation may act as at a place."""

    DATA_AUTHORITY = "data_authority"
    PRICE_AUTHORITY = "price_authority"
    OPERATING_INSTITUTION = "operating_institution"
    DATA_MERCHANT = "data_merchant"
    SOURCE_DEPARTMENT = "source_department"
    BUYER = "buyer"
    TRADING_VENUE = "trading_venue"
    PLATFORM = "platform"
    MUNICIPAL_DATA_AGENCY = "municipal_data_agency"
    PROVINCIAL_DATA_AUTHORITY = "provincial_data_authority"
    FINANCE_DEPARTMENT = "finance_department"
    EXPERT_PANEL = "expert_panel"
    PEOPLES_GOVERNMENT = "peoples_government"


class Standing(StrEnum):
    """Whether an organisation may act."""

    IN_ORDER = "in_order"
    SUSPENDED = "suspended"
    ENDED = "ended"


class StandingEvent(StrEnum):
    """What happens to the standing of an organisation."""

    SUSPEND = "suspend"
    RESTORE = "restore"
    END = "end"


TRANSITIONS: dict[tuple[Standing, StandingEvent], Standing] = {
    (Standing.IN_ORDER, StandingEvent.SUSPEND): Standing.SUSPENDED,
    (Standing.SUSPENDED, StandingEvent.RESTORE): Standing.IN_ORDER,
    (Standing.IN_ORDER, StandingEvent.END): Standing.ENDED,
    (Standing.SUSPENDED, StandingEvent.END): Standing.ENDED,
}


class LegalForm(StrEnum):
    """Whether an organisation is a legal person (法人组织) or not (非法人组织)."""

    LEGAL_PERSON = "legal_person"
    UNINCORPORATED = "unincorporated"


class CreditKind(StrEnum):
    """What is written into the credit file of an organisation; ``cleared`` ends an earlier record."""

    BAD_RECORD = "bad_record"
    PENALTY = "penalty"
    STATUS_LOST = "status_lost"
    CLEARED = "cleared"


KIND_TITLES = {
    PartyKind.ADMINISTRATIVE_UNIT: N_("行政单位"),
    PartyKind.PUBLIC_INSTITUTION: N_("事业单位"),
    PartyKind.ENTERPRISE: N_("企业"),
    PartyKind.NON_LEGAL_PERSON: N_("非法人组织"),
}
CAPACITY_TITLES = {
    Capacity.DATA_AUTHORITY: N_("公共数据主管部门"),
    Capacity.PRICE_AUTHORITY: N_("发展改革（价格）部门"),
    Capacity.OPERATING_INSTITUTION: N_("运营机构"),
    Capacity.DATA_MERCHANT: N_("数据商"),
    Capacity.SOURCE_DEPARTMENT: N_("数源部门"),
    Capacity.BUYER: N_("购买方"),
    Capacity.TRADING_VENUE: N_("数据交易场所"),
    Capacity.PLATFORM: N_("授权运营平台"),
    Capacity.MUNICIPAL_DATA_AGENCY: N_("市政务大数据管理机构"),
    Capacity.PROVINCIAL_DATA_AUTHORITY: N_("省级数据主管部门"),
    Capacity.FINANCE_DEPARTMENT: N_("财政部门"),
    Capacity.EXPERT_PANEL: N_("专家组"),
    Capacity.PEOPLES_GOVERNMENT: N_("人民政府"),
}
FORM_TITLES = {LegalForm.LEGAL_PERSON: N_("法人组织"), LegalForm.UNINCORPORATED: N_("非法人组织")}
CREDIT_TITLES = {
    CreditKind.BAD_RECORD: N_("不良记录"),
    CreditKind.PENALTY: N_("行政处罚"),
    CreditKind.STATUS_LOST: N_("取消运营资格"),
    CreditKind.CLEARED: N_("信用修复"),
}
STANDING_TITLES = {Standing.IN_ORDER: N_("正常"), Standing.SUSPENDED: N_("暂停"), Standing.ENDED: N_("终止")}


class BadUscc(Invalid):
    """A text that is no unified social credit code."""

    code = "party.bad_uscc"
    title = "统一社会信用代码不正确"
    title_en = "Not a valid unified social credit code"


class WrongStanding(Conflict):
    """The standing of the organisation does not allow this."""

    code = "party.wrong_standing"


class NotInOrder(Conflict):
    """The organisation is suspended or has ended, and may not act."""

    code = "party.not_in_order"
    title = "机构已暂停或终止"
    title_en = "The organisation is not in good standing"


class CreditRecordRefused(Conflict):
    """A credit record cannot be cleared: it is none, is cleared already, or clears another one itself."""

    code = "party.credit_record_refused"
    title = "该信用记录不能修复"
    title_en = "This credit record cannot be cleared"


class DutiesNotSeparated(Invalid):
    """One organisation may not be both operating institution and data merchant there."""

    code = "party.operator_merchant_separation"
    title = "运商分离：不得兼任运营机构和数据商"
    title_en = "Operator and merchant must be separate organisations"


def normalised_uscc(text: str) -> str:
    """Return the unified social credit code (统一社会信用代码) in its one spelling: 18 capitals and digits.

    Full-width characters, lower case, spaces, hyphens and points are admitted; everything else must be right,
    the check character included.

    Raises:
        BadUscc: length, characters or check character are wrong; the words say which.

    Source:
        GB 32100-2015.
    """
    compact = SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if USCC_FORMAT.fullmatch(compact) is None:
        raise _bad(compact, f"“{text.strip()}”不是统一社会信用代码：应为 18 位数字和大写字母（不含 I、O、S、V、Z）")
    expected = gb32100.calc_check_digit(compact[:-1])
    if compact[-1] != expected:
        raise _bad(compact, f"统一社会信用代码 {compact} 的校验位不符（末位应为 {expected}），请核对营业执照或登记证书")
    return compact


def uscc_from_body(body: str) -> str:
    """Return the valid code that starts with these 17 characters (for demonstration data and tests).

    Raises:
        BadUscc: the 17 characters cannot begin a code.
    """
    try:
        check = gb32100.calc_check_digit(body)
    except ValueError as error:
        raise _bad(body, f"“{body}”不能作为统一社会信用代码的前 17 位") from error
    return normalised_uscc(body + str(check))


def name_key(name: str) -> str:
    """Return the one spelling under which two ways of writing a name are the same name.

    Full-width and half-width characters, kinds of brackets, letter case, spaces, points and hyphens make no
    difference; every other character does.
    """
    plain = _plainer(name)
    while (plainer := _plainer(plain)) != plain:  # what stood apart may join into another character
        plain = plainer
    return plain


def _plainer(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name.translate(BRACKETS)).casefold().translate(BRACKETS)
    return unicodedata.normalize("NFKC", NAME_NOISE.sub("", plain))


def legal_form(kind: PartyKind) -> LegalForm:
    """Return the legal form (组织形式) that a kind of organisation has.

    Source:
        27号 第三条（法人组织）；普洱 第三条（法人组织或非法人组织）.
    """
    return LegalForm.UNINCORPORATED if kind is PartyKind.NON_LEGAL_PERSON else LegalForm.LEGAL_PERSON


def check_clearing(kind: CreditKind | None, *, cleared_before: bool) -> None:
    """Refuse to clear what is no open credit record; ``kind`` is None where the organisation has no such record.

    Raises:
        CreditRecordRefused: there is no such record, it clears another one, or it was cleared before.

    Source:
        SEC-05.
    """
    words = ""
    if kind is None:
        words = "该机构没有这条信用记录"
    elif kind is CreditKind.CLEARED:
        words = "信用修复记录本身不能再修复"
    elif cleared_before:
        words = "该信用记录此前已修复"
    if words:
        raise CreditRecordRefused(f"{words}；请核对后重新选择", detail_en="No open credit record.", rule="SEC-05")


def standing_after(standing: Standing, event: StandingEvent) -> Standing:
    """Return the standing after an event.

    Raises:
        WrongStanding: that event cannot happen to an organisation in this standing.
    """
    if (standing, event) not in TRANSITIONS:
        raise WrongStanding(
            f"机构目前为“{STANDING_TITLES[standing]}”，不能办理 {event}；请先核对机构状态",
            detail_en=f"The organisation is {standing}; {event} is not possible.",
            rule="ACC-01",
        )
    return TRANSITIONS[standing, event]


def check_in_order(name: str, standing: Standing) -> None:
    """Refuse an organisation that is not in good standing.

    Raises:
        NotInOrder: it is suspended or has ended.
    """
    if standing is not Standing.IN_ORDER:
        raise NotInOrder(
            f"{name} 目前为“{STANDING_TITLES[standing]}”，不能办理新业务；请先由主管部门恢复其资格",
            detail_en=f"{name} is {standing}.",
            rule="ACC-01",
        )


def check_separation(held: Iterable[Capacity], place_title: str, citation: str) -> None:
    """Refuse a set of capacities at one place that joins operating institution and data merchant.

    Call it only where the policy demands separation (``seller.operator_merchant_separation``).

    Raises:
        DutiesNotSeparated: both capacities are in the set.

    Source:
        广州市公共数据授权运营管理暂行办法（运商分离）, SEP-01.
    """
    if {Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT} <= set(held):
        raise DutiesNotSeparated(
            f"{place_title}实行运商分离（{citation}）：同一单位不得兼任运营机构和数据商，请改由另一单位担任",
            detail_en="Operating institution and data merchant must be two organisations there.",
            rule="SEP-01",
            article=citation,
            errors=[
                {"pointer": "/capacities", "code": DutiesNotSeparated.code, "message": "运营机构与数据商只能选其一"}
            ],
        )


def _bad(text: str, words: str) -> BadUscc:
    return BadUscc(
        words,
        detail_en="The unified social credit code has 18 characters, the last one a check character.",
        errors=[{"pointer": "/uscc", "code": BadUscc.code, "message": words, "value": text}],
    )
