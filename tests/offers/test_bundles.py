"""Rights bundles are checked data: contradictions cannot be written down."""

from datetime import date

import pytest
from pydantic import ValidationError

from app.offers.bundles import DigitalSiteLicense, Permission, PublicPerformance, RightsBundle
from app.offers.states import Delivery, HeldRight
from app.offers.terms import Term, TermKind
from app.offers.territories import Territory
from tests.factories import CLASSROOM_DISC, SITE_LICENSE

pytestmark = pytest.mark.once
DISC = RightsBundle.model_validate(CLASSROOM_DISC)
FILE = RightsBundle.model_validate(SITE_LICENSE)


@pytest.mark.parametrize(
    "details",
    [{"audience": "public"}, {"audience_cap": 50}, {"screenings": 1}, {"transferable": True}],
)
def test_performance_that_is_not_included_grants_nothing(details: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="its details must be empty"):
        PublicPerformance.model_validate({"included": False} | details)


@pytest.mark.parametrize(
    "details", [{"off_site_access": True}, {"vendor_hosting": True}, {"concurrent_users": 3}]
)
def test_site_license_that_is_not_included_grants_nothing(details: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="its details must be empty"):
        DigitalSiteLicense.model_validate({"included": False} | details)


@pytest.mark.parametrize("missing", ["classroom", "lending", "ppr", "sites"])
def test_nothing_is_granted_or_withheld_by_leaving_it_out(missing: str) -> None:
    fields = {name: value for name, value in CLASSROOM_DISC.items() if name != missing}
    with pytest.raises(ValidationError, match=missing):
        RightsBundle.model_validate(fields)


@pytest.mark.parametrize(
    "changes", [{"classrom": "permitted"}, {"users": ["members", "members"]}, {"users": []}]
)
def test_misspelled_doubled_and_empty_fields_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RightsBundle.model_validate(CLASSROOM_DISC | changes)


def test_a_bundle_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        DISC.lending = FILE.lending  # type: ignore[misc]


def test_a_bundle_survives_being_stored() -> None:
    assert RightsBundle.model_validate(DISC.model_dump(mode="json")) == DISC


@pytest.mark.parametrize(
    ("bundle", "delivery", "needed"),
    [
        (DISC, Delivery.DVD, {HeldRight.DVD, HeldRight.PPR}),
        (DISC, Delivery.BLURAY, {HeldRight.DVD, HeldRight.PPR}),
        (FILE, Delivery.FILE, {HeldRight.DSL}),
        (DISC, Delivery.STREAM, {HeldRight.EDU_STREAM, HeldRight.PPR}),
    ],
)
def test_what_an_offer_grants_is_what_we_must_hold(
    bundle: RightsBundle, delivery: Delivery, needed: set[HeldRight]
) -> None:
    assert bundle.rights_needed(delivery) == needed


@pytest.mark.parametrize(
    ("bundle", "delivery", "fields"),
    [
        (DISC, Delivery.DVD, []),
        (FILE, Delivery.FILE, []),
        (DISC, Delivery.FILE, ["lending", "digital_site_license"]),
        (FILE, Delivery.STREAM, ["digital_site_license"]),
    ],
)
def test_rights_that_do_not_fit_the_delivery_are_named(
    bundle: RightsBundle, delivery: Delivery, fields: list[str]
) -> None:
    term = Term(kind=TermKind.MONTHS, months=12)
    assert [field for field, _ in bundle.delivery_conflicts(delivery, term)] == fields


@pytest.mark.parametrize(
    ("delivery", "kind", "fields"),
    [
        (Delivery.FILE, TermKind.PERPETUAL, []),
        (Delivery.FILE, TermKind.LIFE_OF_FORMAT, ["format_migration"]),
        (Delivery.DVD, TermKind.LIFE_OF_MEDIA, ["format_migration"]),
    ],
)
def test_a_license_for_the_life_of_a_copy_allows_no_conversion(
    delivery: Delivery, kind: TermKind, fields: list[str]
) -> None:
    bundle = FILE.model_copy(update={"format_migration": Permission.PERMITTED})
    assert [field for field, _ in bundle.delivery_conflicts(delivery, Term(kind=kind))] == fields


@pytest.mark.parametrize(
    ("kind", "months"), [("months", None), ("perpetual", 12), ("months", 0), ("event", 1)]
)
def test_months_belong_to_the_kind_months(kind: str, months: int | None) -> None:
    with pytest.raises(ValidationError):
        Term.model_validate({"kind": kind, "months": months})


def test_a_term_beyond_the_calendar_is_an_overflow() -> None:
    with pytest.raises(OverflowError):
        Term(kind=TermKind.MONTHS, months=600).end_date(date(9990, 1, 1))


@pytest.mark.parametrize("codes", [[], ["XX"], ["WORLD", "US"], ["us"], ["SU"]])
def test_a_territory_is_the_world_or_countries_that_exist(codes: list[str]) -> None:
    with pytest.raises(ValueError, match="countr"):
        Territory.parse(codes)


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (["WORLD"], "worldwide"),
        (["US"], "in the United States"),
        (["US", "CA"], "in Canada and the United States"),
        (["NL", "FR", "DE"], "in France, Germany and the Netherlands"),
    ],
)
def test_a_territory_in_words(codes: list[str], words: str) -> None:
    assert Territory.parse(codes).label() == words


def test_only_the_world_covers_the_world() -> None:
    world, country = Territory.parse(["WORLD"]), Territory.parse(["US"])
    assert world.covers(country)
    assert world.covers(world)
    assert not country.covers(world)
    assert not country.contains("FR")
