"""The demo logins: for trying the store out, never made in production."""

DEMO_PASSWORD = "reelright-demo"  # noqa: S105 - printed by `make run`
DEMO_DOMAIN = "lakemont.example.edu"
DEMO_LIBRARIAN = f"librarian@{DEMO_DOMAIN}"
