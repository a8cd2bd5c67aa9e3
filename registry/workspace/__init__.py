"""The seller's workspace: the own products, how far each has come, and why it may or may not be sold."""
