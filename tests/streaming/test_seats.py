"""A limit of streams at once: no more play, however many press at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.config import Settings
from app.licenses.models import Entitlement
from app.streaming.plays import SEAT_TIMEOUT
from tests.streaming.licensed import Licensed, claim_cookie, license_stream

VIEWERS = 20
SEATS = 3


@pytest.fixture
def licensed(app: FastAPI, session: Session) -> Licensed:
    made = license_stream(session, app.state.storage)
    session.execute(
        update(Entitlement).where(Entitlement.license_id == made.license.id).values(max_uses=SEATS)
    )
    session.commit()
    return made


def test_no_more_play_at_once_than_the_license_allows(
    client: TestClient, settings: Settings, licensed: Licensed
) -> None:
    client.cookies.update(claim_cookie(settings, licensed.college))
    path = f"/watch/{licensed.film.slug}"

    def press(_: int) -> str:
        return client.post(path, data={"player": "hls"}).text

    with ThreadPoolExecutor(VIEWERS) as pool:
        pages = list(pool.map(press, range(VIEWERS)))
    assert sum("<video" in page for page in pages) == SEATS
    refused = [page for page in pages if "Too many people are watching this film" in page]
    assert len(refused) == VIEWERS - SEATS
    assert f"allows {SEATS} at a time" in refused[0]
    with time_machine.travel(clock.now() + SEAT_TIMEOUT + timedelta(seconds=1)):
        assert "<video" in press(0)  # lids were closed: no beat came
