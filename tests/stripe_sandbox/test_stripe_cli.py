"""Stripe's own command line speaks to the sandbox: a second client that nobody here wrote."""

import json
import subprocess
from pathlib import Path

import pytest

from stripe_sandbox.config import DEFAULT_KEY
from tests import npm
from tests.stripe_sandbox.running import Sandbox

pytestmark = [pytest.mark.once(on="postgresql"), pytest.mark.slow]

PACKAGE = "@stripe/cli@1.52.0"


@pytest.fixture(scope="session")
def stripe_cli(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict[str, str]]:
    """The command and an environment in which it finds no one's settings and keeps none."""
    folder = tmp_path_factory.mktemp("stripe-cli")
    commands, environment = npm.install(folder, PACKAGE)
    environment |= {"STRIPE_API_KEY": DEFAULT_KEY, "STRIPE_CLI_TELEMETRY_OPTOUT": "1"}
    return [str(commands / "stripe")], environment


def _run(
    sandbox: Sandbox, cli: tuple[list[str], dict[str, str]], *arguments: str
) -> dict[str, object]:
    command, environment = cli
    done = subprocess.run(
        [*command, *arguments, "--api-base", sandbox.url],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(environment["HOME"]),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_the_official_cli_creates_and_reads_a_customer(
    sandbox: Sandbox, stripe_cli: tuple[list[str], dict[str, str]]
) -> None:
    made = _run(
        sandbox, stripe_cli, "post", "/v1/customers", "-d", "name=Library", "-d", "metadata[a]=1"
    )
    read = _run(sandbox, stripe_cli, "get", f"/v1/customers/{made['id']}")

    assert read == made
    assert (read["name"], read["metadata"]) == ("Library", {"a": "1"})


def test_the_official_cli_creates_and_reads_a_checkout_session(
    sandbox: Sandbox, stripe_cli: tuple[list[str], dict[str, str]]
) -> None:
    fields = {
        "mode": "payment",
        "success_url": "http://127.0.0.1/thanks",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "39800",
        "line_items[0][price_data][product_data][name]": "Field Guide",
    }
    data = [part for name, value in fields.items() for part in ("-d", f"{name}={value}")]

    made = _run(sandbox, stripe_cli, "post", "/v1/checkout/sessions", *data)
    read = _run(sandbox, stripe_cli, "get", f"/v1/checkout/sessions/{made['id']}")

    assert read == made
    assert (read["amount_total"], read["status"]) == (39800, "open")
    assert read["url"] == f"{sandbox.url}/c/pay/{read['id']}"
