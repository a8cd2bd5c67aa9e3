"""价格依据: what a quoted price rests on."""
