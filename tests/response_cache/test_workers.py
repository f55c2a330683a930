"""Four real worker processes: a change comes to each of them, and is never mixed with the old."""

import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.models import Film
from app.core.db import make_engine, make_sessions
from app.offers import offer_service, queries
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.offers import offer_factories
from tests.processes import Store

pytestmark = [pytest.mark.fault, pytest.mark.slow]
WORKERS, ROUNDS = 4, 3
# The promise is one second, which the bench measures; a busy machine may take longer.
PATIENCE_SECONDS = 30
JSON = "/api/v1/films/{film}/licensing?class=college&size=5000"
Told = TypeVar("Told")
PRICE = re.compile(r"\$(\d+)\.00")


@pytest.fixture(scope="module")
def shared_url(databases: SqliteDatabases | PostgresDatabases) -> Iterator[str]:
    """One database for all tests here: four processes take long to start."""
    url = databases.fresh(seeded=False)
    yield url
    databases.drop(url)


@pytest.fixture(scope="module")
def writing(shared_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(shared_url)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def stores(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Store]]:
    """Four web processes on one database."""
    started = []
    try:
        for _ in range(WORKERS):
            folder = tmp_path_factory.mktemp("worker")
            store = Store(folder, shared_url, extra={"REELRIGHT_BASE_URL": "http://127.0.0.1:8000"})
            started.append(store)
            store.start("web")
        yield started
    finally:
        for store in started:
            store.stop()


def read(url: str) -> tuple[str, str]:
    """Return the text and the tag."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own
        return answer.read().decode(), answer.headers["etag"]


def skus_and_prices(text: str) -> set[tuple[str, int]]:
    return {(offer["sku"], offer["price"]["amount"]) for offer in json.loads(text)["offers"]}


def change_price(session: Session, film: str, number: int) -> None:
    """In one transaction, take what is sold off sale and sell the same at another price."""
    found = queries.get_offer(session, f"{film}-{number - 1}").film
    offer_service.withdraw_offer(session, sku=f"{film}-{number - 1}", actor=offer_factories.STAFF)
    sell(session, found, number)


def sell(session: Session, film: Film, number: int) -> None:
    slug = film.slug
    offer = offer_factories.draft(session, film, sku=f"{slug}-{number}")
    offer_factories.price(session, offer, 10_000 + 100 * number)
    offer_service.publish_offer(session, sku=offer.sku, actor=offer_factories.STAFF)


def await_change(store: Store, address: str, told: Callable[[str], Told], expected: Told) -> str:
    """Read until the worker's answer tells what is expected; return the tag. Give up some time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        text, tag = read(store.url + address)
        if told(text) == expected or time.monotonic() > deadline:
            assert told(text) == expected
            return tag
        time.sleep(0.05)


def prices_on(page: str) -> set[str]:
    return set(PRICE.findall(page))


def test_new_price_reaches_every_worker(
    stores: list[Store], writing: sessionmaker[Session]
) -> None:
    with writing.begin() as session:
        made = offer_factories.film_with_rights(session)
        sell(session, made, 0)
        film = made.slug
    page, data = f"/films/{film}", JSON.format(film=film)
    stopping = threading.Event()
    answers: list[set[tuple[str, int]]] = []
    pages: list[set[str]] = []
    errors: list[BaseException] = []

    def keep_reading(url: str) -> None:
        try:
            while not stopping.is_set():
                answers.append(skus_and_prices(read(url + data)[0]))
                pages.append(prices_on(read(url + page)[0]))
                time.sleep(0.01)
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    readers = [threading.Thread(target=keep_reading, args=(store.url,)) for store in stores]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, ROUNDS + 1):
            with writing.begin() as session:
                change_price(session, film, number)
            expected = {(f"{film}-{number}", 10_000 + 100 * number)}
            tags = set()
            for store in stores:
                tags.add(await_change(store, data, skus_and_prices, expected))
                await_change(store, page, prices_on, {str(100 + number)})
            assert len(tags) == 1
    finally:
        stopping.set()
        for reader in readers:
            reader.join(60)
    assert errors == []
    possible = [{(f"{film}-{n}", 10_000 + 100 * n)} for n in range(ROUNDS + 1)]
    assert answers
    assert [answer for answer in answers if answer not in possible] == []
    # The page says what a license costs at least; two prices on one page would be a mix.
    assert pages
    assert {len(prices) for prices in pages} == {1}


def test_writer_sees_the_change_through_any_worker(
    stores: list[Store], writing: sessionmaker[Session]
) -> None:
    with writing.begin() as session:
        made = offer_factories.film_with_rights(session)
        sell(session, made, 0)
        film = made.slug
    data = JSON.format(film=film)
    for store in stores:
        read(store.url + data)
    for number in range(1, ROUNDS + 1):
        with writing.begin() as session:
            change_price(session, film, number)
        for store in stores:
            asked = urllib.request.Request(  # noqa: S310 - our own
                store.url + data, headers={"cookie": "rr_wrote=1"}
            )
            with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
                found = skus_and_prices(answer.read().decode())
            assert found == {(f"{film}-{number}", 10_000 + 100 * number)}
