"""The registration code: division, year, serial and a check character, so that a mistyped one is recognised. Pure."""

from __future__ import annotations

import re
import unicodedata

from stdnum.iso7064 import mod_37_36

from kernel.errors import Invalid, NotFound

CODE = re.compile(r"([0-9]{6})([0-9]{4})([0-9]{6})([0-9A-Z])")
SEPARATORS = re.compile(r"[\s\-‐‑‒–—−·.]+")


class CodeMistyped(NotFound):
    """The check character does not fit: the code was mistyped or made up."""

    code = "certificate.mistyped"
    title = "登记编码校验不符"
    title_en = "The registration code fails its check"


def registration_code(division: str, year: int, serial: int) -> str:
    """Return a registration code: division, year, serial and an ISO 7064 mod 37,36 check character.

    Args:
        division: six digits of the administrative division (行政区划代码).
        year: of the code.
        serial: within division and year, from 1.

    Raises:
        Invalid: the parts do not make a code.
    """
    body = f"{division}{year:04d}{serial:06d}"
    code = body + str(mod_37_36.calc_check_digit(body))
    if CODE.fullmatch(code) is None:
        raise Invalid(f"不能由 {division}、{year}、{serial} 生成登记编码，请核对行政区划代码", rule="REG-03")
    return spelled(code)


def spelled(compact: str) -> str:
    """Return the printed spelling of a code: ``330624-2026-000001-K``."""
    return "-".join(CODE.sub(r"\1 \2 \3 \4", compact).split())


def read_code(text: str) -> str:
    """Return the printed spelling of a code as somebody typed it: any case, spaces, hyphens, full-width letters.

    Raises:
        CodeMistyped: it is no code, or its check character does not fit.
    """
    compact = SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if CODE.fullmatch(compact) is None or not mod_37_36.is_valid(compact):
        raise CodeMistyped(
            f"“{text.strip()}”不是有效的登记编码：校验位不符，可能抄写有误或系伪造。"
            "请核对证书上的编码（行政区划 6 位-年份 4 位-序号 6 位-校验 1 位），或扫描证书上的二维码",
            detail_en="This is no valid registration code: its check character does not fit. Check the spelling",
            rule="REG-03",
        )
    return spelled(compact)
