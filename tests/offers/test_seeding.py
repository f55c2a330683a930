"""The sample offers: what they promise, and that seeding can be repeated."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.catalog.models import Film
from app.catalog.seed_schema import SeedError
from app.core import clock
from app.core.money import Money
from app.offers import offer_service, queries, seed_schema
from app.offers.licensing import (
    Buyer,
    LicensingAnswer,
    OfferAnswer,
    build_offer_answer,
    get_licensing,
)
from app.offers.models import LicenseText, PriceRow
from app.offers.seeding import seed_offers
from app.offers.states import HeldRight, OfferStatus, Refusal
from tests import factories
from tests.databases import SEEDS
from tests.offers.offer_factories import STAFF

TODAY = clock.today()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the seeds with two films and few prices, which a test may edit."""
    for name in ("offers.yaml", "rights_windows.yaml"):
        shutil.copy(SEEDS / name, tmp_path / name)
    shutil.copytree(SEEDS / "license_texts", tmp_path / "license_texts")
    offers = yaml.safe_load((tmp_path / "offers.yaml").read_text())
    offers["films"] = {
        "the-red-soul": {"prices": "standard", "offers": ["dvd-ppr"]},
        "pripyat": {"prices": "standard", "offers": ["dsl-1y", "dsl-3y"]},
    }
    write(tmp_path, offers)
    return tmp_path


def read(folder: Path) -> dict[str, object]:
    """Return what the offers' seed says."""
    loaded: dict[str, object] = yaml.safe_load((folder / "offers.yaml").read_text())
    return loaded


def write(folder: Path, offers: dict[str, object]) -> None:
    """Let the offers' seed say something else."""
    (folder / "offers.yaml").write_text(yaml.safe_dump(offers))


def options(session: Session, slug: str, buyer: Buyer) -> LicensingAnswer:
    """Return what a buyer may license of a film today."""
    film = queries.get_licensable_film(session, slug)
    return get_licensing(session, film, buyer, on=TODAY)


@pytest.mark.seeded
@pytest.mark.parametrize(
    ("customer_class", "amount"),
    [
        ("college", 39800),
        ("government", 39800),
        ("hospital", 39800),
        ("corporation", 39800),
        ("community_college", 29800),
        ("k12_school", 8900),
        ("k12_district", 12900),
        ("public_library", 8900),
        ("nonprofit", 14900),
    ],
)
def test_red_soul_on_disc_costs_what_its_class_pays(
    session: Session, customer_class: str, amount: int
) -> None:
    buyer = Buyer(CustomerClass(customer_class), None, "US")
    answer = build_offer_answer(session, "the-red-soul-dvd-ppr", buyer, quantity=1, on=TODAY)
    assert isinstance(answer, OfferAnswer)
    assert answer.price.total == Money(amount, "USD")
    assert answer.rights.ppr.included


@pytest.mark.seeded
@pytest.mark.parametrize(
    ("size", "amounts"),
    [
        (2499, [14900, 32900, 49800]),
        (2500, [19900, 44900, 59800]),
        (10000, [24900, 54900, 74800]),
        (25000, [29900, 64900, 89800]),
    ],
)
def test_red_soul_s_site_license_is_banded_by_fte(
    session: Session, size: int, amounts: list[int]
) -> None:
    answer = options(session, "the-red-soul", Buyer(CustomerClass.COLLEGE, size, "US"))
    files = [offer for offer in answer.offers if not offer.ships]
    assert [offer.sku.removeprefix("the-red-soul-") for offer in files] == [
        "dsl-1y",
        "dsl-3y",
        "dsl-perpetual",
    ]
    assert [offer.price.total.amount for offer in files] == amounts


@pytest.mark.seeded
def test_pripyat_s_longer_terms_are_refused_as_its_rights_end_soon(session: Session) -> None:
    answer = options(session, "pripyat", Buyer(CustomerClass.COLLEGE, 5000, "US"))
    assert [offer.sku for offer in answer.offers] == [
        "pripyat-dvd-ppr",
        "pripyat-dsl-semester",
        "pripyat-dsl-1y",
    ]
    assert {refused.sku: refused.codes for refused in answer.not_offered} == {
        "pripyat-dsl-3y": [Refusal.TERM_OUTLASTS_RIGHTS],
        "pripyat-dsl-perpetual": [Refusal.NOT_PERPETUAL],
    }


@pytest.mark.seeded
def test_territory_of_a_film_is_respected(session: Session) -> None:
    french = Buyer(CustomerClass.COLLEGE, 5000, "FR")
    answer = options(session, "iraq-in-fragments", french)
    assert answer.offers == ()
    assert {code for refused in answer.not_offered for code in refused.codes} == {
        Refusal.OUTSIDE_TERRITORY
    }


@pytest.mark.seeded
def test_every_film_can_be_bought_by_a_college_but_the_one_that_partners_alone_stream(
    session: Session,
) -> None:
    buyer = Buyer(CustomerClass.COLLEGE, 5000, "US")
    unsold = [
        slug
        for slug in session.scalars(select(Film.slug).order_by(Film.slug))
        if not options(session, slug, buyer).offers
    ]
    assert unsold == ["art-and-oligarchs"]
    partners = options(session, "art-and-oligarchs", buyer).partner_links
    assert [link.platform for link in partners] == ["Docuseek"]


@pytest.mark.seeded
def test_seeding_again_changes_nothing(session: Session) -> None:
    before = session.scalar(select(func.count()).select_from(PriceRow))
    report = seed_offers(session, SEEDS)
    assert (report.created, report.changed, report.skipped) == ([], [], [])
    assert session.scalar(select(func.count()).select_from(PriceRow)) == before
    assert {text.code for text in session.scalars(select(LicenseText))} == {
        "digital-site-license",
        "dvd-ppr",
        "general-terms",
    }


@pytest.mark.once
def test_seed_files_name_only_films_of_the_catalog() -> None:
    films = {path.stem for path in (SEEDS / "films").glob("*.yaml")}
    assert {seed.offer.film for seed in seed_schema.read_offers(SEEDS)} <= films
    assert {seed.window.film for seed in seed_schema.read_windows(SEEDS)} <= films


def test_films_that_the_catalog_lacks_are_skipped_until_they_come(
    session: Session, folder: Path
) -> None:
    factories.film(session, title="The Red Soul", slug="the-red-soul")
    report = seed_offers(session, folder)
    assert "offers/the-red-soul-dvd-ppr" in report.created
    assert [name for name in report.skipped if name.startswith("offers/")] == [
        "offers/pripyat-dsl-1y",
        "offers/pripyat-dsl-3y",
    ]
    factories.film(session, title="Pripyat", slug="pripyat")
    later = seed_offers(session, folder)
    assert "offers/pripyat-dsl-1y" in later.created
    assert [name for name in later.skipped if name.startswith("offers/pripyat")] == []


def test_changed_price_ends_today_and_the_new_one_begins_tomorrow(
    session: Session, folder: Path
) -> None:
    factories.film(session, title="The Red Soul", slug="the-red-soul")
    seed_offers(session, folder)
    changed = read(folder)
    changed["films"] = {
        "the-red-soul": {
            "prices": "standard",
            "offers": ["dvd-ppr"],
            "override": {"dvd-ppr": {"college": 419}},
        }
    }
    write(folder, changed)
    report = seed_offers(session, folder)
    assert "offers/the-red-soul-dvd-ppr" in report.changed
    session.expire_all()
    rows = [
        (row.amount, row.valid_from, row.valid_to)
        for row in queries.get_offer(session, "the-red-soul-dvd-ppr").prices
        if row.customer_class is CustomerClass.COLLEGE
    ]
    tomorrow = TODAY + timedelta(days=1)
    assert [(amount, ends) for amount, _, ends in rows] == [(39800, TODAY), (41900, None)]
    assert rows[1][1] == tomorrow


@pytest.mark.parametrize("days", [1, 30])
def test_a_changed_price_begins_on_the_seeds_day_and_the_old_one_holds_until_then(
    session: Session, folder: Path, days: int
) -> None:
    factories.film(session, title="The Red Soul", slug="the-red-soul")
    seed_offers(session, folder)
    begins = TODAY + timedelta(days=days)
    changed = read(folder) | {"valid_from": begins}
    changed["films"] = {
        "the-red-soul": {
            "prices": "standard",
            "offers": ["dvd-ppr"],
            "override": {"dvd-ppr": {"college": 419}},
        }
    }
    write(folder, changed)

    for _ in range(2):
        seed_offers(session, folder)
        session.expire_all()
        rows = queries.get_offer(session, "the-red-soul-dvd-ppr").prices
        assert [
            (row.amount, row.valid_from, row.valid_to)
            for row in rows
            if row.customer_class is CustomerClass.COLLEGE
        ] == [
            (39800, date(2026, 1, 1), begins - timedelta(days=1)),
            (41900, begins, None),
        ]
        # Prices that stay the same go on without a break.
        assert all(
            row.valid_to is None for row in rows if row.customer_class is CustomerClass.GOVERNMENT
        )

    later = begins + timedelta(days=3)
    write(folder, changed | {"valid_from": later})
    seed_offers(session, folder)
    session.expire_all()
    rows = queries.get_offer(session, "the-red-soul-dvd-ppr").prices
    college = [row for row in rows if row.customer_class is CustomerClass.COLLEGE]
    assert [row.valid_from for row in college] == [date(2026, 1, 1), later]


def test_what_staff_changed_stays_while_the_seed_says_the_same(
    session: Session, folder: Path
) -> None:
    factories.film(session, title="Pripyat", slug="pripyat")
    seed_offers(session, folder)
    film_id = queries.get_offer(session, "pripyat-dsl-1y").film_id
    windows = queries.find_windows(session, [film_id])
    (dsl,) = [window for window in windows if window.right is HeldRight.DSL]
    assert dsl.ends_on == TODAY + timedelta(days=400)
    dsl.ends_on = TODAY + timedelta(days=30)
    offer_service.withdraw_offer(session, sku="pripyat-dsl-1y", actor=STAFF)
    session.flush()
    report = seed_offers(session, folder)
    assert (report.created, report.changed) == ([], [])
    session.refresh(dsl)
    assert dsl.ends_on == TODAY + timedelta(days=30)
    offer = queries.get_offer(session, "pripyat-dsl-1y")
    assert offer.status is OfferStatus.WITHDRAWN


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("offers.yaml", "currency: [", "offers.yaml"),
        ("offers.yaml", "{}", "offers.yaml"),
        ("rights_windows.yaml", "{}", "rights_windows.yaml"),
        ("license_texts/dvd-ppr-1.0.md", "No head.", "dvd-ppr-1.0.md: begins with a head"),
        ("license_texts/dvd-ppr-1.0.md", "---\ncode: X Y\n---\nBody.", "dvd-ppr-1.0.md"),
    ],
)
def test_unreadable_seed_is_named(
    session: Session, folder: Path, name: str, text: str, message: str
) -> None:
    (folder / name).write_text(text)
    with pytest.raises(SeedError, match=message):
        seed_offers(session, folder)


@pytest.mark.parametrize(
    ("film", "message"),
    [
        ({"prices": "no-such-list"}, "the-red-soul: 'no-such-list'"),
        ({"prices": "standard", "offers": ["no-such-kind"]}, "the-red-soul: 'no-such-kind'"),
        ({"prices": "standard", "override": {"dvd-ppr": {"college": 1.5}}}, "write 1.5 as"),
        (
            {"prices": "standard", "override": {"dvd-ppr": {"college": "1.555"}}},
            "1.555 USD has too many decimals",
        ),
        (
            {"prices": "standard", "override": {"dsl-1y": {"college": {"fte": [1, 2]}}}},
            "the-red-soul: zip",
        ),
    ],
)
def test_seed_that_refers_to_nothing_is_named(
    session: Session, folder: Path, film: dict[str, object], message: str
) -> None:
    changed = read(folder)
    changed["films"] = {"the-red-soul": film}
    write(folder, changed)
    with pytest.raises(SeedError, match=message):
        seed_offers(session, folder)


def test_seed_that_the_rules_refuse_is_named_with_its_field(session: Session, folder: Path) -> None:
    factories.film(session, title="The Red Soul", slug="the-red-soul")
    changed = read(folder)
    changed["films"] = {
        "the-red-soul": {"prices": "standard", "offers": ["dvd-ppr"], "versions": ["Broadcast"]}
    }
    write(folder, changed)
    with pytest.raises(SeedError, match=r"offers/the-red-soul-dvd-ppr: .*#/versions/0"):
        seed_offers(session, folder)
