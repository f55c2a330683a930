"""nginx as deploy/nginx.conf sets it up: the store checks a path, and nginx sends the bytes."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session

from app.core.config import Settings
from tests.servers import get_port, open_socket, run_server
from tests.streaming.licensed import Licensed, claim_cookie, license_stream

CONF = Path(__file__).parents[2] / "deploy" / "nginx.conf"
START_SECONDS = 20
MAIN = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; types {{ video/mp4 mp4; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {site}
}}
"""


@pytest.fixture
def licensed(app: FastAPI, session: Session) -> Licensed:
    return license_stream(session, app.state.storage)


@pytest.fixture
def nginx(
    app: FastAPI, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Serve the application behind nginx; return the address of nginx."""
    program = shutil.which("nginx")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is missing")
        pytest.skip("nginx is missing: what it sends cannot be tried")
    changed = settings.model_copy(update={"media_accel": "/_files"})
    monkeypatch.setattr(app.state, "settings", changed)
    listening = open_socket()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = get_port(probe)
    site = CONF.read_text(encoding="utf-8")
    site = re.sub(r"server \{\n  listen 80;.*?\n\}\n", "", site, flags=re.DOTALL)
    site = re.sub(r"\n  ssl_[^;]+;", "", site).replace("listen 443 ssl", f"listen {port}")
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{get_port(listening)}")
    site = site.replace("/srv/reelright/files/", f"{app.state.storage.local_path('')}/")
    conf = tmp_path / "nginx.conf"
    conf.write_text(MAIN.format(folder=tmp_path, site=site))
    with run_server(app, listening), (tmp_path / "nginx.log").open("wb") as log:
        command = [program, "-p", str(tmp_path), "-c", str(conf)]
        process = subprocess.Popen(command, stderr=log)
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("nginx did not start")


def test_nginx_sends_what_the_store_allows_and_nothing_else(
    app: FastAPI, nginx: str, settings: Settings, licensed: Licensed
) -> None:
    host = {"Host": "testserver"}
    with httpx.Client(
        base_url=nginx, headers=host, cookies=claim_cookie(settings, licensed.college)
    ) as client:
        page = client.post(f"/watch/{licensed.film.slug}", data={"player": "hls"})
        found = re.search(r'<source src="([^"]+)master\.m3u8"', page.text)
        assert found, page.text
        whole = client.get(f"{found[1]}360p.mp4")
        assert whole.status_code == 200
        assert "x-accel-redirect" not in whole.headers
        assert whole.headers["server"].startswith("nginx")
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["access-control-allow-origin"] == "*"
        part = client.get(f"{found[1]}360p.mp4", headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, whole.content[100:200])
        forged = found[1].replace("/media/", "/media/1")
        assert client.get(f"{forged}360p.mp4").status_code == 403
        stored = app.state.storage.names()
        assert stored
        for name in ("", *stored):
            assert client.get(f"/_files/{name}").status_code == 404
