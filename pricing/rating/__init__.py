"""The arithmetic of charging: tariff models and what a quantity costs under them."""
