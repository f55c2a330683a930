"""Search and the licensing answer of one offer agree on what is for sale, and from which price."""

from array import array
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.accounts.customers import CustomerClass
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.core.money import Money
from app.offers.licensing import Buyer, OfferAnswer, answer_offer
from app.offers.models import Offer
from app.offers.pricing import PricePoint, SizeBand
from app.offers.states import Delivery, OfferStatus
from app.offers.terms import TermKind
from app.offers.territories import Territory
from app.offers.window_rules import Window
from app.search.for_sale import OffersForSale, OfferTerms
from tests import factories

pytestmark = pytest.mark.once

DAY = date(2026, 11, 30)
# Mostly past: else hardly any offer would be for sale.
DAYS = st.integers(-400, 60).map(lambda days: DAY + timedelta(days=days))
TERRITORIES = st.one_of(
    st.just(["WORLD"]),
    st.lists(st.sampled_from(["US", "FR", "GP"]), min_size=1, max_size=2, unique=True),
)
CLASSES = (CustomerClass.COLLEGE, CustomerClass.K12_SCHOOL)
EDGES = (0, 1000, 2500, 10_000, 10**9)
BUNDLES = (factories.CLASSROOM_DISC, factories.SITE_LICENSE)


@st.composite
def any_offer(draw: st.DrawFn) -> Offer:
    """Return any offer, mostly one that is published and of a public film."""
    kind = draw(st.sampled_from(TermKind))
    return Offer(
        sku="offer",
        title="Offer",
        film=Film(status=draw(st.sampled_from([*[FilmStatus.PUBLISHED] * 5, *FilmStatus]))),
        delivery=draw(st.sampled_from(Delivery)),
        rights=draw(st.sampled_from(BUNDLES)),
        term_kind=kind,
        term_months=draw(st.integers(1, 24)) if kind is TermKind.MONTHS else None,
        territory=draw(TERRITORIES),
        status=draw(st.sampled_from([*[OfferStatus.PUBLISHED] * 5, *OfferStatus])),
        on_sale_from=draw(st.none() | DAYS),
    )


@st.composite
def any_windows(draw: st.DrawFn, needed: frozenset[object]) -> tuple[Window, ...]:
    """Return windows of the rights that an offer needs, and sometimes too few of them."""
    windows = []
    for right in sorted(needed, key=str):
        for _ in range(draw(st.sampled_from([0, 1, 2, 2]))):
            starts_on, longest = draw(DAYS), draw(st.none() | st.integers(6, 40))
            windows.append(
                Window(
                    right=right,  # type: ignore[arg-type]
                    territory=Territory.parse(draw(TERRITORIES)),
                    starts_on=starts_on,
                    ends_on=draw(
                        st.none() | st.integers(0, 2000).map(lambda d: DAY + timedelta(days=d))
                    ),
                    max_term_months=longest,
                    may_sublicense_perpetual=longest is None and draw(st.booleans()),
                )
            )
    return tuple(windows)


@st.composite
def any_points(draw: st.DrawFn) -> tuple[PricePoint, ...]:
    """Return a price list without clashes: some bands of some classes, valid on some days."""
    points = []
    for customer_class in CLASSES:
        inner = draw(st.sets(st.sampled_from(EDGES[1:-1])))
        for size_from, size_below in pairwise([0, *sorted(inner), None]):
            if draw(st.integers(0, 3)):
                assert size_from is not None
                points.append(
                    PricePoint(
                        customer_class=customer_class,
                        band=SizeBand(size_from, size_below),
                        amount=Money(draw(st.integers(1, 9)) * 5000, "USD"),
                        valid_from=draw(DAYS),
                        valid_to=None,
                    )
                )
    return tuple(points)


@settings(max_examples=300)
@given(st.data())
def test_search_and_the_licensing_answer_agree(data: st.DataObject) -> None:
    offer = data.draw(any_offer())
    windows = data.draw(any_windows(frozenset(offer.sale_terms.needed)))
    points = data.draw(any_points())
    kind = OfferTerms(offer.delivery, offer.bundle.ppr.included, offer.sale_terms)
    offered = OffersForSale(DAY, {(kind, points, windows): array("I", [0])}, size=1)

    def answered(buyer: Buyer) -> Money | None:
        answer = answer_offer(offer, windows, points, buyer, quantity=1, on=DAY)
        return answer.price.total if isinstance(answer, OfferAnswer) else None

    def found(buyer: Buyer | None) -> Money | None:
        view = offered.view(buyer)
        assert (0 in view.prices) == any(members for members in view.films.values())
        return view.prices.get(0)

    for customer_class in CLASSES:
        for country in ("US", "GP", "CA"):
            prices = [
                answered(Buyer(customer_class, size, country))
                for edge in EDGES
                for size in (edge, edge + 1)
            ]
            sized = [found(Buyer(customer_class, s, country)) for e in EDGES for s in (e, e + 1)]
            assert sized == prices
            # Without a size, search shows the lowest price at any size.
            lowest = min((p for p in prices if p), key=lambda money: money.amount, default=None)
            assert found(Buyer(customer_class, None, country)) == lowest

    if found(None) is not None:  # sold throughout its territory, so also to a buyer in it
        inside = offer.territory[0] if offer.territory != ["WORLD"] else "US"
        assert found(None) in [
            answered(Buyer(each, edge, inside)) for each in CLASSES for edge in EDGES
        ]
