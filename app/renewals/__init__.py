"""Notices before a license ends, and quotes to renew it."""
