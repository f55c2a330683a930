"""Stripe's objects: how each is created and changed, and which events follow."""
