"""What no sandbox may be asked to do."""

from pathlib import Path
from typing import Any

import pytest

from app.payments.sandbox.config import SandboxConfig, SandboxRefusedError
from app.payments.sandbox.serving import serve

pytestmark = pytest.mark.once(on="postgresql")


@pytest.mark.parametrize(
    "wrong",
    [
        {"environment": "production"},
        {"secret_key": "sk_live_x"},
        {"secret_key": "rk_live_x"},
        {"secret_key": ""},
        {"public_url": "http://0.0.0.0:8010"},
        {"public_url": "https://pay.example.com"},
        {"webhook_url": "https://shop.example.com/webhooks/stripe"},
        {"webhook_url": "ftp://127.0.0.1/hook"},
        {"webhook_secret": "guess"},
    ],
)
def test_a_dangerous_sandbox_is_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    fine: dict[str, Any] = {"database": tmp_path / "s.db", "public_url": "http://127.0.0.1:8010"}

    SandboxConfig(**fine)
    with pytest.raises(SandboxRefusedError):
        SandboxConfig(**fine | wrong)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "::"])  # noqa: S104
def test_it_serves_no_other_machine(tmp_path: Path, host: str) -> None:
    with pytest.raises(SandboxRefusedError, match="this machine only"):
        serve(database=tmp_path / "s.db", port=8010, host=host)
