"""Wrong settings are told all at once, in plain lines, without any secret."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.core.config import Settings, get_settings
from app.core.startup import StartupError

ROOT = Path(__file__).parent.parent
SECRETS = {
    "REELRIGHT_SECRET_KEY": "geheim-1",
    "REELRIGHT_SMTP_URL": "smtp://user:geheim-2@",
    "REELRIGHT_STRIPE_SECRET_KEY": "sk_test_geheim-3",
    "REELRIGHT_STRIPE_WEBHOOK_SECRET": "whsec_geheim-4",
    "REELRIGHT_DATABASE_URL": "postgresql://user:geheim-5#x@host/store",
}
WRONG = SECRETS | {
    "REELRIGHT_ENVIRONMENT": "production",
    "REELRIGHT_BASE_URL": "http://films.example.edu/store",
    "REELRIGHT_SESSION_HOURS": "geheim-6",
}
NAMES = {
    *("SECRET_KEY", "SMTP_URL", "DATABASE_URL", "BASE_URL", "SESSION_HOURS"),
}


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Be away from a developer's own .env."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "log_format"), [("serve", "text"), ("work", "json"), ("migrate", "text")]
)
def test_every_command_tells_all_that_is_wrong(
    command: str, log_format: str, tmp_path: Path
) -> None:
    kept = {name: value for name, value in os.environ.items() if "REELRIGHT" not in name}
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", command],
        cwd=tmp_path,
        env=kept | WRONG | {"REELRIGHT_LOG_FORMAT": log_format, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 78
    assert "geheim" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    for name in NAMES:
        assert f"REELRIGHT_{name}" in ended.stderr
    if log_format == "json":
        told = [json.loads(line) for line in ended.stderr.splitlines()]
        assert {line["event"] for line in told} == {"startup.refused"}


@pytest.mark.once
@pytest.mark.parametrize("wrong", [{"base_url": "http://x"}, {"session_hours": "0"}])
def test_no_error_of_the_settings_shows_a_value(
    wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError) as raised:
        Settings(_env_file=None, environment="production", **wrong)  # type: ignore[arg-type]

    assert "geheim" not in str(raised.value)


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("BASE_URL", "https://x.edu/store", "cannot be served below a path"),
        ("BASE_URL", "https://x.edu/?a=1", "must be a host alone"),
        ("BASE_URL", "x.edu", "REELRIGHT_BASE_URL: input should be a valid URL"),
        ("SMTP_URL", "smtp://user:geheim", "must look like smtp://user:password@host:587"),
        ("SMTP_URL", "https://host", "must look like smtp://user:password@host:587"),
        (
            "DATABASE_URL",
            "mysql://user:geheim@host/x",
            "must begin with sqlite:// or postgresql://",
        ),
        ("EMAIL_FROM", "Reelright", "REELRIGHT_EMAIL_FROM must hold an email address"),
        ("SANDBOX_PORT", "geheim", "REELRIGHT_SANDBOX_PORT: input should be a valid integer"),
    ],
)
def test_a_wrong_setting_is_named(
    name: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"REELRIGHT_{name}", value)
    get_settings.cache_clear()

    with pytest.raises(StartupError) as refused:
        get_settings()

    get_settings.cache_clear()
    (told,) = refused.value.problems
    assert problem in told
    assert "geheim" not in told
    assert refused.value.__suppress_context__


@pytest.mark.once
@pytest.mark.parametrize("url", ["https://x.edu", "https://x.edu/", "http://127.0.0.1:8000"])
def test_a_base_address_without_a_path_is_taken(url: str) -> None:
    assert Settings(_env_file=None, base_url=url).url("/films").endswith("/films")
