"""The demo logins' password: for trying the store out, never made in production."""

DEMO_PASSWORD = "reelright-demo"  # noqa: S105 - printed by `make run`
