"""The watch page and what it plays, without a browser."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.core.config import Settings
from tests.streaming.licensed import Licensed, claim_cookie, license_stream


@pytest.fixture
def licensed(app: FastAPI, session: Session) -> Licensed:
    return license_stream(session, app.state.storage)


@pytest.fixture
def viewer(client: TestClient, settings: Settings, licensed: Licensed) -> TestClient:
    client.cookies.update(claim_cookie(settings, licensed.college))
    return client


def test_stranger_is_asked_to_sign_in_and_sees_nothing_of_the_license(
    client: TestClient, licensed: Licensed
) -> None:
    for answer in (
        client.get(f"/watch/{licensed.film.slug}"),
        client.post(f"/watch/{licensed.film.slug}"),
    ):
        assert answer.status_code == 401
        assert "Find your institution" in answer.text
        assert "/media/" not in answer.text
        assert "Example College" not in answer.text


def test_viewer_begins_a_play_and_reads_its_files(viewer: TestClient, licensed: Licensed) -> None:
    page = viewer.get(f"/watch/{licensed.film.slug}?t=5,9")
    assert page.status_code == 200, page.text
    assert "<video" not in page.text
    assert 'data-clip-start="5" data-clip-end="9"' in page.text

    played = viewer.post(f"/watch/{licensed.film.slug}?t=5,9", data={"player": "hls"})
    assert played.status_code == 200
    found = re.search(r'<source src="([^"]+)master\.m3u8"', played.text)
    assert found
    base = found[1]
    master = viewer.get(f"{base}master.m3u8")
    assert master.headers["access-control-allow-origin"] == "*"
    streams = [line for line in master.text.splitlines() if line.endswith(".m3u8")]
    assert streams
    playlist = viewer.get(base + streams[0]).text
    length, start = re.findall(r"BYTERANGE:(\d+)@(\d+)", playlist)[0]
    name = playlist.split()[-2]
    wanted = f"bytes={start}-{int(start) + int(length) - 1}"
    part = viewer.get(base + name, headers={"Range": wanted})
    assert part.status_code == 206
    assert len(part.content) == int(length)
    whole = viewer.get(base + name)
    assert whole.content[int(start) : int(start) + int(length)] == part.content
    tracks = re.findall(r'<track kind="captions" src="([^"]+)"', played.text)
    assert viewer.get(tracks[0]).text.startswith("WEBVTT")
