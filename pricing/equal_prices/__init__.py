"""Equal price for equal product, unit and class (SEP-03): what deviates on a day, and by which published rule."""
