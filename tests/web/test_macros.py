"""The macros that every page is made of: what they show, keep, escape and refuse to invent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest
from flask import Flask, render_template, render_template_string
from flask_babel import Babel

from kernel.money import Money, UnitPrice
from web.spoken import spoken

WEB = Path(__file__).parents[2] / "web"
Render = Callable[..., str]


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.fixture
def frame() -> Flask:
    """Return a bare application that knows the templates and nothing else."""
    app = Flask("web", root_path=str(WEB))
    app.config.update(
        BABEL_DEFAULT_LOCALE="zh_Hans_CN", BABEL_DEFAULT_TIMEZONE="Asia/Shanghai", SECRET_KEY="of this test"
    )
    Babel(app)
    app.add_url_rule("/list/<kind>", "list", lambda kind: kind)
    return app


@pytest.fixture
def shown(frame: Flask) -> Render:
    """Return a function that renders one macro call as a page would."""

    def render(source: str, path: str = "/list/a", **context: object) -> str:
        library, _, call = source.partition(": ")
        with frame.test_request_context(path):
            name = call.split("(")[0]
            text = f'{{% from "macros/{library}.html" import {name} %}}{{{{ {call} }}}}'
            frame.jinja_env.autoescape = True
            return render_template_string(text, **context)

    return render


def test_money_is_grouped_and_signed(shown: Render) -> None:
    assert "¥ 1,234.50<" in shown("money: money(amount)", amount=Money.yuan("1234.50"))
    assert "−¥ 3.00<" in shown("money: money(amount)", amount=-Money.yuan("3"))


def test_no_money_is_a_dash_and_zero_is_zero(shown: Render) -> None:
    assert "—" in shown("money: money(amount)", amount=None)
    assert "¥ 0.00<" in shown("money: money(amount)", amount=Money(0))


def test_a_unit_price_below_a_fen_keeps_its_digits(shown: Render) -> None:
    assert "¥ 0.0025<" in shown('money: unit_price(price, "次")', price=UnitPrice.yuan("0.0025"))


def test_a_fraction_is_shown_in_percent(shown: Render) -> None:
    assert "8.23%" in shown("money: percent(rate)", rate=Decimal("0.0823"))


def test_a_refused_field_keeps_what_was_typed_and_says_why(shown: Render) -> None:
    html = shown('forms: field("price", "单价", values, errors)', values={"price": "<1>"}, errors={"price": ["太高"]})
    assert 'value="&lt;1&gt;"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="price-error"' in html
    assert '<p class="field-error" id="price-error"><span>太高</span></p>' in html


def test_a_field_named_like_a_method_of_dict_shows_the_value_only(shown: Render) -> None:
    assert 'value=""' in shown('forms: field("items", "项目", values)', values={})


def test_a_password_is_never_filled_in_again(shown: Render) -> None:
    assert "secret" not in shown('forms: field("word", "密码", values, type="password")', values={"word": "secret"})


def test_a_select_takes_members_of_an_enumeration(shown: Render) -> None:
    html = shown(
        'forms: select("colour", "颜色", options, values)',
        options=[(Colour.RED, "红"), (Colour.BLUE, "蓝")],
        values={"colour": Colour.BLUE},
    )
    assert '<option value="blue" selected>' in html
    assert '<option value="red">' in html


def test_nested_errors_are_shown_in_full(shown: Render) -> None:
    html = shown('forms: field("tiers", "计费档", {}, errors)', errors={"tiers": {0: {"price": ["太高"]}, 1: ["缺少"]}})
    assert "太高" in html
    assert "缺少" in html


def test_an_unknown_state_shows_its_own_word(shown: Render) -> None:
    assert shown('states: badge("strange")') == '<span class="badge-state badge-plain">strange</span>'


def test_an_overdue_step_is_marked(shown: Render) -> None:
    html = shown("timeline: timeline(steps)", steps=[{"title": "初审", "due": date(2026, 7, 8), "overdue": True}])
    assert "step-late" in html
    assert "已逾期" in html


def test_a_moment_is_shown_in_beijing_time(shown: Render) -> None:
    assert ">2026-07-02 00:30<" in shown("page: moment(at)", at=datetime(2026, 7, 1, 16, 30, tzinfo=UTC))


def test_the_pager_keeps_the_filters_and_offers_the_way_back(shown: Render) -> None:
    html = shown('tables: pager("next")', path="/list/a?q=x&tag=1&tag=2&cursor=now")
    assert 'href="/list/a?q=x&amp;tag=1&amp;tag=2&amp;cursor=next"' in html
    assert 'href="/list/a?q=x&amp;tag=1&amp;tag=2"' in html


def test_the_last_of_one_page_has_no_pager(shown: Render) -> None:
    assert shown("tables: pager(none)") == ""


def test_the_parts_of_a_bar_fill_it_exactly(shown: Render) -> None:
    html = shown('charts: share_bar(parts, "分配")', parts=[("a", Money(1)), ("b", Money(1)), ("c", Money(1))])
    assert 'x="0" y="0" width="333"' in html
    assert 'x="666" y="0" width="334"' in html
    assert html.count("33.3%") == 3


def test_the_error_page_needs_no_context(frame: Flask) -> None:
    with frame.test_request_context("/"):
        html = render_template("errors/problem.html")
    assert "无法办理" in html


def test_the_style_guide_shows_every_macro(frame: Flask) -> None:
    with frame.test_request_context("/"):
        html = render_template(
            "styleguide.html", demo_mode=True, demo_values=[{"label": "甲", "value": "1", "source": "乙"}]
        )
    assert html.count("<h1>") == 1
    assert "本页含演示取值" in html


def test_words_of_a_record_may_hold_a_per_cent_sign(frame: Flask) -> None:
    frame.jinja_env.globals["spoken"] = spoken
    with frame.test_request_context("/"):
        source = '{% from "macros/explain.html" import explain %}{{ explain(tree) }}'
        page = render_template_string(source, tree={"label": "加点（最高 6%）", "value": "6%"})
    assert "加点（最高 6%）" in page
