"""Paying what sealed statements say: batches that three people make, check and send, and what became of each line."""
