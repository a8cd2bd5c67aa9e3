"""Taxes: which rate of VAT the price of an order contains."""
