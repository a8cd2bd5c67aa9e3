"""The condition for sale that pricing adds: a published price that may be charged."""
