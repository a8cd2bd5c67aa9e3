"""Invoices (发票): what the buyer asks for, what the tax system issued, and red letters that take it back."""
