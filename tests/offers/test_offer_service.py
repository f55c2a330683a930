"""Offers: drafts, changes, publishing within the rights held, withdrawing."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.audit import entries_about
from app.accounts.errors import InvalidTransitionError
from app.catalog.public_revision import current
from app.core import clock
from app.core.errors import InvalidInputError, NotFoundError
from app.offers import offer_service, queries, window_service
from app.offers.errors import AlreadyExistsError, OfferStateError, OutsideRightsError
from app.offers.models import Offer, PriceRow
from app.offers.staff_schemas import OfferPatch, WindowPatch
from app.offers.states import OfferStatus
from tests import factories
from tests.offers import offer_factories

TODAY = clock.today()


def pointers(error: InvalidInputError) -> list[str]:
    """Return the fields that an error names."""
    return [problem.pointer for problem in error.errors]


def test_offer_begins_as_a_draft_that_says_what_was_written(session: Session) -> None:
    film = offer_factories.film_with_rights(session)
    offer = offer_factories.draft(session, film, versions=["Feature"], position=3)
    session.commit()
    session.expire_all()
    kept = queries.get_offer(session, offer.sku)
    assert kept.status is OfferStatus.DRAFT
    assert offer_service.offer_document(kept) == {
        "film": film.slug,
        "title": "Digital site license, 1 year",
        "delivery": "file",
        "versions": ["Feature"],
        "rights": kept.bundle.model_dump(mode="json"),
        "term": {"kind": "months", "months": 12},
        "territory": ["CA", "US"],
        "license_text": {"code": "digital-site-license", "version": "1.0"},
        "on_sale_from": None,
        "position": 3,
    }
    assert [entry.action for entry in entries_about(session, "offer", kept.sku)] == [
        "offer.created"
    ]


def test_sku_is_never_given_twice(session: Session) -> None:
    film = offer_factories.film_with_rights(session)
    first = offer_factories.published(session, film)
    offer_service.withdraw_offer(session, sku=first.sku, actor=offer_factories.STAFF)
    session.commit()
    with pytest.raises(AlreadyExistsError, match=first.sku):
        offer_factories.draft(session, film)
    assert session.scalar(select(func.count()).select_from(Offer)) == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"film": "no-such-film"}, "#/film"),
        ({"versions": ["Feature", "Director's cut"]}, "#/versions/1"),
        ({"license_text": {"code": "nothing", "version": "1.0"}}, "#/license_text"),
        ({"rights": factories.CLASSROOM_DISC}, "#/rights/lending"),
        ({"delivery": "stream"}, "#/rights/digital_site_license"),
    ],
)
def test_offer_that_does_not_fit_is_refused_by_its_field(
    session: Session, changes: dict[str, Any], pointer: str
) -> None:
    film = offer_factories.film_with_rights(session)
    with pytest.raises(InvalidInputError) as caught:
        offer_factories.draft(session, film, **changes)
    assert pointer in pointers(caught.value)
    assert session.scalar(select(func.count()).select_from(Offer)) == 0


def test_offer_without_a_price_is_not_published(session: Session) -> None:
    offer = offer_factories.draft(session, offer_factories.film_with_rights(session))
    with pytest.raises(OfferStateError, match="has no price"):
        offer_service.publish_offer(session, sku=offer.sku, actor=offer_factories.STAFF)
    assert queries.get_offer(session, offer.sku).status is OfferStatus.DRAFT


def test_publishing_twice_is_one_move(session: Session) -> None:
    offer = offer_factories.published(session, offer_factories.film_with_rights(session))
    before = current(session).number
    offer_service.publish_offer(session, sku=offer.sku, actor=offer_factories.STAFF)
    assert current(session).number == before
    actions = [entry.action for entry in entries_about(session, "offer", offer.sku)]
    assert actions.count("offer.status.published") == 1


@pytest.mark.parametrize(
    ("window", "term", "pointer", "words"),
    [
        (
            {"ends_on": TODAY + timedelta(days=300), "may_sublicense_perpetual": False},
            {"kind": "months", "months": 12},
            "#/term",
            "A license for 1 year would run past",
        ),
        (
            {"may_sublicense_perpetual": False},
            {"kind": "perpetual"},
            "#/term",
            "The owner does not allow licenses in perpetuity.",
        ),
        (
            {"max_term_months": 24, "may_sublicense_perpetual": False},
            {"kind": "months", "months": 36},
            "#/term",
            "The owner allows licenses of up to 2 years. This one is for 3 years.",
        ),
        (
            {"territory": ["US"]},
            {"kind": "months", "months": 12},
            "#/territory",
            "We don't hold the rights for digital site licensing in Canada and the United States.",
        ),
        (
            {"ends_on": TODAY - timedelta(days=1), "may_sublicense_perpetual": True},
            {"kind": "perpetual"},
            "#/territory",
            "Our rights for digital site licensing ended on",
        ),
    ],
)
def test_offer_that_reaches_outside_the_rights_is_not_published(
    session: Session, window: dict[str, Any], term: dict[str, Any], pointer: str, words: str
) -> None:
    film = factories.film(session)
    factories.license_text(session, code="digital-site-license")
    offer_factories.window(session, film, "dsl", **window)
    offer = offer_factories.draft(session, film, term=term)
    offer_factories.price(session, offer)
    with pytest.raises(OutsideRightsError) as caught:
        offer_service.publish_offer(session, sku=offer.sku, actor=offer_factories.STAFF)
    (problem,) = caught.value.errors
    assert problem.pointer == pointer
    assert problem.detail.startswith(words)
    assert queries.get_offer(session, offer.sku).status is OfferStatus.DRAFT


def test_offer_on_sale_later_is_measured_from_that_day(session: Session) -> None:
    film = factories.film(session)
    factories.license_text(session, code="digital-site-license")
    offer_factories.window(
        session,
        film,
        "dsl",
        ends_on=TODAY + timedelta(days=400),
        may_sublicense_perpetual=False,
    )
    offer = offer_factories.draft(session, film, on_sale_from=TODAY + timedelta(days=60))
    offer_factories.price(session, offer)
    with pytest.raises(OutsideRightsError):
        offer_service.publish_offer(session, sku=offer.sku, actor=offer_factories.STAFF)


def test_published_offer_cannot_be_changed_to_reach_outside(session: Session) -> None:
    film = factories.film(session)
    factories.license_text(session, code="digital-site-license")
    offer_factories.window(session, film, "dsl", max_term_months=24, may_sublicense_perpetual=False)
    offer = offer_factories.published(session, film)
    session.commit()
    patch = OfferPatch.model_validate({"term": {"kind": "perpetual"}})
    with pytest.raises(OutsideRightsError):
        offer_service.change_offer(session, sku=offer.sku, patch=patch, actor=offer_factories.STAFF)
    session.rollback()
    assert queries.get_offer(session, offer.sku).term.label() == "1 year"


def test_change_is_audited_with_what_changed_and_nothing_else(session: Session) -> None:
    offer = offer_factories.published(session, offer_factories.film_with_rights(session))
    patch = OfferPatch.model_validate({"title": "Site license", "territory": ["US"]})
    offer_service.change_offer(session, sku=offer.sku, patch=patch, actor=offer_factories.STAFF)
    last = entries_about(session, "offer", offer.sku)[-1]
    assert last.action == "offer.changed"
    assert last.before == {"title": "Digital site license, 1 year", "territory": ["CA", "US"]}
    assert last.after == {"title": "Site license", "territory": ["US"]}
    assert (last.actor_ref, last.actor_label) == ("sales@example.org", "Sal Sales")


def test_change_to_what_it_says_already_leaves_no_trace(session: Session) -> None:
    offer = offer_factories.published(session, offer_factories.film_with_rights(session))
    before = len(entries_about(session, "offer", offer.sku))
    patch = OfferPatch.model_validate({"title": offer.title, "territory": ["US", "CA"]})
    offer_service.change_offer(session, sku=offer.sku, patch=patch, actor=offer_factories.STAFF)
    assert len(entries_about(session, "offer", offer.sku)) == before


def test_first_day_on_sale_can_be_set_and_taken_back(session: Session) -> None:
    offer = offer_factories.published(session, offer_factories.film_with_rights(session))
    for value in (date(2030, 1, 1), None):
        patch = OfferPatch.model_validate({"on_sale_from": value})
        offer_service.change_offer(session, sku=offer.sku, patch=patch, actor=offer_factories.STAFF)
        assert queries.get_offer(session, offer.sku).on_sale_from == value


def test_withdrawn_offer_can_come_back_but_a_draft_cannot_be_withdrawn(session: Session) -> None:
    film = offer_factories.film_with_rights(session)
    draft = offer_factories.draft(session, film, sku="still-a-draft")
    with pytest.raises(InvalidTransitionError):
        offer_service.withdraw_offer(session, sku=draft.sku, actor=offer_factories.STAFF)
    offer = offer_factories.published(session, film)
    offer_service.withdraw_offer(session, sku=offer.sku, actor=offer_factories.STAFF)
    again = offer_service.publish_offer(session, sku=offer.sku, actor=offer_factories.STAFF)
    assert again.status is OfferStatus.PUBLISHED


def test_only_drafts_are_discarded(session: Session) -> None:
    film = offer_factories.film_with_rights(session)
    kept = offer_factories.published(session, film)
    with pytest.raises(OfferStateError, match="Withdraw it instead"):
        offer_service.delete_draft(session, sku=kept.sku, actor=offer_factories.STAFF)
    draft = offer_factories.draft(session, film, sku="a-draft")
    offer_factories.price(session, draft)
    offer_service.delete_draft(session, sku=draft.sku, actor=offer_factories.STAFF)
    session.commit()
    with pytest.raises(NotFoundError):
        queries.get_offer(session, draft.sku)
    assert session.scalar(select(func.count()).select_from(PriceRow)) == 1
    assert entries_about(session, "offer", draft.sku)[-1].action == "offer.discarded"


def test_drafts_do_not_make_the_catalog_new_but_publishing_does(session: Session) -> None:
    film = offer_factories.film_with_rights(session)
    session.commit()
    before = current(session).number
    offer = offer_factories.draft(session, film)
    offer_factories.price(session, offer)
    assert current(session).number == before
    offer_service.publish_offer(session, sku=offer.sku, actor=offer_factories.STAFF)
    assert current(session).number == before + 1


def test_narrowed_window_names_the_offers_that_it_leaves_outside(session: Session) -> None:
    film = factories.film(session)
    factories.license_text(session, code="digital-site-license")
    window = offer_factories.window(session, film, "dsl")
    offer_factories.published(session, film)
    perpetual = offer_factories.published(
        session, film, sku="in-perpetuity", term={"kind": "perpetual"}
    )
    assert window_service.offers_outside(session, [film.id]) == {}
    patch = WindowPatch.model_validate(
        {"ends_on": TODAY + timedelta(days=500), "may_sublicense_perpetual": False}
    )
    window_service.change_window(session, ref=window.ref, patch=patch, actor=offer_factories.STAFF)
    assert window_service.offers_outside(session, [film.id]) == {film.id: [perpetual.sku]}
    last = entries_about(session, "rights_window", window.ref)[-1]
    assert last.action == "rights_window.changed"
    assert last.before == {"ends_on": None, "may_sublicense_perpetual": True}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"ends_on": date(2019, 12, 31)}, "#/ends_on"),
        ({"max_term_months": 12}, "#/max_term_months"),
        ({"film": "no-such-film"}, "#/film"),
    ],
)
def test_window_that_contradicts_itself_is_refused(
    session: Session, changes: dict[str, Any], pointer: str
) -> None:
    film = factories.film(session)
    with pytest.raises(InvalidInputError) as caught:
        offer_factories.window(session, film, "dsl", **changes)
    assert pointers(caught.value) == [pointer]
    assert queries.find_windows(session, [film.id]) == []


def test_one_contract_has_one_window_for_a_right_of_a_film(session: Session) -> None:
    film = factories.film(session)
    offer_factories.window(session, film, "dsl")
    with pytest.raises(AlreadyExistsError, match="contract-1"):
        offer_factories.window(session, film, "dsl")
    offer_factories.window(session, film, "dsl", contract_ref="contract-2")
    assert len(queries.find_windows(session, [film.id])) == 2


def test_removed_window_is_kept_in_the_audit_log(session: Session) -> None:
    film = factories.film(session)
    window = offer_factories.window(session, film, "ppr", ends_on=date(2030, 6, 30))
    window_service.remove_window(session, ref=window.ref, actor=offer_factories.STAFF)
    session.commit()
    with pytest.raises(NotFoundError):
        queries.get_window(session, window.ref)
    last = entries_about(session, "rights_window", window.ref)[-1]
    assert last.action == "rights_window.removed"
    assert last.before is not None
    assert (last.before["right"], last.before["ends_on"]) == ("ppr", "2030-06-30")
