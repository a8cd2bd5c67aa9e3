"""Classes of buyers with a price or coefficient of their own: the published rule, who belongs to one, since when."""
