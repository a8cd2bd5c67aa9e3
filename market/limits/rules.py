"""How often a buyer may call, and when the next call is admitted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kernel.errors import TooMany


class LimitReached(TooMany):
    """The agreed number of calls in a span of time is used up; the next span begins soon."""

    code = "exchange.rate_limited"
    title = "调用过于频繁"
    title_en = "Too many calls"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in so many seconds, counted from spans that begin at whole multiples."""

    calls: int
    seconds: int

    def start(self, now: datetime) -> int:
        """Return the second in which the span of a moment begins: comparable even after the limit was changed."""
        return int(now.timestamp()) // self.seconds * self.seconds

    def seconds_left(self, now: datetime) -> int:
        """Return the whole seconds until the next span begins, at least one."""
        return self.start(now) + self.seconds - int(now.timestamp())


def reached(limit: Limit, number: str, now: datetime) -> LimitReached:
    """Return the refusal of one call too many, with the seconds after which to come again."""
    wait = limit.seconds_left(now)
    return LimitReached(
        f"使用权 {number} 每 {limit.seconds} 秒最多调用 {limit.calls} 次，"
        f"请在 {wait} 秒后重试（沿用原 Client-Reference）",
        detail_en=f"{number} admits {limit.calls} calls in {limit.seconds} s; come again in {wait} s",
        headers={
            "Retry-After": str(wait), "RateLimit-Limit": str(limit.calls), "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(wait),
        },
    )  # fmt: skip
