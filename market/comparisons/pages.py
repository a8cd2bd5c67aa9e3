"""Comparisons for people."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import current_actor, policy_book, public, words_of
from kernel.wording import reads_english
from market.comparisons import COMPARED_MAX, queries
from market.comparisons.rules import Aspect

blueprint = Blueprint("comparison_pages", __name__, template_folder="../templates")

ASPECT_WORDS = {
    Aspect.SELLER: _("供方"), Aspect.PLACE: _("地区"), Aspect.DOMAIN: _("领域"), Aspect.SCENARIO: _("登记的应用场景"),
    Aspect.DELIVERY_FORM: _("交付形式"), Aspect.PRICES: _("收费标准"), Aspect.CAPS: _("上限收费标准"),
    Aspect.CERTIFICATE: _("登记证书"), Aspect.DEPARTMENTS: _("数源部门"), Aspect.UPDATE_FREQUENCY: _("更新频率"),
    Aspect.FIELDS: _("数据字段"), Aspect.PERSONAL: _("含个人信息的字段"), Aspect.QUALITY: _("数据质量评分"),
    Aspect.VERSION: _("版本"),
}  # fmt: skip


@blueprint.get("/catalogue/comparison")
@public
def compare() -> Response:
    """Show two to four products side by side; with fewer, ask for more."""
    codes = [code for code in request.args.getlist("code") if code.strip()]
    found, refusal = None, None
    if len(codes) > 1:
        try:
            found = queries.compare(
                db.session(), current_actor(), codes, now=clock.now(), book=policy_book(), english=reads_english()
            )
        except DomainError as error:
            refusal = error
    text = render_template(
        "market/comparisons/comparison.html", found=found, codes=codes, refusal=words_of(refusal), titles=ASPECT_WORDS,
        slots=[codes[place] if place < len(codes) else "" for place in range(COMPARED_MAX)],
        only=request.args.get("only") == "true",
    )  # fmt: skip
    return make_response(text, refusal.status if refusal else 200)
