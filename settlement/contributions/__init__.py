"""How much each party contributed: weights of source departments, and Shapley values."""

# Every coalition is visited: 2^16 takes a second, and each further player doubles it.
PLAYERS_MAX = 16
