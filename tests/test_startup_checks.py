"""What a paid order needs is proved before a process serves."""

import os
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app import startup_checks
from app.core import documents
from app.core.config import Settings
from app.core.startup import StartupCheck, StartupError
from app.offers.models import LicenseText
from app.web import rendering

ROOT = Path(__file__).parent.parent


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python where the system has no zone data."""
    kept = {name: value for name, value in os.environ.items() if "REELRIGHT" not in name}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=kept | {"PYTHONTZPATH": "/nonexistent"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.once
def test_zones_are_known_on_a_system_without_zone_data() -> None:
    program = (
        "from app.licenses.time_zones import find_missing_zones; from app.core import clock; "
        "print(find_missing_zones(), clock.today('America/New_York').year > 2000)"
    )

    assert run("-c", program).stdout.split() == ["[]", "True"]


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("command", [["web", "--port", "1"], ["work"]])
def test_a_process_without_zone_data_refuses_to_start(command: list[str], tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'store.db'}"

    hidden = tmp_path / "tzdata"  # found before the real package, and of no use
    hidden.mkdir()
    (hidden / "__init__.py").write_text("raise ImportError")

    ended = run(
        *("-m", "app.cli", *command),
        REELRIGHT_DATABASE_URL=database,
        PYTHONPATH=str(tmp_path),
    )

    assert ended.returncode == 78
    assert "no data for" in ended.stderr
    assert "America/" in ended.stderr or "Africa/" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "store.db").exists()


@pytest.mark.once
def test_everything_is_there_here(plain_settings: Settings) -> None:
    assert startup_checks.find_problems(plain_settings) == []
    startup_checks.check_startup(plain_settings)
    StartupCheck().finish(log_format="text")


@pytest.mark.once
@pytest.mark.parametrize(
    ("where", "value", "named"),
    [
        ("app.licenses.certificates.TEMPLATE", Path("/nonexistent/certificate.typ"), "certi"),
        (
            "app.core.email_content._templates",
            jinja2.Environment(autoescape=True),
            "emails: order-received: TypeError",
        ),
        ("app.orders.payment_emails.OrderRefunded.build_content", None, "emails: refunded: TypeE"),
        ("app.web.rendering.FOLDERS", [], "pages: TemplateNotFound"),
        ("app.startup_checks.find_missing_zones", lambda: ["Asia/Tokyo"], "Asia/Tokyo"),
    ],
)
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, plain_settings: Settings, where: str, value: object, named: str
) -> None:
    monkeypatch.setattr(where, value)
    documents.draw_pdf.cache_clear()
    rendering.environment.cache_clear()

    with pytest.raises(StartupError) as refused:
        startup_checks.check_startup(plain_settings)

    rendering.environment.cache_clear()
    assert [named in problem for problem in refused.value.problems] == [True]


@pytest.mark.once
def test_a_missing_folder_of_fonts_is_named(plain_settings: Settings) -> None:
    problems = startup_checks.find_problems(
        plain_settings.model_copy(update={"fonts_folder": "/nonexistent"})
    )

    assert "REELRIGHT_FONTS_FOLDER: there is no folder /nonexistent" in problems


def test_a_license_text_with_a_false_hash_is_told(client: TestClient, session: Session) -> None:
    assert client.get("/health/ready").status_code == 200

    session.add(LicenseText(code="dsl", version="1.0", title="T", body="B\n", sha256="0" * 64))
    session.commit()

    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "license texts differ from the published versions: dsl 1.0" in answer.json()["detail"]
