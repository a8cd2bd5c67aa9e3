"""The days of the story. It begins on the first working Monday of 2026 and ends after the settlement of March."""

from datetime import date

AUTHORISATION = date(2026, 1, 5)
REQUEST = date(2026, 1, 6)
OPINIONS = date(2026, 1, 7)
SILENCE_OVER = date(2026, 1, 15)  # Guangzhou: checked on 7 January, five working days until the 14th
PRODUCT = date(2026, 1, 16)
FIRST_STAGE = date(2026, 1, 19)
SECOND_STAGE = date(2026, 1, 20)
REGISTRATION = date(2026, 1, 21)
ACCEPTANCE = date(2026, 1, 22)
FORMAL_REVIEW = date(2026, 1, 26)
CODE = date(2026, 2, 10)  # the notice of ten working days ends on the 9th
COST_SURVEY = date(2026, 2, 11)
CAPS = date(2026, 2, 12)
PRICES = date(2026, 2, 13)
PRICES_FROM = date(2026, 2, 24)  # the first working day after the Spring Festival
LISTING = date(2026, 2, 24)
ORDER = date(2026, 2, 25)  # who shares in what is signed the day before: a schedule divides the orders placed after it
PAYMENT = date(2026, 2, 26)
MONTH = "2026-03"
CALLS = (date(2026, 3, 3), date(2026, 3, 17), date(2026, 3, 30))
USAGE_FILE = date(2026, 4, 1)
SETTLEMENT = date(2026, 4, 2)
SEALING = date(2026, 4, 3)
