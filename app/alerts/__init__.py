"""Saved searches: an email a week to whoever asked for it, when films came that match."""
