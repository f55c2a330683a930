"""What a web worker loads before it answers."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.once

# Each takes longer to load than an answer takes, and most workers never need it.
LATER = (
    "PIL", "app.console.routes", "app.orders.admin_routes", "fontTools", "openpyxl", "psycopg",
    "requests", "segno", "stripe", "typst",
)  # fmt: skip


def test_a_worker_starts_without_what_few_answers_need() -> None:
    program = f"import sys, app.main; print([name for name in {LATER} if name in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "[]"
