"""Rights in words: every bundle answers every question, and says what its fields say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.offers.bundles import (
    Admission,
    Audience,
    DigitalSiteLicense,
    Permission,
    PublicPerformance,
    RightsBundle,
    SiteScope,
    UserGroup,
    Venue,
    VirtualScreening,
)
from app.offers.terms import Term, TermKind
from app.offers.words import QUESTIONS, RightsSentence, Topic, Verdict, rights_words, term_words

pytestmark = pytest.mark.once

PERFORMANCES = st.one_of(
    st.just(PublicPerformance(included=False)),
    st.builds(
        PublicPerformance,
        included=st.just(value=True),
        venue=st.sampled_from(Venue),
        audience=st.sampled_from(Audience),
        audience_cap=st.none() | st.integers(1, 1000),
        screenings=st.none() | st.integers(1, 100),
        admission=st.sampled_from(Admission),
        outside_advertising=st.booleans(),
        virtual=st.sampled_from(VirtualScreening),
        transferable=st.booleans(),
    ),
)
SITE_LICENSES = st.one_of(
    st.just(DigitalSiteLicense(included=False)),
    st.builds(
        DigitalSiteLicense,
        included=st.just(value=True),
        off_site_access=st.booleans(),
        vendor_hosting=st.booleans(),
        concurrent_users=st.none() | st.integers(1, 100),
        downloads=st.booleans(),
    ),
)
BUNDLES = st.builds(
    RightsBundle,
    ppr=PERFORMANCES,
    digital_site_license=SITE_LICENSES,
    users=st.lists(st.sampled_from(UserGroup), min_size=1, unique=True).map(
        lambda groups: tuple(group for group in UserGroup if group in groups)
    ),
    sites=st.sampled_from(SiteScope),
)
NOTHING = RightsBundle(
    ppr=PublicPerformance(included=False),
    digital_site_license=DigitalSiteLicense(included=False),
    classroom=Permission.PROHIBITED,
    course_reserves=Permission.PROHIBITED,
    distance_learning=Permission.PROHIBITED,
    lending=Permission.PROHIBITED,
    interlibrary_loan=Permission.PROHIBITED,
    archive_copy=Permission.PROHIBITED,
    format_migration=Permission.PROHIBITED,
    captioning=Permission.PROHIBITED,
    clips=Permission.PROHIBITED,
    walk_in_users=Permission.PROHIBITED,
    sites=SiteScope.SINGLE_BUILDING,
)
USES = [
    Topic.CLASSROOM,
    Topic.COURSE_RESERVES,
    Topic.DISTANCE_LEARNING,
    Topic.LENDING,
    Topic.INTERLIBRARY_LOAN,
    Topic.CAPTIONING,
    Topic.CLIPS,
    Topic.ARCHIVE_COPY,
    Topic.FORMAT_MIGRATION,
]


def sentence(bundle: RightsBundle, topic: Topic) -> RightsSentence:
    """Return what the bundle answers on one topic."""
    return next(said for said in rights_words(bundle) if said.topic is topic)


@given(bundle=BUNDLES)
def test_every_bundle_answers_every_question_in_the_same_order(bundle: RightsBundle) -> None:
    said = rights_words(bundle, Term(kind=TermKind.PERPETUAL))
    assert [one.topic for one in said] == list(Topic)
    assert [one.question for one in said] == [QUESTIONS[topic] for topic in Topic]
    for one in said:
        assert one.answer.endswith(".")
        assert "  " not in one.answer
        assert one.short[0].isupper()
        assert not one.short.endswith(".")


@given(one=BUNDLES, other=BUNDLES)
def test_different_rights_are_never_told_in_the_same_words(
    one: RightsBundle, other: RightsBundle
) -> None:
    told = [said.answer for said in rights_words(one)]
    assert (told == [said.answer for said in rights_words(other)]) == (one == other)


@pytest.mark.parametrize("topic", USES)
def test_a_use_is_told_whether_granted_withheld_or_unsaid(topic: Topic) -> None:
    granted, withheld, unsaid = (
        sentence(NOTHING.model_copy(update={topic.value: permission}), topic)
        for permission in (Permission.PERMITTED, Permission.PROHIBITED, Permission.SILENT)
    )
    assert granted.answer.startswith("The licensee may ")
    assert not granted.answer.startswith("The licensee may not ")
    assert granted.short.startswith("Yes")
    assert granted.verdict in {Verdict.YES, Verdict.LIMITED}
    assert withheld.answer.startswith("The licensee may not ")
    assert (withheld.short, withheld.verdict) == ("No", Verdict.NO)
    assert unsaid.answer.startswith("The license does not say whether the licensee may ")
    assert unsaid.answer.endswith("; the law decides.")
    assert (unsaid.short, unsaid.verdict) == ("As the law allows", Verdict.UNSAID)


def test_public_performance_tells_each_of_its_limits() -> None:
    limited = PublicPerformance(
        included=True,
        venue=Venue.LICENSEE_PREMISES,
        audience=Audience.LICENSEE_MEMBERS,
        audience_cap=50,
        screenings=1,
        admission=Admission.NONE,
    )
    said = sentence(NOTHING.model_copy(update={"ppr": limited}), Topic.AUDIENCE)
    assert said.answer == (
        "Public performance rights are included. The licensee may show the film on its own "
        "premises to its own members and their guests. At most 50 people may attend a screening. "
        "One screening is included. No admission may be charged. Online screenings are not "
        "included. Screenings may be announced to the licensee's own community only. The right "
        "stays with the licensee and does not pass to those who borrow the disc."
    )
    assert said.short == (
        "Yes, free screenings on our premises for our members, up to 50 people, once"
    )
    assert said.verdict is Verdict.LIMITED


def test_wide_public_performance_says_how_wide_it_is() -> None:
    wide = PublicPerformance(
        included=True,
        venue=Venue.ANYWHERE,
        audience=Audience.PUBLIC,
        admission=Admission.ALLOWED,
        outside_advertising=True,
        virtual=VirtualScreening.UNLIMITED,
        transferable=True,
    )
    said = sentence(NOTHING.model_copy(update={"ppr": wide}), Topic.AUDIENCE)
    assert said.answer == (
        "Public performance rights are included. The licensee may show the film at any place to "
        "the public. Admission may be charged. Live online screenings are included. Screenings may "
        "be advertised to the public. The right passes to those who borrow the disc."
    )
    assert said.short == "Yes anywhere"


def test_without_public_performance_the_answer_is_no() -> None:
    said = sentence(NOTHING, Topic.AUDIENCE)
    assert said.answer == (
        "Public performance rights are not included: the licensee may not show the film to an "
        "audience outside its classes."
    )
    assert (said.short, said.verdict) == ("No", Verdict.NO)


def test_site_license_says_where_from_and_how_many() -> None:
    dsl = DigitalSiteLicense(
        included=True, off_site_access=True, vendor_hosting=True, concurrent_users=5
    )
    said = sentence(NOTHING.model_copy(update={"digital_site_license": dsl}), Topic.SERVER)
    assert said.answer == (
        "The licensee may keep the film on its own server or that of a hosting service under "
        "contract to it, protected by a login, and stream it to its users, on site and from "
        "anywhere once they have logged in. Up to 5 users may watch at once. Users may not keep a "
        "copy."
    )
    assert said.short == "Yes, with login from anywhere, 5 at a time"


@pytest.mark.parametrize(
    ("term", "short", "part"),
    [
        (Term(kind=TermKind.MONTHS, months=36), "3 years", "runs for 3 years from the day"),
        (Term(kind=TermKind.SEMESTER), "One semester", "one academic term, at most six months"),
        (Term(kind=TermKind.EVENT), "One event", "on the date that it names"),
        (Term(kind=TermKind.PERPETUAL), "In perpetuity", "in perpetuity: it has no end date"),
        (
            Term(kind=TermKind.LIFE_OF_FORMAT),
            "The life of the file format",
            "a file in a new format needs a new license",
        ),
        (Term(kind=TermKind.LIFE_OF_MEDIA), "The life of the disc", "the disc is lost"),
    ],
)
def test_each_kind_of_term_has_words_of_its_own(term: Term, short: str, part: str) -> None:
    said = term_words(term)
    assert said.short == short
    assert part in said.answer


def test_sentences_are_kept_as_plain_strings() -> None:
    assert sentence(NOTHING, Topic.LENDING).as_json() == {
        "topic": "lending",
        "question": "May we lend it?",
        "answer": "The licensee may not lend the film to its patrons.",
        "short": "No",
        "verdict": "no",
    }
