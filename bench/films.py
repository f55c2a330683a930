"""A catalog of any size: the sample catalog, and generated films sold as The Red Soul is."""

import random
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import insert, inspect, select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog import writing
from app.catalog.documents import FilmDocument
from app.core.db import Base, make_engine, make_sessions
from app.core.numbers import new_number
from app.offers.models import Offer, PriceRow, RightsWindow, offer_versions
from app.seeding import seed_everything

ROOT = Path(__file__).parent.parent
MODEL = "the-red-soul"
BATCH = 500
SUBJECTS = ("Russia", "History", "Environment", "Labor", "Film history", "Women's studies")
WORDS = [
    "archive",
    "border",
    "bread",
    "bridge",
    "city",
    "coal",
    "debt",
    "exile",
    "factory",
    "field",
    "forest",
    "garden",
    "glass",
    "harbor",
    "island",
    "kitchen",
    "letter",
    "light",
    "map",
    "memory",
    "migration",
    "mountain",
    "museum",
    "night",
    "orchard",
    "prison",
    "railway",
    "river",
    "salt",
    "school",
    "sea",
    "shadow",
    "silence",
    "snow",
    "square",
    "station",
    "steel",
    "storm",
    "street",
    "summer",
    "testimony",
    "theater",
    "tide",
    "trial",
    "valley",
    "village",
    "voice",
    "war",
    "water",
    "weather",
    "winter",
    "witness",
    "work",
]


def build(url: str, *, films: int) -> str:
    """Make the database at ``url`` and return the slug of a film that is on sale in it."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, "head")
    engine = make_engine(url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        seed_everything(session, ROOT / "seeds", demo_staff=False)
    chance = random.Random(1)  # noqa: S311 - the same catalog each time, nothing secret
    for start in range(0, films, BATCH):
        with sessions.begin() as session:
            for n in range(start, min(start + BATCH, films)):
                _add_film(session, n, chance)
    engine.dispose()
    return MODEL


def _add_film(session: Session, n: int, chance: random.Random) -> None:
    title = " ".join(chance.sample(WORDS, 3)).title()
    document = FilmDocument.model_validate(
        {
            "slug": f"film-{n}",
            "title": title,
            "status": "published",
            "synopsis": " ".join(chance.choices(WORDS, k=90)).capitalize() + ".",
            "release_year": chance.randint(1925, 2026),
            "countries": [chance.choice(["US", "FR", "NL", "RU", "BR", "IN"])],
            "versions": [
                {
                    "label": "Feature",
                    "runtime_minutes": chance.randint(10, 240),
                    "spoken": [chance.choice(["eng", "rus", "fra", "spa"])],
                    "subtitles": ["eng"],
                }
            ],
            "credits": [{"name": f"Director {chance.randint(1, 3000)}", "role": "director"}],
            "subjects": chance.sample(SUBJECTS, 2),
        }
    )
    film = writing.create_film(session, document, actor=Actor.system("bench"))
    _sell_like_the_model(session, film.id, f"film-{n}", version_id=film.versions[0].id)


def _sell_like_the_model(session: Session, film_id: int, slug: str, *, version_id: int) -> None:
    """Copy the rights window, the offers and the prices of the model film."""
    model = session.scalars(select(Offer.film_id).where(Offer.sku.startswith(MODEL))).first()
    for window in session.scalars(select(RightsWindow).where(RightsWindow.film_id == model)):
        _copy(session, window, film_id=film_id, ref=new_number("RW"))
    for offer in session.scalars(select(Offer).where(Offer.film_id == model)):
        copy = _copy(session, offer, film_id=film_id, sku=offer.sku.replace(MODEL, slug))
        session.execute(insert(offer_versions).values(offer_id=copy, version_id=version_id))
        for row in session.scalars(select(PriceRow).where(PriceRow.offer_id == offer.id)):
            _copy(session, row, offer_id=copy, ref=new_number("PR"))


def _copy(session: Session, row: Base, **changed: object) -> int:
    """Insert the row again with other values in some columns; return its new id."""
    mapper = inspect(type(row))
    values: dict[str, Any] = {
        attribute.key: getattr(row, attribute.key)
        for attribute in mapper.column_attrs
        if attribute.key != "id"
    }
    key = next(iter(mapper.primary_key))
    made = session.execute(insert(type(row)).values(values | changed).returning(key))
    return int(made.scalar_one())
