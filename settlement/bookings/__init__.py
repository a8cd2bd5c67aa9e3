"""Booking what a settlement found: revenue and shares become vouchers in two statements, however many there are."""
