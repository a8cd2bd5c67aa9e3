"""One glossary: the file, the page, the explanations beside the words of pages, and the document say the same.

``python -m tests.web.test_glossary`` writes the document from the file.
"""

from __future__ import annotations

import re

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_babel import force_locale

from tests.web.test_translations import ROOT, words_in_the_code
from web.glossary import Term, contents, explained, terms

DOCUMENT = ROOT / "docs" / "glossary.md"
HAN = re.compile(r"[\u3400-\u9fff]")
INTRODUCTION = """# Glossary

One name per legal term, in Chinese, in English and in the code; local words for the same thing are labels of the place (`labels` in
`policies/*.yaml`). A term that the code does not use yet is not in this list. Rules such as PRC-02 are the ids that policy files, refusals and tests
carry. 65号 = 发改价格〔2025〕65号, 26号 = 发改数据规〔2025〕26号, 27号 = 发改数据规〔2025〕27号. This page is written from `web/glossary.yaml`
(`python -m tests.web.test_glossary`), which also holds the Chinese explanations that the site shows at `/glossary` and beside its labels.
"""  # noqa: E501  # the document's own lines


def document() -> str:
    """Return the document as the file gives it."""
    lines = [INTRODUCTION]
    for section in contents().sections:
        lines += [
            f"## {section.en}\n",
            "| 中文 | English | in the code | meaning | article, rule |",
            "|---|---|---|---|---|",
        ]
        lines += ["| " + " | ".join(_cells(one)) + " |" for one in section.terms]
        lines.append("")
    return "\n".join(lines)


def _cells(one: Term) -> tuple[str, ...]:
    code = ", ".join(f"`{name}`" for name in one.code)
    return one.zh, one.en, code, one.says_en, " · ".join(part for part in (one.article, ", ".join(one.rules)) if part)


def test_the_document_is_that_of_the_file() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: python -m tests.web.test_glossary"


def test_every_term_is_named_and_explained_in_both_languages_with_its_source() -> None:
    assert len(terms()) > 140
    for one in terms():
        assert HAN.search(one.zh), one.key
        assert HAN.search(one.says_zh), one.key
        assert not HAN.search(one.en + one.says_en), one.key
        assert min(len(one.en), len(one.says_en)) > 0, one.key
        assert one.article or one.rules, f"{one.key} has no source"
        assert re.fullmatch(r"[a-z0-9-]+", one.key)


def test_no_term_and_no_label_is_there_twice() -> None:
    for names in ([one.key for one in terms()], [label for one in terms() for label in one.labels]):
        assert sorted(names) == sorted(set(names))


def test_every_label_that_is_explained_is_a_word_of_some_page() -> None:
    unsaid = [label for one in terms() for label in one.labels if label not in words_in_the_code()]
    assert unsaid == [], "no page says this any more: change labels in web/glossary.yaml"


@pytest.mark.parametrize("locale", ["zh_Hans_CN", "en"])
def test_a_label_opens_its_explanation_which_the_page_holds_once(app: Flask, locale: str) -> None:
    source = (
        '{% from "macros/facts.html" import fact %}{% from "macros/forms.html" import field %}'
        '{{ fact(_("最高准许收入"), "1") }}{{ fact(_("最高准许收入"), "2") }}'
        '{{ field("x", _("税金")) }}{{ fact(_("编号"), "3") }}'
        '{% include "_terms.html" %}{% include "_terms.html" %}'
    )
    with app.test_request_context(), force_locale(locale):
        shown = render_template_string(source)
    assert shown.count('popovertarget="term-maximum-permitted-revenue"') == 2
    assert shown.count('id="term-maximum-permitted-revenue" popover') == 1
    assert shown.count('popovertarget="term-taxes"') == 1
    assert '<label class="form-label" for="x" id="x-label">' in shown
    assert 'aria-describedby="x-label">?</button>' in shown
    assert shown.count("popover ") == 2
    assert "发改价格〔2025〕65号 三（一）" in shown


def test_a_label_is_escaped_and_an_unknown_one_is_left_alone(app: Flask) -> None:
    with app.test_request_context():
        assert explained("<b>") == "<b>"
        assert render_template_string("{{ explained('<b>') }}") == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("query", "found", "absent"),
    [("", "permitted-profit-rate", "nothing"), ("红字", "red-letter-invoice", "buyer"),
     ("PRC-02", "cost-survey", "quote"), ("treasury", "non-tax-revenue-treasury-collection", "cost-survey")],
)  # fmt: skip
def test_the_page_shows_what_somebody_looks_for_at_its_own_address(
    client: FlaskClient, query: str, found: str, absent: str
) -> None:
    for language in ("zh", "en"):
        page = client.get("/glossary", query_string={"q": query}, headers={"Accept-Language": language}).text
        assert f'id="{found}"' in page
        assert f'id="{absent}"' not in page


def test_the_page_says_that_it_found_nothing(client: FlaskClient) -> None:
    page = client.get("/glossary?q=<i>x</i>").text
    assert "没有找到这个名词。" in page
    assert "<i>x</i>" not in page


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
