"""The contract of an order: its twelve points, its digest, two signatures; and the pages of the whole trade."""
