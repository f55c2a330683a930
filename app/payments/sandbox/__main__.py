"""``python -m app.payments.sandbox --port 8010``: the sandbox without the store's settings."""

import argparse
from pathlib import Path

from app.payments.sandbox.config import DEFAULT_KEY, DEFAULT_WEBHOOK_SECRET
from app.payments.sandbox.serving import serve


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m app.payments.sandbox", description="A local stand-in for Stripe."
    )
    parser.add_argument("--host", default="127.0.0.1", help="an address of this machine")
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--database", type=Path, default=Path("reelright-sandbox.db"))
    parser.add_argument("--webhook-url", help="where every event is delivered")
    parser.add_argument("--webhook-secret", default=DEFAULT_WEBHOOK_SECRET)
    parser.add_argument("--secret-key", default=DEFAULT_KEY)
    parser.add_argument(
        "--settle-seconds", type=float, default=8.0, help="how long a bank debit takes"
    )
    given = parser.parse_args()
    serve(
        database=given.database,
        port=given.port,
        host=given.host,
        webhook_url=given.webhook_url,
        secret_key=given.secret_key,
        webhook_secret=given.webhook_secret,
        settle_seconds=given.settle_seconds,
    )


if __name__ == "__main__":
    main()
