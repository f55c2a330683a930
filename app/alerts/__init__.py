"""Saved searches: a weekly email to subscribers when new films match."""
