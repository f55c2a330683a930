"""A local stand-in for Stripe, spoken to by the real SDK: its API, hosted pages and webhooks.

A process and a data file of its own. It imports nothing of the store, and the store imports
nothing of it but `create_sandbox` and `serve`, which only the command line calls. Start reading at
`app.py`; `docs/sandbox.md` says what it can do.
"""
