"""A local stand-in for Stripe: its API, its hosted pages, and its signed webhooks.

Any Stripe SDK can talk to it. It runs as its own process with its own data file. Start reading at
`app.py`; `README.md` describes what it supports.
"""
