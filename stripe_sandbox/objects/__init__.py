"""Stripe's objects: how each is made, how it changes, and which events that causes."""
