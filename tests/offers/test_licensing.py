"""Licensing answers: what a buyer may have, at what price, and every reason why not."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.catalog import film_service
from app.catalog.models import Film
from app.core import clock
from app.core.money import Money
from app.offers import license_texts, offer_service, queries, window_service
from app.offers.licensing import (
    Buyer,
    NotOffered,
    OfferAnswer,
    build_offer_answer,
    find_grant_refusals,
    find_starting_prices,
    get_licensing,
)
from app.offers.models import Offer
from app.offers.staff_schemas import LicenseTextIn, OfferPatch, WindowPatch
from app.offers.states import HeldRight, Refusal
from app.offers.terms import Term, TermKind
from app.offers.territories import Territory
from app.offers.window_rules import format_day
from tests import factories
from tests.catalog.counting import counted
from tests.offers import offer_factories
from tests.offers.offer_factories import COLLEGE, STAFF

TODAY = clock.today()


@pytest.fixture
def film(session: Session) -> Film:
    """A film that may be sold in every way."""
    return offer_factories.film_with_rights(session)


def ask(
    session: Session, offer: Offer, buyer: Buyer = COLLEGE, *, quantity: int = 1, on: date = TODAY
) -> OfferAnswer | NotOffered:
    """Ask for one offer."""
    return build_offer_answer(session, offer.sku, buyer, quantity=quantity, on=on)


def refusal(answer: OfferAnswer | NotOffered) -> tuple[Refusal, str]:
    """Return the one reason of a no."""
    assert isinstance(answer, NotOffered)
    ((code, words),) = zip(answer.codes, answer.reasons, strict=True)
    return code, words


def test_buyer_is_offered_what_fits_with_its_price(session: Session, film: Film) -> None:
    offer_factories.disc(session, film, position=0)
    offer_factories.published(session, film, position=1)
    answer = get_licensing(session, film, COLLEGE, on=TODAY)
    assert [offer.sku for offer in answer.offers] == [f"{film.slug}-dvd-ppr", f"{film.slug}-dsl-1y"]
    assert [offer.ships for offer in answer.offers] == [True, False]
    assert [offer.price.total for offer in answer.offers] == [Money(19900, "USD")] * 2
    assert [offer.term_label for offer in answer.offers] == ["the life of the disc", "1 year"]
    assert answer.not_offered == ()


def test_draft_is_as_unknown_as_what_never_was(session: Session, film: Film) -> None:
    draft = offer_factories.draft(session, film)
    offer_factories.price(session, draft)
    assert refusal(ask(session, draft)) == (
        Refusal.UNKNOWN,
        f"Offer “{draft.sku}” not found.",
    )
    never = build_offer_answer(session, "never-was", COLLEGE, quantity=1, on=TODAY)
    assert isinstance(never, NotOffered)
    assert (never.delivery, never.codes) == (None, [Refusal.UNKNOWN])
    assert get_licensing(session, film, COLLEGE, on=TODAY).not_offered == ()


def test_withdrawn_offer_is_refused_as_such(session: Session, film: Film) -> None:
    offer = offer_factories.published(session, film)
    offer_service.withdraw_offer(session, sku=offer.sku, actor=STAFF)
    assert refusal(ask(session, offer)) == (
        Refusal.WITHDRAWN,
        ("This license is no longer available."),
    )


def test_offer_of_a_withdrawn_film_is_refused_as_such(session: Session, film: Film) -> None:
    offer = offer_factories.published(session, film)
    film_service.withdraw_film(session, film.slug, actor=STAFF)
    session.flush()
    assert refusal(ask(session, offer))[0] is Refusal.FILM_WITHDRAWN


def test_offer_not_on_sale_yet_says_when(session: Session, film: Film) -> None:
    first = TODAY + timedelta(days=10)
    offer = offer_factories.published(session, film, on_sale_from=first)
    assert refusal(ask(session, offer)) == (
        Refusal.NOT_ON_SALE_YET,
        f"This license will be available on {format_day(first)}.",
    )
    assert isinstance(ask(session, offer, on=first), OfferAnswer)


def test_buyer_elsewhere_is_told_where_it_is_sold(session: Session, film: Film) -> None:
    offer = offer_factories.published(session, film)
    abroad = Buyer(CustomerClass.COLLEGE, 5000, "FR")
    assert refusal(ask(session, offer, abroad)) == (
        Refusal.OUTSIDE_TERRITORY,
        "This license is available in Canada and the United States only.",
    )


def test_class_without_a_price_is_told_so(session: Session, film: Film) -> None:
    offer = offer_factories.published(session, film)
    library = Buyer(CustomerClass.PUBLIC_LIBRARY, None, "US")
    assert refusal(ask(session, offer, library)) == (
        Refusal.NOT_FOR_CLASS,
        "This license is not available to public libraries.",
    )


def test_size_is_asked_for_only_where_it_decides(session: Session, film: Film) -> None:
    offer = offer_factories.published(session, film)
    for size_from, size_below in ((0, 1000), (1000, None)):
        edges = {"class": "hospital", "size_from": size_from, "size_below": size_below}
        offer_factories.price(session, offer, 100 + size_from, **edges)
    unsized = Buyer(CustomerClass.HOSPITAL, None, "US")
    assert refusal(ask(session, offer, unsized)) == (
        Refusal.SIZE_NEEDED,
        "The price depends on your size. How many people work at the hospital or health system?",
    )
    assert isinstance(ask(session, offer, Buyer(CustomerClass.COLLEGE, None, "US")), OfferAnswer)


def test_window_that_ends_refuses_longer_terms_with_the_day(session: Session, film: Film) -> None:
    terms: list[dict[str, Any]] = [
        {"kind": "semester"},
        {"kind": "months", "months": 12},
        {"kind": "months", "months": 36},
        {"kind": "perpetual"},
        {"kind": "life_of_format"},
    ]
    for place, term in enumerate(terms):
        offer_factories.published(session, film, sku=f"term-{place}", term=term, position=place)
    (dsl,) = [w for w in queries.find_windows(session, [film.id]) if w.right is HeldRight.DSL]
    ends_on = TODAY + timedelta(days=300)
    patch = WindowPatch(ends_on=ends_on, may_sublicense_perpetual=False)
    window_service.change_window(session, ref=dsl.ref, patch=patch, actor=STAFF)
    answer = get_licensing(session, film, COLLEGE, on=TODAY)
    assert [offer.sku for offer in answer.offers] == ["term-0"]
    until = format_day(ends_on)
    past = f"would run past {until}, when our rights to this film end."
    ours = f"because our own rights end on {until}."
    assert {refused.sku: refused.reasons for refused in answer.not_offered} == {
        "term-1": [f"A license for 1 year {past}"],
        "term-2": [f"A license for 3 years {past}"],
        "term-3": [f"We can't license this film in perpetuity {ours}"],
        "term-4": [f"We can't license this film for the life of the file format {ours}"],
    }
    after = get_licensing(session, film, COLLEGE, on=ends_on + timedelta(days=1))
    assert after.offers == ()


def test_all_reasons_are_told_at_once(session: Session, film: Film) -> None:
    offer = offer_factories.published(session, film)
    offer_service.withdraw_offer(session, sku=offer.sku, actor=STAFF)
    library = Buyer(CustomerClass.PUBLIC_LIBRARY, None, "FR")
    answer = ask(session, offer, library, quantity=2)
    assert isinstance(answer, NotOffered)
    assert answer.codes == [
        Refusal.OUTSIDE_TERRITORY,
        Refusal.WITHDRAWN,
        Refusal.QUANTITY,
        Refusal.NOT_FOR_CLASS,
    ]


def test_discs_are_sold_by_the_copy_and_licenses_by_the_institution(
    session: Session, film: Film
) -> None:
    disc = ask(session, offer_factories.disc(session, film), quantity=3)
    assert isinstance(disc, OfferAnswer)
    assert disc.price.total == Money(59700, "USD")
    assert refusal(ask(session, offer_factories.published(session, film), quantity=2)) == (
        Refusal.QUANTITY,
        "One license covers the whole institution. Set the quantity to 1.",
    )


def test_snapshot_holds_all_that_was_promised_as_json(session: Session, film: Film) -> None:
    offer_factories.disc(session, film)
    answer = build_offer_answer(session, f"{film.slug}-dvd-ppr", COLLEGE, quantity=2, on=TODAY)
    assert isinstance(answer, OfferAnswer)
    snapshot = json.loads(json.dumps(answer.snapshot()))
    text = queries.get_license_text(session, "dvd-ppr", "1.0")
    assert {key: snapshot[key] for key in snapshot.keys() - {"rights", "rights_text"}} == {
        "sku": f"{film.slug}-dvd-ppr",
        "title": "DVD with public performance rights",
        "film": {"slug": film.slug, "title": "The Red Soul"},
        "delivery": "dvd",
        "ships": True,
        "versions": ["Feature"],
        "term": {"kind": "life_of_media", "months": None, "words": "the life of the disc"},
        "territory": ["CA", "US"],
        "license_text": {
            "code": "dvd-ppr",
            "version": "1.0",
            "title": "Text dvd-ppr",
            "sha256": text.sha256,
        },
        "price": {
            "unit": {"amount": 19900, "currency": "USD"},
            "quantity": 2,
            "total": {"amount": 39800, "currency": "USD"},
            "band": "any size",
            "lines": [
                {
                    "label": (
                        f"List price since {format_day(TODAY)}: College or university, any size"
                    ),
                    "amount": {"amount": 19900, "currency": "USD"},
                },
                {
                    "label": "2 copies at $199.00 each",
                    "amount": {"amount": 39800, "currency": "USD"},
                },
            ],
        },
        "buyer": {"class": "college", "size": 5000, "country": "US"},
        "priced_on": TODAY.isoformat(),
    }
    assert snapshot["rights"] == answer.rights.model_dump(mode="json")
    assert [said["answer"] for said in snapshot["rights_text"]] == [
        sentence.answer for sentence in answer.rights_sentences
    ]


def test_nothing_that_changes_later_reaches_a_snapshot(session: Session, film: Film) -> None:
    offer = offer_factories.published(session, film)
    answer = ask(session, offer)
    assert isinstance(answer, OfferAnswer)
    before = answer.snapshot()
    kept = json.loads(json.dumps(before))
    newer = LicenseTextIn(
        code="digital-site-license", version="2.0", title="Newer", body="Other words."
    )
    license_texts.publish_license_text(session, draft=newer, actor=STAFF)
    patch = OfferPatch.model_validate(
        {
            "title": "Other",
            "term": {"kind": "semester"},
            "rights": factories.SITE_LICENSE | {"clips": "prohibited"},
            "license_text": {"code": "digital-site-license", "version": "2.0"},
        }
    )
    offer_service.change_offer(session, sku=offer.sku, patch=patch, actor=STAFF)
    session.commit()
    assert before == kept
    now = ask(session, offer)
    assert isinstance(now, OfferAnswer)
    assert now.snapshot() != kept


def test_answers_take_as_many_queries_for_many_offers_as_for_one(
    session: Session, film: Film
) -> None:
    offer_factories.published(session, film)
    session.commit()

    def queries_needed() -> int:
        session.expunge_all()
        found = queries.get_licensable_film(session, film.slug)
        with counted(session) as statements:
            get_licensing(session, found, COLLEGE, on=TODAY)
        return len(statements)

    alone = queries_needed()
    for place in range(6):
        offer = offer_factories.draft(session, film, sku=f"more-{place}")
        for buyer in ("college", "hospital", "k12_school"):
            offer_factories.price(session, offer, 100 + place, **{"class": buyer})
        offer_service.publish_offer(session, sku=offer.sku, actor=STAFF)
    session.commit()
    assert (alone, queries_needed()) == (4, 4)


def test_starting_price_is_the_lowest_that_can_be_bought_today(session: Session) -> None:
    cheap, dear, ended, unsold = (
        offer_factories.film_with_rights(session, title=f"Film of price {place}")
        for place in range(4)
    )
    offer_factories.price(
        session, offer_factories.published(session, cheap), 4900, **{"class": "k12_school"}
    )
    offer_factories.published(session, dear)
    withdrawn = offer_factories.disc(session, dear)
    offer_factories.price(session, withdrawn, 100, **{"class": "k12_school"})
    offer_service.withdraw_offer(session, sku=withdrawn.sku, actor=STAFF)
    offer_factories.published(session, ended)
    for window in queries.find_windows(session, [ended.id]):
        patch = WindowPatch(ends_on=TODAY - timedelta(days=1))
        window_service.change_window(session, ref=window.ref, patch=patch, actor=STAFF)
    session.commit()
    ids = [film.id for film in (cheap, dear, ended, unsold)]
    session.expunge_all()
    with counted(session) as statements:
        found = find_starting_prices(session, ids)
    assert found == {cheap.id: Money(4900, "USD"), dear.id: Money(19900, "USD")}
    assert len(statements) == 3


def test_grant_is_checked_against_the_rights_of_that_day(session: Session, film: Film) -> None:
    def refused(term: Term, *, needed: set[HeldRight]) -> list[Refusal]:
        reasons = find_grant_refusals(
            session,
            film_id=film.id,
            needed=needed,
            territory=Territory(frozenset({"US"})),
            term=term,
            starts_on=TODAY,
        )
        return [reason.code for reason in reasons]

    perpetual = Term(kind=TermKind.PERPETUAL)
    assert refused(perpetual, needed={HeldRight.DVD, HeldRight.PPR}) == []
    assert refused(perpetual, needed={HeldRight.EDU_STREAM}) == [Refusal.RIGHTS_NOT_HELD]


def test_partner_links_are_those_of_the_buyer_s_class_and_country(session: Session) -> None:
    link = {"url": "https://example.org/", "checked_on": "2026-11-01"}
    film = factories.film(
        session,
        partner_links=[
            {"platform": "Everywhere", **link},
            {"platform": "Schools", "classes": ["k12_school"], **link},
            {"platform": "France", "territory": ["FR"], **link},
            {"platform": "Colleges", "classes": ["college"], "territory": ["US"], **link},
        ],
    )
    session.commit()
    session.expunge_all()
    found = queries.get_licensable_film(session, film.slug)
    answer = get_licensing(session, found, COLLEGE, on=TODAY)
    assert [partner.platform for partner in answer.partner_links] == ["Everywhere", "Colleges"]
