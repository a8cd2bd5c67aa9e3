"""The public catalogue and the page of one product."""
