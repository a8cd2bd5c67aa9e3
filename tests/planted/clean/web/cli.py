"""The terminal may print, and measure how long something took."""

import time


def show(folder):
    started = time.monotonic()
    print(folder / f"report-{started}.txt")
