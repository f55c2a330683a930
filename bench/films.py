"""A catalog of any size: the sample catalog, and made-up films sold as The Red Soul is.

The films are written to a file and imported as any other; what is sold of them is copied within
the database from The Red Soul's offers.
"""

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, String, Table, cast, func, insert, literal, select, text
from sqlalchemy.orm import aliased

from app.catalog import public_revision
from app.catalog.models import Film
from app.catalog.parts_models import Version
from app.core.db import Base, make_engine, make_sessions
from app.offers.models import Offer, OfferPriceList, PriceRow, RightsWindow, offer_versions
from app.seeding import seed_everything

ROOT = Path(__file__).parent.parent
MODEL = "the-red-soul"
PEOPLE = 3000
SUBJECTS = ("Russia", "History", "Environment", "Labor", "Film history", "Women's studies")
COUNTRIES = ("US", "FR", "NL", "JP", "BR", "IN")
SEED = 1  # the same catalog each time
STARTS = (
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "gl",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "v",
)
MIDDLES = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
ENDS = ("l", "n", "nd", "r", "rt", "sk", "st", "t", "m", "ck")
COUNT = 8000


@dataclass(frozen=True)
class Built:
    """What a catalog took to make."""

    films: int
    import_seconds: float
    import_mb: float
    """The most memory that the import held at once, in MB of 10^6 bytes."""

    @property
    def words(self) -> str:
        """Return the import as a row of the result."""
        return f"{self.films:,} films in {self.import_seconds:.0f} s, {self.import_mb:.0f} MB"


def build(url: str, folder: Path, *, films: int) -> Built:
    """Make the database at ``url``; one film more is on sale in it: ``MODEL``."""
    migrate(url)
    engine = make_engine(url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        seed_everything(session, ROOT / "seeds", demo_staff=False)
    file = folder / "films.jsonl"
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(document) + "\n" for document in generate_films(films))
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "app.cli", "catalog", "import", str(file)],
        env=os.environ | {"REELRIGHT_DATABASE_URL": url},
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    took = time.perf_counter() - started
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    with sessions.begin() as session:
        put_on_sale(session.connection())
        public_revision.bump(session)
    engine.dispose()
    return Built(films, took, most)


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the schema of this store; make it if there is none."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, "head")


class Words:
    """A vocabulary, from which words are drawn as often as their rank says (Zipf's law)."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        made: dict[str, None] = {}
        while len(made) < COUNT:
            made["".join(self._syllable() for _ in range(chance.choice((1, 2, 2, 3))))] = None
        self.all = list(made)
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(COUNT)))

    def draw(self, count: int) -> list[str]:
        """Return words, the common ones more often."""
        return self._chance.choices(self.all, cum_weights=self._weights, k=count)

    def _syllable(self) -> str:
        pick = self._chance.choice
        return pick(STARTS) + pick(MIDDLES) + pick(ENDS)


def vocabulary() -> Words:
    """Return the words of the made-up films, the most common first."""
    return Words(random.Random(SEED))  # noqa: S311 - nothing secret


def generate_films(count: int) -> Iterator[dict[str, Any]]:
    """Return films with words, people, subjects and years of their own."""
    chance = random.Random(SEED)  # noqa: S311 - nothing secret
    words = vocabulary()
    for number in range(count):
        yield {
            "slug": f"film-{number}",
            "title": " ".join(words.draw(3)).title(),
            "status": "published",
            "synopsis": " ".join(words.draw(90)).capitalize() + ".",
            "release_year": chance.randint(1925, 2026),
            "countries": [chance.choice(COUNTRIES)],
            "versions": [
                {"label": "Feature", "runtime_minutes": 90, "spoken": ["eng"], "subtitles": ["fra"]}
            ],
            "credits": [{"name": f"Director {chance.randrange(PEOPLE)}", "role": "director"}],
            "subjects": chance.sample(SUBJECTS, 2),
        }


def put_on_sale(connection: Connection) -> None:
    """Copy the rights, offers and prices of ``MODEL`` to every made-up film."""
    model = select(Film.id).where(Film.slug == MODEL).scalar_subquery()
    made = Film.slug.startswith("film-")
    _copy(
        connection,
        _table(RightsWindow),
        select(RightsWindow).join(Film, made).where(RightsWindow.film_id == model),
        film_id=Film.id,
        ref=_joined("W", Film.id, RightsWindow.id),
    )
    offered = aliased(Offer)
    _copy(
        connection,
        _table(Offer),
        select(Offer).join(Film, made).where(Offer.film_id == model),
        film_id=Film.id,
        sku=func.replace(Offer.sku, MODEL, Film.slug),
    )
    connection.execute(
        offer_versions.insert().from_select(
            ["offer_id", "version_id"],
            select(Offer.id, Version.id)
            .join(Film, Offer.film_id == Film.id)
            .join(Version, Version.film_id == Film.id)
            .where(made),
        )
    )
    _copy(
        connection,
        _table(PriceRow),
        select(PriceRow)
        .join(Offer, PriceRow.offer_id == Offer.id)
        .join(Film, made)
        .join(offered, (offered.film_id == Film.id) & (offered.position == Offer.position))
        .where(Offer.film_id == model),
        offer_id=offered.id,
        ref=_joined("P", offered.id, PriceRow.id),
    )
    # Written last: a change of prices takes it away.
    connection.execute(
        insert(OfferPriceList).from_select(
            ["offer_id", "price_list_id"],
            select(offered.id, OfferPriceList.price_list_id)
            .join(Offer, OfferPriceList.offer_id == Offer.id)
            .join(Film, made)
            .join(offered, (offered.film_id == Film.id) & (offered.position == Offer.position))
            .where(Offer.film_id == model),
        )
    )
    connection.execute(text("ANALYZE"))


def _table(model: type[Base]) -> Table:
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(model)
    return table


def _copy(connection: Connection, table: Table, rows: Any, **changes: Any) -> None:  # noqa: ANN401
    """Insert ``rows`` of ``table`` once more, but for ``changes``, with ids of their own."""
    names = [column.name for column in table.columns if column.name != "id"]
    chosen = [changes.get(name, table.c[name]) for name in names]
    connection.execute(table.insert().from_select(names, rows.with_only_columns(*chosen)))


def _joined(letter: str, one: Any, other: Any) -> Any:  # noqa: ANN401 - columns
    return literal(letter) + cast(one, String) + "-" + cast(other, String)
