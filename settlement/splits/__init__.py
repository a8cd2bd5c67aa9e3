"""Share schedules, the waterfall that divides revenue, and who is paid."""
