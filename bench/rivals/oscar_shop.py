"""Orders in django-oscar: run by ``bench/rival.py`` with a Python that has django-oscar, never imported by ours.

Each order is placed as oscar's checkout does: the filled basket is read, priced and checked, an order with its line,
prices and payment source is written, stock is allocated, the basket is closed; all in one transaction. The baskets are
filled beforehand, as our quotes are made beforehand.

Usage: ``python oscar_shop.py HOST DATABASE SECONDS ROUNDS``; each line read from stdin starts a round.
"""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

import sys
import time
from decimal import Decimal

import django
from django.conf import settings

HOST, DATABASE = sys.argv[1:3]
SECONDS, ROUNDS = int(sys.argv[3]), int(sys.argv[4])
BASKETS_A_SECOND = 150


def configure() -> None:
    """Set oscar up with its own defaults on the given PostgreSQL."""
    from oscar import INSTALLED_APPS
    from oscar import defaults as oscar

    plain = {name: getattr(oscar, name) for name in dir(oscar) if name.startswith("OSCAR_")}
    apps = [
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.sites",
        "django.contrib.messages", "django.contrib.flatpages",
    ]  # fmt: skip
    settings.configure(
        **plain, SECRET_KEY="bench", SITE_ID=1, USE_TZ=True, ROOT_URLCONF=__name__,  # noqa: S106 — a shop for one run
        INSTALLED_APPS=[*apps, *(app for app in INSTALLED_APPS if app not in apps)], LOGGING_CONFIG=None,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": HOST, "NAME": DATABASE,
                               "USER": "postgres", "CONN_MAX_AGE": None}},
    )  # fmt: skip
    settings.OSCAR_INITIAL_ORDER_STATUS = "Pending"
    settings.OSCAR_INITIAL_LINE_STATUS = "Pending"
    settings.OSCAR_DEFAULT_CURRENCY = "CNY"
    django.setup()


urlpatterns: list[object] = []


def main() -> None:
    """Fill the baskets, then place orders for some seconds each time when asked, and say how many."""
    configure()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import transaction
    from oscar.apps.basket.models import Basket
    from oscar.apps.catalogue.models import Product, ProductClass
    from oscar.apps.checkout.calculators import OrderTotalCalculator
    from oscar.apps.order.utils import OrderCreator, OrderNumberGenerator
    from oscar.apps.partner.models import Partner, StockRecord
    from oscar.apps.partner.strategy import Selector
    from oscar.apps.payment.models import Source, SourceType
    from oscar.apps.shipping.methods import NoShippingRequired

    call_command("migrate", verbosity=0)
    kind = ProductClass.objects.create(name="Data", requires_shipping=False, track_stock=True)
    product = Product.objects.create(title="Record", product_class=kind)
    partner = Partner.objects.create(name="Merchant")
    StockRecord.objects.create(product=product, partner=partner, partner_sku="1", price_currency="CNY",
                               price=Decimal("0.80"), num_in_stock=2_000_000_000)  # fmt: skip
    buyer = get_user_model().objects.create_user("buyer", "buyer@example.org")
    source_type = SourceType.objects.create(name="Invoice")
    strategy = Selector().strategy(user=buyer)

    def fill() -> int:
        basket = Basket.objects.create(owner=buyer, status=Basket.FROZEN)
        basket.strategy = strategy
        basket.status = Basket.OPEN
        basket.add_product(product, 1000)
        basket.save()
        return int(basket.pk)

    baskets = [fill() for _ in range(BASKETS_A_SECOND * SECONDS * (ROUNDS + 1))]

    def place(basket_id: int) -> None:
        with transaction.atomic():
            basket = Basket.objects.get(pk=basket_id)
            basket.strategy = strategy
            assert all(line.purchase_info.availability.is_available_to_buy for line in basket.all_lines())
            method = NoShippingRequired()
            charge = method.calculate(basket)
            total = OrderTotalCalculator().calculate(basket, charge)
            order = OrderCreator().place_order(
                basket, total, method, charge, user=buyer, order_number=OrderNumberGenerator().order_number(basket)
            )
            Source.objects.create(source_type=source_type, order=order, currency="CNY", amount_allocated=total.incl_tax)
            basket.submit()

    for _ in range(20):
        place(baskets.pop())
    print("ready", flush=True)
    for _line in sys.stdin:
        count, until = 0, time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            place(baskets.pop())
            count += 1
        print(count / SECONDS, flush=True)


if __name__ == "__main__":
    main()
