"""Share schedules, contribution weights, and the waterfall that divides revenue."""

# Every coalition is visited: 2^16 is a second, each further player doubles it.
PLAYERS_MAX = 16
