"""Offers, prices and rights windows at the console."""
