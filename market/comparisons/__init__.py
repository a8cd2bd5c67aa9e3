"""Products side by side: what a buyer weighs, with the rows in which they differ."""

COMPARED_MAX = 4
