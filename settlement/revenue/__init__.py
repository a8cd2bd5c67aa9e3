"""Revenue: what of a paid order was earned by the end of a period, its tax, and the shadow price of free use."""
