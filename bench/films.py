"""A catalog of any size: the sample catalog, and generated films sold as The Red Soul is.

One generated film is written and put on sale through the services; the others are copies of its
rows with words, people, subjects and years of their own, written in bulk. SQLite only.
"""

import random
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog import search_words, writing
from app.catalog.documents import FilmDocument
from app.catalog.titles import sort_key
from app.core.db import Base, make_engine, make_sessions
from app.core.numbers import new_number
from app.offers.models import Offer, PriceRow, RightsWindow, offer_versions
from app.seeding import seed_everything
from bench.words import Words

ROOT = Path(__file__).parent.parent
MODEL, FIRST = "the-red-soul", "film-0"
BATCH = 2000
PEOPLE = 3000
SUBJECTS = ("Russia", "History", "Environment", "Labor", "Film history", "Women's studies")

Row = dict[str, Any]
"""A row as the database holds it."""
SEED = 1  # the same catalog each time


def build(url: str, *, films: int) -> str:
    """Make the database at ``url`` and return the slug of a film that is on sale in it."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, "head")
    engine = make_engine(url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        seed_everything(session, ROOT / "seeds", demo_staff=False)
        _add_first(session)
    with engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        copies = Copies(connection)
        for start in range(1, films, BATCH):
            copies.write(range(start, min(start + BATCH, films)))
    engine.dispose()
    return MODEL


def vocabulary() -> Words:
    """Return the words of the generated films, the most common first."""
    return Words(random.Random(SEED))  # noqa: S311 - nothing secret


class Copies:
    """Writes copies of the first generated film."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chance = random.Random(SEED)  # noqa: S311 - nothing secret
        self._words = vocabulary()
        (self._film,) = self._rows("films", f"slug = '{FIRST}'")
        own = f"film_id = {self._film['id']}"
        self._children = {
            name: self._rows(name, own)
            for name in ("credits", "film_subjects", "film_countries", "rights_windows")
        }
        self._versions = self._rows("versions", own)
        self._languages = self._rows("version_languages", f"version_id = {self._versions[0]['id']}")
        self._offers = self._rows("offers", own)
        self._prices = {
            offer["id"]: self._rows("price_rows", f"offer_id = {offer['id']}")
            for offer in self._offers
        }
        self._ids = {
            name: count(self._highest(name) + 1)
            for name in ("films", "versions", "credits", "rights_windows", "offers", "price_rows")
        }
        self._subjects = [row["id"] for row in self._rows("subjects", "1 = 1")]
        first = self._highest("people") + 1
        self._people = range(first, first + PEOPLE)
        self._insert(
            "people",
            [
                self._rows("people", "1 = 1 LIMIT 1")[0]
                | {"id": key, "slug": f"director-{key}", "name": f"Director {key}"}
                | {"sort_name": f"{key}, Director"}
                for key in self._people
            ],
        )

    def write(self, numbers: Iterable[int]) -> None:
        """Write the films with these numbers, and everything that is theirs."""
        rows: dict[str, list[Row]] = {}
        for number in numbers:
            self._copy(number, rows)
        for name, found in rows.items():
            self._insert(name, found)

    def _copy(self, number: int, rows: dict[str, list[Row]]) -> None:
        def add(name: str, row: Row, **changes: Any) -> int:  # noqa: ANN401 - any column
            key = next(self._ids[name]) if name in self._ids else 0
            own = {"id": key} if name in self._ids else {}
            rows.setdefault(name, []).append(row | own | changes)
            return key

        slug = f"film-{number}"
        title = " ".join(self._words.draw(3)).title()
        synopsis = " ".join(self._words.draw(90)).capitalize() + "."
        film = add(
            "films",
            self._film,
            slug=slug,
            title=title,
            sort_title=title,
            sort_key=sort_key(title),
            synopsis=synopsis,
            release_year=self._chance.randint(1925, 2026),
        )
        person = self._chance.choice(self._people)
        subjects = self._chance.sample(self._subjects, 2)
        changes: dict[str, list[Row]] = {
            "credits": [{"person_id": person}],
            "film_subjects": [{"subject_id": subject} for subject in subjects],
        }
        for name, found in self._children.items():
            for place, row in enumerate(found):
                ref = {"ref": new_number("RW")} if "ref" in row else {}
                mine = changes.get(name, [])
                add(name, row, film_id=film, **ref, **(mine[place] if mine else {}))
        version = add("versions", self._versions[0], film_id=film)
        for row in self._languages:
            add("version_languages", row, version_id=version)
        serial = 0
        for offer in self._offers:
            sku = offer["sku"].replace(FIRST, slug)
            key = add("offers", offer, film_id=film, sku=sku)
            add("offer_versions", {"offer_id": key, "version_id": version})
            for row in self._prices[offer["id"]]:
                serial += 1
                add("price_rows", row, offer_id=key, ref=f"PR-{number:06d}-{serial}")
        rows.setdefault("film_fts", []).append(
            {
                "rowid": film,
                "title": _indexed(title),
                "people": _indexed(f"Director {person}"),
                "subjects": "",
                "body": _indexed(synopsis),
            }
        )

    def _rows(self, name: str, where: str) -> list[Row]:
        found = self._connection.exec_driver_sql(f"SELECT * FROM {name} WHERE {where}")  # noqa: S608
        return [dict(row) for row in found.mappings()]

    def _highest(self, name: str) -> int:
        told = self._connection.exec_driver_sql(f"SELECT max(id) FROM {name}")  # noqa: S608
        return int(told.scalar_one())

    def _insert(self, name: str, rows: Sequence[Row]) -> None:
        columns = list(rows[0])
        marks = ", ".join("?" * len(columns))
        self._connection.exec_driver_sql(
            f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
            [tuple(row.values()) for row in rows],
        )


def _indexed(text: str) -> str:
    return " ".join(map(_stemmed, text.split()))


@lru_cache(maxsize=20_000)
def _stemmed(word: str) -> str:
    return " ".join(search_words.words(word))


def _add_first(session: Session) -> None:
    words = vocabulary()
    document = FilmDocument.model_validate(
        {
            "slug": FIRST,
            "title": " ".join(words.draw(3)).title(),
            "status": "published",
            "synopsis": " ".join(words.draw(90)).capitalize() + ".",
            "release_year": 1999,
            "countries": ["US"],
            "versions": [
                {"label": "Feature", "runtime_minutes": 90, "spoken": ["eng"], "subtitles": ["fra"]}
            ],
            "credits": [{"name": "Director 0", "role": "director"}],
            "subjects": SUBJECTS[:2],
        }
    )
    film = writing.create_film(session, document, actor=Actor.system("bench"))
    model = session.scalars(select(Offer.film_id).where(Offer.sku.startswith(MODEL))).first()
    for window in session.scalars(select(RightsWindow).where(RightsWindow.film_id == model)):
        own = {"film_id": film.id, "ref": new_number("RW")}
        session.execute(insert(RightsWindow).values(_values(window) | own))
    for offer in session.scalars(select(Offer).where(Offer.film_id == model)).all():
        own = {"film_id": film.id, "sku": offer.sku.replace(MODEL, FIRST)}
        copy = insert(Offer).values(_values(offer) | own).returning(Offer.id)
        offer_id = session.execute(copy).scalar_one()
        link = {"offer_id": offer_id, "version_id": film.versions[0].id}
        session.execute(insert(offer_versions).values(link))
        rows = session.scalars(select(PriceRow).where(PriceRow.offer_id == offer.id))
        own_prices = [
            _values(row) | {"offer_id": offer_id, "ref": new_number("PR")} for row in rows
        ]
        session.execute(insert(PriceRow), own_prices)


def _values(row: Base) -> Row:
    """Return what a row holds, but for its id."""
    names = [attribute.key for attribute in inspect(type(row)).column_attrs]
    return {name: getattr(row, name) for name in names if name != "id"}
