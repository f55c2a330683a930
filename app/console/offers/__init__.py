"""Offers, prices, rights windows, and license texts at the console."""
