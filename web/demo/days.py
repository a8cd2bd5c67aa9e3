"""The days of the story. It begins in November 2025 with who may act, and ends with the half-yearly report of July.

They are working days throughout; nothing is told in the holidays.
"""

from datetime import date

REGISTERED = date(2025, 11, 3)
ADMITTED = date(2025, 11, 5)
PLAN = date(2025, 11, 6)
PLAN_PRELIMINARY = date(2025, 11, 11)
PLAN_EXPERT = date(2025, 11, 14)
PLAN_GOVERNMENT = date(2025, 11, 19)
PLAN_FILED = date(2025, 11, 21)
CALL = date(2025, 11, 24)
APPLIED = date(2025, 11, 28)
CALL_CLOSES = date(2025, 12, 5)
CALL_CLOSED = date(2025, 12, 8)
SELECTED = date(2025, 12, 10)
RESULT = date(2025, 12, 12)
SECURITY = date(2025, 12, 15)
TRAINED = date(2025, 12, 17)
SECURITY_PASSED = date(2025, 12, 19)
AUTHORISATION = date(2026, 1, 5)
REQUEST = date(2026, 1, 6)
OPINIONS = date(2026, 1, 7)
RETRAINED = date(2026, 1, 8)
DRILL = date(2026, 1, 9)
TICKET_ANSWERED = date(2026, 1, 13)
SILENCE_OVER = date(2026, 1, 15)  # Guangzhou: checked on 7 January, five working days until the 14th
PRODUCT = date(2026, 1, 16)
FIRST_STAGE = date(2026, 1, 19)
SECOND_STAGE = date(2026, 1, 20)
REGISTRATION = date(2026, 1, 21)
ACCEPTANCE = date(2026, 1, 22)
FORMAL_REVIEW = date(2026, 1, 26)
OBJECTION = date(2026, 1, 29)
OBJECTION_DECIDED = date(2026, 2, 4)
CODE = date(2026, 2, 10)  # the notice of ten working days ends on the 9th
COST_SURVEY = date(2026, 2, 11)
CAPS = date(2026, 2, 12)
PRICES = date(2026, 2, 13)
PRICES_FROM = date(2026, 2, 24)  # the first working day after the Spring Festival
LISTING = date(2026, 2, 24)
ORDER = date(2026, 2, 25)  # who shares in what is signed the day before: a schedule divides the orders placed after it
PAYMENT = date(2026, 2, 26)
MONTH = "2026-03"
FIRST_MONTH = "2026-02"  # the first one with entries: buyers paid in February
FIRST_SETTLED = date(2026, 3, 4)
FIRST_CLOSED = date(2026, 3, 6)
MONTH_ENDS = date(2026, 3, 31)
NEXT_MONTH = "2026-04"
CALLS = (date(2026, 3, 3), date(2026, 3, 17), date(2026, 3, 30))
USAGE_FILE = date(2026, 4, 1)
SETTLEMENT = date(2026, 4, 2)
SEALING = date(2026, 4, 3)
CHARGES = date(2026, 4, 7)  # more than a day after the accounts were confirmed
MISUSE = date(2026, 4, 8)
MARKET_ORDER = date(2026, 4, 9)
PAID_OUT_BY = MARKET_ORDER
BANK_FILE = date(2026, 4, 10)
MISUSE_HEARD = date(2026, 4, 13)
DOWNLOADS = date(2026, 4, 14)
MISUSE_DECIDED = date(2026, 4, 15)
RECEIPTS = date(2026, 4, 16)
HEARING_UNTIL = date(2026, 4, 17)
COMPLAINT = date(2026, 4, 20)
INVOICES = date(2026, 4, 21)
COMPLAINT_DECIDED = date(2026, 4, 22)
REFUND = date(2026, 4, 23)
STATEMENTS = date(2026, 5, 7)  # the first working day after the holidays is the 6th
NEXT_SEALING = date(2026, 5, 8)
NEXT_PAID = date(2026, 5, 11)
RENEWAL = date(2026, 6, 15)
HALF_YEAR = date(2026, 7, 2)  # the first half of 2026 is over
END = HALF_YEAR
ANCHORED = (SEALING, DOWNLOADS, NEXT_SEALING, HALF_YEAR)  # when what was sealed is anchored on the public page
