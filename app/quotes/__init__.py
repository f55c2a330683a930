"""Quotes: a cart with prices that hold until a day, and orders made of them."""
