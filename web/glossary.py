"""The legal terms of ``glossary.yaml``: explained beside the words of pages, and all together on the glossary page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from flask import Blueprint, g, render_template, request
from flask_babel import get_locale, gettext
from markupsafe import Markup

from kernel.http import public
from kernel.wording import reads_english

FILE = Path(__file__).with_name("glossary.yaml")
QUERY_LENGTH_MAX = 100
BUTTON = Markup('<button type="button" class="term" popovertarget="term-{key}">{words}</button>')
MARK = Markup(
    '<button type="button" class="term-mark" popovertarget="term-{key}" aria-label="{title}"'
    ' aria-describedby="{described_by}">?</button>'
)

blueprint = Blueprint("glossary", __name__)


@dataclass(frozen=True, slots=True)
class Term:
    """One legal term: its names, what it means, where it stands, and the labels of pages that mean it."""

    key: str
    zh: str
    en: str
    says_zh: str
    says_en: str
    article: str
    rules: tuple[str, ...]
    code: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the term is called in the reader's language."""
        return self.en[:1].upper() + self.en[1:] if reads_english() else self.zh

    @property
    def other_name(self) -> str:
        """What it is called in the other language."""
        return self.zh if reads_english() else self.en

    @property
    def says(self) -> str:
        """What it means, in the reader's language."""
        return self.says_en[:1].upper() + self.says_en[1:] if reads_english() else self.says_zh

    @property
    def source(self) -> str:
        """The article with the number of its document in full."""
        short, _, place = self.article.partition(" ")
        return " ".join(part for part in (contents().abbreviations.get(short, short), place) if part)

    def is_about(self, query: str) -> bool:
        """Say whether somebody who looks for ``query`` may mean this term."""
        held = " ".join((self.zh, self.en, self.says_zh, self.says_en, self.source, *self.rules))
        return query.casefold() in held.casefold()


@dataclass(frozen=True, slots=True)
class Section:
    """Terms that belong together."""

    zh: str
    en: str
    terms: tuple[Term, ...]

    @property
    def title(self) -> str:
        """The heading in the reader's language."""
        return self.en if reads_english() else self.zh


@dataclass(frozen=True, slots=True)
class Contents:
    """What the file holds."""

    abbreviations: dict[str, str]
    sections: tuple[Section, ...]


@cache
def contents() -> Contents:
    """Return the glossary, read once."""
    held = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    sections = tuple(
        Section(one["zh"], one["en"], tuple(_term(found) for found in one["terms"])) for one in held["sections"]
    )
    return Contents(held["abbreviations"], sections)


def _term(found: dict[str, Any]) -> Term:
    lists = {name: tuple(found.get(name, ())) for name in ("rules", "code", "labels")}
    return Term(**{"article": "", **found, **lists})


def terms() -> list[Term]:
    """Return every term in the order of the file."""
    return [one for section in contents().sections for one in section.terms]


@cache
def _by_label(_locale: str) -> dict[str, Term]:
    """Return the terms under the labels that pages show in a language, which is that of the request."""
    return {gettext(label): term for term in terms() for label in term.labels}


def term_of(label: object) -> Term | None:
    """Return the term that a label of a page names, and note that the page is to explain it."""
    found = _by_label(str(get_locale())).get(str(label))
    if found is not None:
        waiting: dict[str, Term] = g.setdefault("huiyi_terms", {})
        waiting.setdefault(found.key, found)
    return found


def explained(label: object) -> object:
    """Return a label that opens the explanation of the term it names; any other label as it is."""
    found = term_of(label)
    return label if found is None else BUTTON.format(key=found.key, words=label)


def term_mark(label: object, described_by: str) -> str | Markup:
    """Return the mark beside the label of a control, which must not hold a button itself; empty for no term.

    ``described_by`` is the id of that label.
    """
    found = term_of(label)
    if found is None:
        return ""
    return MARK.format(key=found.key, title=gettext("名词解释"), described_by=described_by)


def terms_to_explain() -> list[Term]:
    """Return the terms that the page has named and not explained yet; each is handed out once."""
    done: set[str] = g.setdefault("huiyi_terms_explained", set())
    due = [term for key, term in g.get("huiyi_terms", {}).items() if key not in done]
    done.update(term.key for term in due)
    return due


@blueprint.get("/glossary")
@public
def browse() -> str:
    """Show every term, or those that somebody looks for; each has an address of its own (``#key``)."""
    query = request.args.get("q", "").strip()[:QUERY_LENGTH_MAX]
    found = [(section, [one for one in section.terms if one.is_about(query)]) for section in contents().sections]
    return render_template("glossary.html", found=[(one, held) for one, held in found if held], query=query)
