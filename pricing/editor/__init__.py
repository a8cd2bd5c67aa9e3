"""The price editor: what a price would cost at telling quantities, and what stands against it, before it is fixed."""
