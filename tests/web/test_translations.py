"""Every word that a page shows exists in both languages: the source is Chinese, the catalogue gives the English."""

from __future__ import annotations

import gettext
import re
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment

from pricing.costs.rules import CHARGE_UNIT_TITLES
from pricing.exemptions.rules import PURPOSE_TITLES
from pricing.tariffs.queries import REGIME_TITLES
from registry.accounts.rules import ROLE_TITLES
from registry.agreements.rules import GROUND_TITLES
from registry.parties.rules import CAPACITY_TITLES, KIND_TITLES
from registry.registrations.rules import MATERIAL_TITLES
from registry.reviews.rules import CHECK_TITLES
from settlement.earnings.rules import PARK_TITLES
from settlement.statements.sheets import PAYEES, REASONS

ROOT = Path(__file__).parents[2]
ENGLISH = ROOT / "web/translations/en/LC_MESSAGES/messages.po"
COMPILED = ENGLISH.with_suffix(".mo")
HAN = re.compile(r"[\u3400-\u9fff]")
# a moment or an amount as the program keeps it, instead of the filters of dates and the macros of money
RAW = re.compile(r"\.isoformat\(|\.strftime\(|\{\{(?:(?!\}\}).)*\.fen\b")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
TRANSLATORS = ("_", "gettext", "ngettext", "lazy_gettext", "pgettext")
# the name of a language is written in that language; the style guide's samples are nobody's words
OWN_WORDS = ("中文",)
SAMPLES = ("styleguide.html",)
TEMPLATES = sorted(path for path in ROOT.glob("*/templates/**/*.html") if path.name not in SAMPLES)


@cache
def words_in_the_code() -> dict[str, str]:
    """Return every word that asks to be translated, with the place where it stands first."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {**DEFAULT_KEYWORDS, **parse_keywords(["lazy_gettext"])}
    found: dict[str, str] = {}
    for filename, line, message, _comments, _context in extract_from_dir(ROOT, methods, options, keywords):
        found.setdefault(message if isinstance(message, str) else message[0], f"{filename}:{line}")
    return found


@cache
def english() -> Catalog:
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def translated() -> list[Message]:
    return [message for message in english() if message.id and message.string]


def test_every_word_has_an_english_translation() -> None:
    missing = [
        f"{place}  {word}"
        for word, place in words_in_the_code().items()
        if (message := english().get(word)) is None or not message.string or message.fuzzy
    ]
    assert not missing, "no English in web/translations (or only a fuzzy one):\n" + "\n".join(missing)


def test_the_catalogue_holds_no_word_that_nobody_says() -> None:
    spoken = words_in_the_code()
    silent = [
        str(message.id)
        for message in translated()
        if (message.id if isinstance(message.id, str) else message.id[0]) not in spoken
    ]
    assert not silent, "remove these from the catalogue:\n" + "\n".join(silent)


def test_a_translation_keeps_the_values_of_its_source() -> None:
    changed = [
        str(message.id)
        for message in translated()
        if isinstance(message.id, str)
        and sorted(PLACEHOLDER.findall(message.id)) != sorted(PLACEHOLDER.findall(str(message.string)))
    ]
    assert not changed


def test_words_that_lower_floors_say_and_pages_translate_are_in_the_catalogue() -> None:
    tables = (
        CAPACITY_TITLES, KIND_TITLES, GROUND_TITLES, CHECK_TITLES, MATERIAL_TITLES, ROLE_TITLES,
        REGIME_TITLES, CHARGE_UNIT_TITLES, PURPOSE_TITLES, PARK_TITLES, PAYEES, REASONS,
    )  # fmt: skip
    missing = {
        title for table in tables for title in table.values() if not getattr(english().get(title), "string", None)
    }
    assert not missing, "mark these in web/spoken.py and translate them"


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    fresh = BytesIO()
    write_mo(fresh, english())
    fresh.seek(0)
    with COMPILED.open("rb") as file:
        assert _words(gettext.GNUTranslations(file)) == _words(gettext.GNUTranslations(fresh)), (
            "run: pybabel compile -d web/translations"
        )


def _words(translations: gettext.GNUTranslations) -> dict[object, str]:
    catalogue: dict[object, str] = vars(translations)["_catalog"]
    return {word: text for word, text in catalogue.items() if word != ""}  # the empty word is the header


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_says_nothing_untranslated(path: Path) -> None:
    assert _untranslated(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_writes_moments_and_money_by_the_filters_and_macros(path: Path) -> None:
    assert RAW.findall(path.read_text(encoding="utf-8")) == []


def test_the_check_of_moments_and_money_finds_raw_ones() -> None:
    raw = '{{ at.isoformat() }} {{ at.strftime("%Y") }} {{ total.fen }} {{ "{:,}".format(total.fen) }}'
    assert len(RAW.findall(raw)) == 4
    assert RAW.findall("{{ money(total) }} {% set width = total.fen // 2 %} {{ at | datetimeformat }}") == []


def test_the_template_check_finds_bare_words() -> None:
    assert _untranslated('<p>金额</p>{{ field("x", "单价") }}{{ _("数量") }}{# 说明 #}') == [
        "1: <p>金额</p>",
        '1: "单价"',
    ]


def _untranslated(source: str) -> list[str]:
    """Return the Chinese that stands outside ``_("…")``: as bare text, or as an argument."""
    found, before = [], ["", ""]
    for line, kind, text in Environment().lex(source):
        shown = text
        for word in OWN_WORDS:
            shown = shown.replace(word, "")
        said = before[-1] == "(" and before[-2] in TRANSLATORS
        if HAN.search(shown) and kind in ("data", "string") and not said:
            found.append(f"{line}: {text.strip()}")
        if kind != "whitespace":
            before.append(text)
    return found
