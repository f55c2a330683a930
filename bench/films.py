"""A catalog of any size: the sample catalog, and generated films sold as The Red Soul is."""

import random
from dataclasses import dataclass
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


Values = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """How the model film is sold: its windows, and its offers with their prices."""

    windows: list[Values]
    offers: list[tuple[Values, list[Values]]]


def build(url: str, *, films: int) -> str:
    """Make the database at ``url`` and return the slug of a film that is on sale in it."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, "head")
    engine = make_engine(url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        seed_everything(session, ROOT / "seeds", demo_staff=False)
        model = _read_model(session)
    chance = random.Random(1)  # noqa: S311 - the same catalog each time, nothing secret
    for start in range(0, films, BATCH):
        with sessions.begin() as session:
            for n in range(start, min(start + BATCH, films)):
                _add_film(session, n, chance, model)
            session.expunge_all()
    engine.dispose()
    return MODEL


def _add_film(session: Session, n: int, chance: random.Random, model: Model) -> None:
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
    _sell_like_the_model(
        session, model, film_id=film.id, slug=f"film-{n}", version_id=film.versions[0].id
    )


def _read_model(session: Session) -> Model:
    film_id = session.scalars(select(Offer.film_id).where(Offer.sku.startswith(MODEL))).first()
    offers = session.scalars(select(Offer).where(Offer.film_id == film_id)).all()
    return Model(
        windows=[
            _values(row)
            for row in session.scalars(select(RightsWindow).where(RightsWindow.film_id == film_id))
        ],
        offers=[
            (
                _values(offer),
                [
                    _values(row)
                    for row in session.scalars(
                        select(PriceRow).where(PriceRow.offer_id == offer.id)
                    )
                ],
            )
            for offer in offers
        ],
    )


def _sell_like_the_model(
    session: Session, model: Model, *, film_id: int, slug: str, version_id: int
) -> None:
    """Copy the rights windows, the offers and the prices of the model film."""
    windows = [w | {"film_id": film_id, "ref": new_number("RW")} for w in model.windows]
    session.execute(insert(RightsWindow), windows)
    prices: list[Values] = []
    for offer, rows in model.offers:
        sku = str(offer["sku"]).replace(MODEL, slug)
        copy = insert(Offer).values(offer | {"film_id": film_id, "sku": sku}).returning(Offer.id)
        offer_id = session.execute(copy).scalar_one()
        link = {"offer_id": offer_id, "version_id": version_id}
        session.execute(insert(offer_versions).values(link))
        prices += [row | {"offer_id": offer_id, "ref": new_number("PR")} for row in rows]
    session.execute(insert(PriceRow), prices)


def _values(row: Base) -> Values:
    """Return what a row holds, but for its id."""
    names = [attribute.key for attribute in inspect(type(row)).column_attrs]
    return {name: getattr(row, name) for name in names if name != "id"}
