"""Saved searches: a mail a week to whoever asked for it, when films came that match."""
