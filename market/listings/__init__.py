"""The catalogue: what is offered, at what price, and who may see it."""
