"""Data products: who sells them, their immutable versions, and the resources that each version was made from."""
