"""Strict marshmallow fields: money, prices and fractions travel as text, never as JSON numbers."""

from __future__ import annotations

import base64
import re
import unicodedata
from decimal import Decimal
from typing import Any

import marshmallow as ma

from kernel.calendar import YEARS
from kernel.errors import DomainError
from kernel.money import Money, UnitPrice
from kernel.wording import Phrase

MONEY_PATTERN = r"^[0-9]{1,13}(\.[0-9]{1,2})?$"
SIGNED_MONEY_PATTERN = r"^-?[0-9]{1,15}\.[0-9]{2}$"
UNIT_PRICE_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,8})?$"
RATE_PATTERN = r"^[0-9]{1,6}(\.[0-9]{1,9})?$"
TEXT_LENGTH_MAX = 10_000
BASE64_LENGTH_MAX = 14 * 1024 * 1024  # 10 MiB in base64


class _Decimal(ma.fields.Field):
    """A decimal as text; the pattern is published in the OpenAPI document."""

    pattern = ""
    words = Phrase("须为字符串形式的十进制数", "Send a decimal number as text", "type")

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"type": "string", "format": "decimal", "pattern": self.pattern, **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def text_of(self, value: Any) -> str:
        """Return the text, refusing JSON numbers and whatever the pattern does not admit."""
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value, flags=re.ASCII):
            raise ma.ValidationError(
                Phrase(f'{self.words.zh}，例如 "12.30"', f'{self.words.en}, such as "12.30".', self.words.code)
            )
        return value


class MoneyField(_Decimal):
    """Money in yuan with at most two decimals, as text; read into :class:`Money`."""

    pattern = MONEY_PATTERN
    words = Phrase("金额须为字符串，最多两位小数、十三位整数", "Send money as text with at most two decimals", "type")

    def _serialize(self, value: Money | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.text()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        try:
            return Money.yuan(self.text_of(value))
        except DomainError as error:
            raise ma.ValidationError(str(error)) from error


class AmountField(MoneyField):
    """Money that somebody sends, and that is more than nothing."""

    default_error_messages = {  # noqa: RUF012
        "nothing": Phrase("金额须大于 0.00", "The amount must be more than 0.00.", "nothing")
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        amount = super()._deserialize(value, attr, data, **kwargs)
        if not amount:
            raise self.make_error("nothing")
        return amount


class SignedMoneyField(MoneyField):
    """Money that is only ever shown, and may be negative."""

    pattern = SIGNED_MONEY_PATTERN


class UnitPriceField(_Decimal):
    """A price per unit with at most eight decimals, as text."""

    pattern = UNIT_PRICE_PATTERN
    words = Phrase("单价须为字符串，最多八位小数", "Send a unit price as text with at most eight decimals", "type")

    def _serialize(self, value: UnitPrice | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.text()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> UnitPrice:
        try:
            return UnitPrice.yuan(self.text_of(value))
        except DomainError as error:
            raise ma.ValidationError(str(error)) from error


class RateField(_Decimal):
    """A fraction as text (``"0.06"`` is 6 %), at most nine decimals."""

    pattern = RATE_PATTERN
    words = Phrase("比率须为字符串，最多九位小数", "Send a rate as text with at most nine decimals", "type")

    def _serialize(self, value: Decimal | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format(value, "f")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        return Decimal(self.text_of(value))


class FileContentField(ma.fields.String):
    """The bytes of a file as base64 text; the evidence store has the last word on their size."""

    default_error_messages = {"base64": Phrase("不是有效的 base64 编码", "Not base64.", "base64")}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=ma.validate.Length(max=BASE64_LENGTH_MAX), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as error:  # binascii.Error, or a character outside ASCII
            raise self.make_error("base64") from error


class MomentField(ma.fields.AwareDateTime):
    """A moment with its zone, far enough from the ends of time for every zone."""

    default_error_messages = {  # noqa: RUF012
        "years": Phrase(f"年份须在 {YEARS[0]} 至 {YEARS[1]} 之间", "The year is out of range.", "years")
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        moment = super()._deserialize(value, attr, data, **kwargs)
        if not YEARS[0] <= moment.year <= YEARS[1]:
            raise self.make_error("years")
        return moment


class TextField(ma.fields.String):
    """Text in NFC without control, bidirectional, zero-width or unassigned characters; stripped.

    Line breaks and tabs are admitted; length is counted after stripping.
    """

    def __init__(self, *, min_length: int = 1, max_length: int = TEXT_LENGTH_MAX, **kwargs: Any) -> None:
        super().__init__(validate=ma.validate.Length(min=min_length, max=max_length), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = unicodedata.normalize("NFC", super()._deserialize(value, attr, data, **kwargs)).strip()
        for character in text:
            if character not in "\n\r\t" and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
                name = f"U+{ord(character):04X}"
                words = Phrase(
                    f"含有不可见或未定义的字符 {name}，请删除后重试", f"Holds the character {name}.", "character"
                )
                raise ma.ValidationError(words)
        return text


class Schema(ma.Schema):
    """Refuses unknown fields; the base of every ``XIn``."""

    class Meta:
        """Settings of marshmallow."""

        unknown = ma.RAISE


class EntityOut(ma.Schema):
    """Identity and version of a row; the base of every ``XOut`` of an entity."""

    id = ma.fields.UUID()
    version = ma.fields.Integer()
