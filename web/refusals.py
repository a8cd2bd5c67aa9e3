"""Every code with which the site refuses, on a page: where the ``type`` of a problem document leads (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, render_template, request

from kernel.errors import DomainError
from kernel.http import public
from kernel.wording import reads_english
from web.problems import PageNotFound

PACKAGES = ("kernel", "registry", "pricing", "market", "settlement", "web")
QUERY_LENGTH_MAX = 100

blueprint = Blueprint("refusals", __name__)


@dataclass(frozen=True, order=True)
class Refusal:
    """One code: its HTTP status, its headings, what it means, whether to try again, and the file that declares it."""

    code: str
    status: int
    title_zh: str
    title_en: str
    meaning: str
    is_retryable: bool
    place: str

    @property
    def area(self) -> str:
        """What the code is about: its first part."""
        return self.code.partition(".")[0]

    @property
    def title(self) -> str:
        """The heading in the reader's language."""
        return self.title_en if reads_english() else self.title_zh

    def is_about(self, query: str) -> bool:
        """Say whether somebody who looks for ``query`` may mean this code."""
        return query.casefold() in " ".join((self.code, self.title_zh, self.title_en, self.meaning)).casefold()


def kinds(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """Yield every refusal that the loaded modules declare, the general one first."""
    if kind is DomainError:
        yield kind
    for below in kind.__subclasses__():
        if below.__module__.split(".")[0] in PACKAGES:
            yield below
            yield from kinds(below)


def refusal(kind: type[DomainError]) -> Refusal:
    """Return what the code says about one refusal; its meaning is the first sentence of its docstring."""
    meaning = (kind.__doc__ or "").strip().partition("\n")[0].partition(". ")[0].rstrip(".").replace("|", "/")
    place = kind.__module__.replace(".", "/") + ".py"
    return Refusal(kind.code, kind.status, str(kind.title), str(kind.title_en), meaning, kind.retryable, place)


@blueprint.get("/problems")
@public
def browse() -> str:
    """Show every code, or those that somebody looks for."""
    query = request.args.get("q", "").strip()[:QUERY_LENGTH_MAX]
    found = sorted(one for one in map(refusal, kinds()) if one.is_about(query))
    areas = [(area, list(held)) for area, held in groupby(found, key=lambda one: one.area)]
    return render_template("refusals.html", areas=areas, found=found, query=query)


@blueprint.get("/problems/<code>")
@public
def show(code: str) -> str:
    """Show one code: what it means, and what to do."""
    found = next((refusal(kind) for kind in kinds() if kind.code == code), None)
    if found is None:
        raise PageNotFound("没有这个错误码；全部错误码见 /problems", detail_en="No such code; /problems lists all.")
    related = sorted(one for one in map(refusal, kinds()) if one.area == found.area and one.code != code)
    return render_template("refusal.html", found=found, related=related)
