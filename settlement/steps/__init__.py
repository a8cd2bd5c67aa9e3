"""The steps of a share schedule as data: their kinds, how they are written, read back and never evaluated as text."""

GAME_PLAYERS_MAX = 6  # of a pool by coalition values: 63 numbers, which is what people can agree on and check
BANDS_MAX = 20
