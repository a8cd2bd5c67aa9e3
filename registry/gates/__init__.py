"""The gates to a sale: everything that must hold before a product may be listed, read anew at every moment."""
