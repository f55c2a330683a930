"""Foreign programs read the API's description: linters, and generators of clients that buy."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import npm
from tests.faults.shoppers import ask
from tests.processes import Store

pytestmark = [pytest.mark.seeded, pytest.mark.slow, pytest.mark.once(on="postgresql")]

CLIENTS = Path(__file__).parent / "clients"
FILM = "the-red-soul"
LINTERS = ("@redocly/cli@2.77.0", "@stoplight/spectral-cli@6.16.3")
TYPESCRIPT = (
    "openapi-typescript@7.13.0",
    "openapi-fetch@0.17.0",
    "typescript@5.9.3",
    "@types/node@20.19.25",
)
# In an environment of its own: it wants other versions of what the store uses.
PYTHON = "openapi-python-client==0.29.1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, database_url)
    store.start("web", "work", "sandbox")
    yield store
    store.stop()


@pytest.fixture
def description(store: Store, folder: Path) -> Path:
    path = folder / "openapi.json"
    path.write_text(json.dumps(ask(f"{store.url}/api/openapi.json")))
    return path


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout


def assert_bought(store: Store, printed: str) -> None:
    told: dict[str, Any] = json.loads(printed)
    assert told["outcome"] == "matched"
    assert told["sku"] in told["offers"]
    assert told["total"] >= told["amount"] > 0
    assert_paid(store, told["number"], told["token"])


def assert_paid(store: Store, number: str, token: str) -> None:
    address = f"{store.url}/api/v1/orders/{number}"
    deadline = time.monotonic() + 60
    while True:
        order = ask(address, headers={"X-Order-Token": token})
        if order["payment_state"] == "paid" or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    assert order["payment_state"] == "paid"
    assert [line["license"]["status"] for line in order["lines"]] == ["active"]


def test_linters_find_no_error(description: Path, folder: Path) -> None:
    commands, environment = npm.install(folder / "linters", *LINTERS)
    (folder / "spectral.yaml").write_text('extends: ["spectral:oas"]\n')

    run(
        *(commands / "redocly", "lint", description, "--extends", "recommended"),
        cwd=folder,
        env=environment | {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
    )
    run(
        *(commands / "spectral", "lint", "--ruleset", folder / "spectral.yaml", description),
        cwd=folder,
        env=environment,
    )


def test_a_generated_typescript_client_buys_and_accepts_a_quote(
    store: Store, description: Path, folder: Path
) -> None:
    own = folder / "typescript"
    commands, environment = npm.install(own, *TYPESCRIPT)
    (own / "package.json").write_text('{"type": "module"}')
    shutil.copy(CLIENTS / "buy.ts", own)
    # Else every field with a default would have to be sent.
    run(
        *(commands / "openapi-typescript", description, "--default-non-nullable=false"),
        *("--output", own / "schema.ts"),
        cwd=own,
    )
    options = ["--module", "nodenext", "--target", "es2022", "--strict", "--skipLibCheck"]
    run(commands / "tsc", *options, "--types", "node", "buy.ts", cwd=own, env=environment)

    printed = run("node", "buy.js", store.url, store.sandbox_url, FILM, cwd=own, env=environment)

    assert_bought(store, printed)
    assert_paid(store, **json.loads(printed)["quoted"])


def test_a_generated_python_client_buys_and_accepts_a_quote(
    store: Store, description: Path, folder: Path
) -> None:
    own = folder / "python"
    python = own / "venv" / "bin" / "python"
    uv = shutil.which("uv")
    if uv:
        run(uv, "venv", "--python", sys.executable, own / "venv", cwd=folder)
        run(uv, "pip", "install", "--python", python, PYTHON, cwd=folder)
    else:
        run(sys.executable, "-m", "venv", own / "venv", cwd=folder)
        run(python, "-m", "pip", "install", PYTHON, cwd=folder)
    environment = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    generator = python.with_name("openapi-python-client")
    made = own / "client"
    run(
        *(generator, "generate", "--path", description, "--output-path", made, "--meta", "none"),
        cwd=own,
        env=environment,
    )
    made.rename(own / "reelright_films_client")
    shutil.copy(CLIENTS / "buy.py", own)

    printed = run(python, "buy.py", store.url, store.sandbox_url, FILM, cwd=own)

    assert_bought(store, printed)
    assert_paid(store, **json.loads(printed)["quoted"])
