"""Refusals: every expected "no" is a DomainError with a stable code, an HTTP status and words that say what to do."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal that is part of the work, never a bug.

    Subclasses stand beside the function that raises them and set ``code`` (dotted, lower case, stable for ever)
    and, when the general heading is not good enough, ``title`` and ``title_en``.

    Args:
        detail: which record, which rule, what to do; Chinese.
        detail_en: the same in English, where somebody wrote it.
        errors: one mapping per wrong field: ``pointer`` (JSON pointer), ``code``, ``message`` and whatever
            helps a program, such as ``limit``.
        rule: id of the rule that was broken, such as ``PRC-05``.
        article: act and article of that rule.
        headers: HTTP headers that belong to the answer, such as ``Retry-After``.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "不能办理"
    title_en: ClassVar[str] = "Refused"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str = "",
        *,
        detail_en: str | None = None,
        errors: Iterable[Mapping[str, Any]] = (),
        rule: str | None = None,
        article: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.detail_en = detail_en
        self.errors: list[dict[str, Any]] = [dict(error) for error in errors]
        self.rule = rule
        self.article = article
        self.headers: dict[str, str] = dict(headers or {})
        # what must be written although the refused work is rolled back; the edge runs it in a transaction of its own
        self.leaves_behind: Callable[[Any], None] | None = None

    def __str__(self) -> str:
        return self.detail


class Malformed(DomainError):
    """The request cannot be read at all."""

    code = "request.malformed"
    status = 400
    title = "请求无法读取"
    title_en = "The request cannot be read"


class Unauthenticated(DomainError):
    """We do not know who is asking."""

    code = "auth.unauthenticated"
    status = 401
    title = "请先登录"
    title_en = "Sign in first"


class NotAllowed(DomainError):
    """We know who is asking, and this person may not."""

    code = "auth.forbidden"
    status = 403
    title = "没有权限"
    title_en = "Not allowed"


class NotFound(DomainError):
    """There is no such record, or none that the actor may know of."""

    code = "not_found"
    status = 404
    title = "没有找到"
    title_en = "Not found"


class Conflict(DomainError):
    """Readable and permitted, but not in the present state."""

    code = "conflict"
    status = 409
    title = "与当前状态冲突"
    title_en = "Conflicts with the present state"


class PreconditionFailed(DomainError):
    """Somebody changed the record after it was read."""

    code = "version.mismatch"
    status = 412
    title = "记录已被他人修改，请刷新后重试"
    title_en = "The record has changed since it was read"


class Invalid(DomainError):
    """Readable, but the content is not acceptable."""

    code = "validation"
    status = 422
    title = "内容不符合要求"
    title_en = "The content is not acceptable"


class PreconditionRequired(DomainError):
    """A change without saying which version it changes."""

    code = "version.required"
    status = 428
    title = "缺少版本号（If-Match）"
    title_en = "If-Match is required"


class TooMany(DomainError):
    """Too often in too short a time."""

    code = "rate_limited"
    status = 429
    title = "请求过于频繁，请稍后再试"
    title_en = "Too many requests"
    retryable = True
