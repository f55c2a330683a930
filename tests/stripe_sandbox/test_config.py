"""What no sandbox may be asked to do."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stripe_sandbox.__main__ import cli
from stripe_sandbox.config import SandboxConfig, SandboxRefusedError

pytestmark = pytest.mark.once(on="postgresql")


@pytest.mark.parametrize(
    "wrong",
    [
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
def test_dangerous_configuration_is_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    fine: dict[str, Any] = {"database": tmp_path / "s.db", "public_url": "http://127.0.0.1:8010"}

    SandboxConfig(**fine)
    with pytest.raises(SandboxRefusedError):
        SandboxConfig(**fine | wrong)


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("host", "0.0.0.0", "this machine"),  # noqa: S104
        ("host", "192.168.1.5", "this machine"),
        ("host", "example.com", "this machine"),
        ("host", "::", "this machine"),
        ("secret-key", "sk_live_x", "sk_test_"),
        ("webhook-url", "https://shop.example.com/hook", "on this machine"),
    ],
)
def test_command_refuses_dangerous_options(
    tmp_path: Path, option: str, value: str, complaint: str
) -> None:
    options = ["--database", str(tmp_path / "s.db"), f"--{option}", value]

    result = CliRunner(env={"TERMINAL_WIDTH": "200"}).invoke(cli, options)

    assert result.exit_code == 2
    assert complaint in result.output
