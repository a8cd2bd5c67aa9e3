"""The journal: double entry in whole fen, append-only, one entry per cause."""
