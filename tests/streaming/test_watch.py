"""The watch page and what it plays, without a browser."""

import html
import re
from datetime import datetime, time, timedelta
from time import sleep
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.claims import Method, make_claim, sign_launch
from app.access.models import LtiRegistration
from app.core import clock
from app.core.config import Settings
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.streaming.media_cache import CUT_SECONDS
from app.streaming.plays import delete_ended
from app.usage.models import EventMetric, UsageEvent
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


def begin(viewer: TestClient, path: str) -> tuple[str, dict[str, str]]:
    """Begin a play; return the address of its files, and what its page holds."""
    page = viewer.post(path, data={"player": "hls"}).text
    found = re.search(r'<source src="([^"]+)master\.m3u8"', page)
    assert found
    return found[1], dict(re.findall(r'data-(token|seconds|beat|secret)="([^"]+)"', page))


def beat(viewer: TestClient, held: dict[str, str]) -> Any:  # noqa: ANN401 - the client's response
    return viewer.post(held["beat"], headers={"X-Play-Secret": held["secret"]})


def test_token_expires_and_beats_renew_it_through_a_long_pause(
    viewer: TestClient, licensed: Licensed
) -> None:
    base, held = begin(viewer, f"/watch/{licensed.film.slug}")
    begun = clock.now()
    with time_machine.travel(begun + timedelta(minutes=40)):
        assert viewer.get(f"{base}master.m3u8").status_code == 403
        renewed = beat(viewer, held)
        assert renewed.status_code == 200
        fresh = base.replace(held["token"], renewed.json()["token"])
        assert viewer.get(f"{fresh}master.m3u8").status_code == 200
    with time_machine.travel(begun + timedelta(hours=3)):
        ended = beat(viewer, held)
        assert ended.status_code == 410
        assert ended.json()["type"] == "play-ended"
    other = viewer.post(held["beat"], headers={"X-Play-Secret": "another"})
    assert other.status_code == 404


def test_play_under_way_ends_its_film_after_the_last_day_and_no_new_one_begins(
    viewer: TestClient, session: Session, settings: Settings, licensed: Licensed
) -> None:
    path = f"/watch/{licensed.film.slug}"
    ends_on = licensed.license.ends_on
    assert ends_on is not None
    zone = ZoneInfo(licensed.license.time_zone)
    midnight = datetime.combine(ends_on + timedelta(days=1), time(), zone)
    viewer.cookies.clear()
    with time_machine.travel(midnight - timedelta(minutes=5), tick=False):
        viewer.cookies.update(claim_cookie(settings, licensed.college))
        base, held = begin(viewer, path)
    with time_machine.travel(midnight + timedelta(minutes=5), tick=False):
        assert viewer.get(f"{base}master.m3u8").status_code == 200
        assert beat(viewer, held).status_code == 200
        refused = viewer.post(path)
        assert refused.status_code == 403
        assert "The license for this film has ended" in refused.text
    with time_machine.travel(midnight + timedelta(hours=3), tick=False):
        assert beat(viewer, held).status_code == 410
    with time_machine.travel(midnight + timedelta(hours=28), tick=False):
        delete_ended(session)
        session.commit()
        assert beat(viewer, held).status_code == 404


@pytest.mark.parametrize("status", [LicenseStatus.SUSPENDED, LicenseStatus.REVOKED])
def test_play_is_cut_when_its_license_is_suspended_or_revoked(
    viewer: TestClient, session: Session, licensed: Licensed, status: LicenseStatus
) -> None:
    base, held = begin(viewer, f"/watch/{licensed.film.slug}")
    assert viewer.get(f"{base}master.m3u8").status_code == 200
    session.get_one(License, licensed.license.id).status = status
    session.commit()
    sleep(CUT_SECONDS + 0.1)
    answer = viewer.get(f"{base}360p.mp4", headers={"Range": "bytes=0-99"})
    assert answer.status_code == 403
    assert answer.headers["access-control-allow-origin"] == "*"
    assert beat(viewer, held).status_code == 410


def test_files_outside_the_package_are_out_of_reach(viewer: TestClient, licensed: Licensed) -> None:
    base, _held = begin(viewer, f"/watch/{licensed.film.slug}")
    for name in (
        "../../secret",
        "%2e%2e%2fmaster.mp4",
        "master.mp4",
        "/etc/passwd",
        "360p.mp4.part",
    ):
        assert viewer.get(f"{base}{name}").status_code in {403, 404}, name
    package = base.rstrip("/").rpartition("/")[2]
    other = base.replace(package, "abcdefghjk")
    assert viewer.get(f"{other}master.m3u8").status_code == 403
    head = viewer.head(f"{base}360p.mp4")
    assert head.status_code == 200
    assert int(head.headers["content-length"]) > 1000
    assert not head.content
    unsatisfiable = viewer.get(f"{base}360p.mp4", headers={"Range": "bytes=99999999-"})
    assert unsatisfiable.status_code == 416
    first = viewer.get(f"{base}360p.mp4", headers={"Range": "bytes=0-1"})
    assert (first.status_code, len(first.content)) == (206, 2)


def test_visits_are_counted_and_hold_no_person(
    viewer: TestClient, session: Session, licensed: Licensed
) -> None:
    viewer.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    path = f"/watch/{licensed.film.slug}"
    viewer.get(path)
    viewer.post(path)
    session.get_one(License, licensed.license.id).status = LicenseStatus.REVOKED
    session.commit()
    viewer.get(path)
    events = session.execute(select(UsageEvent.metric, func.count()).group_by(UsageEvent.metric))
    assert dict(events.all()) == {
        EventMetric.INVESTIGATION: 2,
        EventMetric.REQUEST: 1,
        EventMetric.NO_LICENSE: 1,
    }


def test_page_in_a_frame_carries_its_proof_and_is_framed_by_the_platform_only(
    client: TestClient, session: Session, settings: Settings, licensed: Licensed
) -> None:
    session.add(
        LtiRegistration(
            institution_id=licensed.college.id,
            issuer="https://lms.example.edu",
            client_id="reelright",
            deployments=["1"],
            login_url="https://lms.example.edu/auth",
            keys_url="https://lms.example.edu/keys",
        )
    )
    session.commit()
    proof = sign_launch(settings, make_claim(settings, licensed.college.id, Method.LTI))
    path = f"/watch/{licensed.film.slug}/embed"
    page = client.get(f"{path}?t=60,120&launch={proof}")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'self' https://lms.example.edu;" in policy
    assert "frame-ancestors 'none'" in client.get(path).headers["content-security-policy"]
    action = html.unescape(re.findall(r'<form method="post" action="([^"]+)"', page.text)[0])
    with time_machine.travel(clock.now() + timedelta(minutes=settings.access_session_minutes - 1)):
        assert client.get(f"{path}?launch={proof}").status_code == 401
        assert "<video" in client.post(action).text
    elsewhere = action.replace(licensed.film.slug, "another-film")
    assert client.post(elsewhere).status_code == 404
