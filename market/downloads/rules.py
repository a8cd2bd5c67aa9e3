"""Which bytes a download may have. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from kernel.errors import DomainError, NotFound

RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)


class NoSuchLink(NotFound):
    """There is no such link, or it was made for somebody else."""

    code = "download.not_found"


class LinkSpent(DomainError):
    """The link was used, or its time is over."""

    code = "download.link_spent"
    status = HTTPStatus.GONE.value
    title = "下载链接已失效"
    title_en = "The link is spent"


class RangeUnsatisfiable(DomainError):
    """The bytes asked for are not in the file."""

    code = "download.range"
    status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE.value
    title = "请求的字节范围无效"
    title_en = "The range cannot be satisfied"


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a file, from the first to the last, both given."""

    first: int
    last: int
    is_part: bool  # the caller asked for a range and gets 206

    @property
    def size(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1


def wanted(header: str | None, size: int) -> Span:
    """Return the bytes that a ``Range`` header asks for: all of them without one, or for what is not one byte range.

    Raises:
        RangeUnsatisfiable: it begins behind the end of the file, or asks for nothing.
    """
    matched = RANGE.fullmatch((header or "").strip())
    if matched is None or matched[0] == "bytes=-":
        return Span(0, size - 1, is_part=False)
    first, last = matched[1], matched[2]
    if not first:  # the last so many bytes
        asked = min(int(last), size)
        if asked:
            return Span(size - asked, size - 1, is_part=True)
    elif int(first) < size and (not last or int(last) >= int(first)):
        return Span(int(first), min(int(last), size - 1) if last else size - 1, is_part=True)
    raise RangeUnsatisfiable(
        f"文件共 {size} 字节，没有所请求的范围 {matched[0]}", detail_en=f"The file has {size} bytes",
        headers={"Content-Range": f"bytes */{size}"},
    )  # fmt: skip
