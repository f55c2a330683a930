"""Rights in words: every bundle answers every question, and says what its fields say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.customers import CustomerClass
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
from app.offers.rights_text import (
    RightsSentence,
    Topic,
    Verdict,
    buyer_questions,
    describe_rights,
    document_questions,
)
from app.offers.terms import Term, TermKind

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


CLASSES = [None, *CustomerClass]


def sentence(
    bundle: RightsBundle, topic: Topic, customer_class: CustomerClass | None = CustomerClass.COLLEGE
) -> RightsSentence:
    """Return what the bundle answers on one topic."""
    said = describe_rights(bundle, customer_class=customer_class)
    return next(one for one in said if one.topic is topic)


@given(bundle=BUNDLES, customer_class=st.sampled_from(CLASSES))
def test_every_bundle_answers_every_question_in_the_same_order(
    bundle: RightsBundle, customer_class: CustomerClass | None
) -> None:
    said = describe_rights(bundle, Term(kind=TermKind.PERPETUAL), customer_class=customer_class)
    questions = buyer_questions(customer_class)
    assert [one.topic for one in said] == list(Topic)
    assert [one.question for one in said] == [questions[topic] for topic in Topic]
    for one in said:
        assert one.answer.endswith(".")
        assert "  " not in one.answer
        assert one.short[0].isupper()
        assert not one.short.endswith(".")


@given(one=BUNDLES, other=BUNDLES, customer_class=st.sampled_from(CLASSES))
def test_different_rights_are_never_told_in_the_same_words(
    one: RightsBundle, other: RightsBundle, customer_class: CustomerClass | None
) -> None:
    told = [said.answer for said in describe_rights(one, customer_class=customer_class)]
    others = [said.answer for said in describe_rights(other, customer_class=customer_class)]
    assert (told == others) == (one == other)


@pytest.mark.parametrize("customer_class", CLASSES)
@pytest.mark.parametrize("topic", USES)
def test_a_use_is_told_whether_granted_withheld_or_unsaid(
    topic: Topic, customer_class: CustomerClass | None
) -> None:
    granted, withheld, unsaid = (
        sentence(NOTHING.model_copy(update={topic.value: permission}), topic, customer_class)
        for permission in (Permission.PERMITTED, Permission.PROHIBITED, Permission.SILENT)
    )
    assert granted.answer.startswith("The licensee may ")
    assert not granted.answer.startswith("The licensee may not ")
    assert granted.short.startswith("Yes")
    assert granted.verdict in {Verdict.YES, Verdict.LIMITED}
    assert withheld.answer.startswith("The licensee may not ")
    assert (withheld.short, withheld.verdict) == ("No", Verdict.NO)
    assert unsaid.answer.startswith("The license does not say whether the licensee may ")
    assert unsaid.answer.endswith("; applicable law governs.")
    assert (unsaid.short, unsaid.verdict) == ("As the law allows", Verdict.SILENT)


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
        "premises to its students, faculty, and staff, and their guests. At most 50 people may "
        "attend a screening. One screening is included. No admission may be charged. Online "
        "screenings are not included. Screenings may be announced only to the licensee's own "
        "community. The right stays with the licensee and does not pass to those who borrow the "
        "film."
    )
    assert said.short == (
        "Yes, free screenings on site for students, faculty, and staff, up to 50 people, once"
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
        "be advertised to the public. The right passes to those who borrow the film."
    )
    assert said.short == "Yes anywhere"


def test_without_public_performance_the_answer_is_no() -> None:
    said = sentence(NOTHING, Topic.AUDIENCE)
    assert said.answer == (
        "Public performance rights are not included. The licensee may not show the film to an "
        "audience."
    )
    assert (said.short, said.verdict) == ("No", Verdict.NO)
    taught = NOTHING.model_copy(update={"classroom": Permission.PERMITTED})
    assert sentence(taught, Topic.AUDIENCE).answer.endswith("to an audience beyond its classes.")


def test_site_license_says_where_from_and_how_many() -> None:
    dsl = DigitalSiteLicense(
        included=True, off_site_access=True, vendor_hosting=True, concurrent_users=5
    )
    said = sentence(NOTHING.model_copy(update={"digital_site_license": dsl}), Topic.SERVER)
    assert said.answer == (
        "The licensee may keep the film on its own server or a hosting service's server under "
        "contract, in the formats needed to play it, protected by a login, and "
        "stream it to its users on site and, after login, from anywhere. Up to 5 users "
        "may watch at once. Users may not keep a copy."
    )
    assert said.short == "Yes, with login from anywhere, 5 at a time"


@pytest.mark.parametrize(
    ("term", "short", "part"),
    [
        (Term(kind=TermKind.MONTHS, months=36), "3 years", "lasts 3 years from the day"),
        (Term(kind=TermKind.SEMESTER), "One semester", "one academic term, up to six months"),
        (Term(kind=TermKind.EVENT), "One event", "on the named date"),
        (Term(kind=TermKind.PERPETUAL), "In perpetuity", "in perpetuity. It has no end date"),
        (
            Term(kind=TermKind.LIFE_OF_FORMAT),
            "The life of the file format",
            "A file in a new format needs a new license",
        ),
        (
            Term(kind=TermKind.LIFE_OF_MEDIA),
            "The life of the disc",
            "or its replacement, is lost",
        ),
    ],
)
def test_each_kind_of_term_has_words_of_its_own(term: Term, short: str, part: str) -> None:
    (said,) = (one for one in describe_rights(NOTHING, term) if one.topic is Topic.TERM)
    assert said.short == short
    assert part in said.answer


def test_sentences_are_kept_as_plain_strings_in_the_third_person() -> None:
    assert sentence(NOTHING, Topic.LENDING).as_json(CustomerClass.COLLEGE) == {
        "topic": "lending",
        "question": "May the licensee lend it?",
        "answer": "The licensee may not lend the film to its library's patrons.",
        "short": "No",
        "verdict": "no",
    }


FIRST_PERSON = re.compile(r"\b(?:we|us|our|ours|you|your)\b", re.IGNORECASE)


@given(bundle=BUNDLES, customer_class=st.sampled_from(CLASSES))
def test_a_document_speaks_of_the_licensee_and_never_of_us(
    bundle: RightsBundle, customer_class: CustomerClass | None
) -> None:
    for kind in TermKind:
        term = Term(kind=kind, months=12 if kind is TermKind.MONTHS else None)
        for said in describe_rights(bundle, term, customer_class=customer_class):
            for text in said.as_json(customer_class).values():
                assert not FIRST_PERSON.search(text), text


# What is true of some classes only: no other class may read it.
OF_COLLEGES = {CustomerClass.COLLEGE, CustomerClass.COMMUNITY_COLLEGE}
OF_SCHOOLS = OF_COLLEGES | {CustomerClass.K12_SCHOOL, CustomerClass.K12_DISTRICT}
OF_LIBRARIES = {CustomerClass.PUBLIC_LIBRARY}
BELONGS = {
    "campus": OF_COLLEGES,
    "faculty": OF_COLLEGES,
    "course": OF_COLLEGES,
    "alumni": OF_COLLEGES,
    "class": OF_SCHOOLS,
    "classes": OF_SCHOOLS,
    "students": OF_SCHOOLS,
    "teachers": OF_SCHOOLS - OF_COLLEGES,
    "schools": {CustomerClass.K12_DISTRICT},
    "cardholders": OF_LIBRARIES,
    "patrons": OF_LIBRARIES | OF_COLLEGES,
    "officials": {CustomerClass.GOVERNMENT},
    "patients": {CustomerClass.HOSPITAL},
    "employees": {CustomerClass.CORPORATION, CustomerClass.GOVERNMENT},
    "members": {CustomerClass.NONPROFIT},
}


@given(bundle=BUNDLES, customer_class=st.sampled_from(list(CustomerClass)))
def test_each_class_reads_its_own_words_only(
    bundle: RightsBundle, customer_class: CustomerClass
) -> None:
    said = describe_rights(bundle, customer_class=customer_class)
    text = " ".join(f"{one.question} {one.answer} {one.short}" for one in said).casefold()
    for word, classes in BELONGS.items():
        if customer_class not in classes:
            assert not re.search(rf"\b{word}\b", text), word


@given(bundle=BUNDLES)
def test_words_for_an_unknown_class_name_no_place_of_one(bundle: RightsBundle) -> None:
    text = " ".join(one.answer for one in describe_rights(bundle))
    assert not re.search(r"campus|course|classes|cardholder|faculty", text)


def test_documents_ask_the_same_questions_as_buyers() -> None:
    for customer_class in CLASSES:
        asked = buyer_questions(customer_class)
        of_documents = document_questions(customer_class)
        assert [
            question.replace(" the licensee ", " we ").replace(" its ", " our ")
            for question in of_documents.values()
        ] == list(asked.values())


@given(bundle=BUNDLES, customer_class=st.sampled_from(CLASSES))
def test_each_sentence_claims_what_its_field_says(
    bundle: RightsBundle, customer_class: CustomerClass | None
) -> None:
    said = {one.topic: one for one in describe_rights(bundle, customer_class=customer_class)}
    claims = {
        Permission.PERMITTED: "The licensee may ",
        Permission.PROHIBITED: "The licensee may not ",
        Permission.SILENT: "The license does not say whether ",
    }
    for topic in USES:
        permission = Permission(getattr(bundle, topic.value))
        claim = max((c for c in claims.values() if said[topic].answer.startswith(c)), key=len)
        assert claim == claims[permission]
    ppr, audience = bundle.ppr, said[Topic.AUDIENCE].answer
    assert ("rights are included" in audience) == ppr.included
    if ppr.included:
        assert ("on its own premises" in audience) == (ppr.venue is Venue.LICENSEE_PREMISES)
        assert (" at any place to the public." in audience) == (
            ppr.venue is Venue.ANYWHERE and ppr.audience is Audience.PUBLIC
        )
        assert ("and their guests" in audience) == (ppr.audience is Audience.LICENSEE_MEMBERS)
        assert ("may attend a screening" in audience) == (ppr.audience_cap is not None)
        assert ("No admission" in audience) == (ppr.admission is Admission.NONE)
        assert ("share of ticket revenue" in audience) == (ppr.admission is Admission.SHARE)
        assert ("advertised to the public" in audience) == ppr.outside_advertising
        assert ("Online screenings are not" in audience) == (ppr.virtual is VirtualScreening.NONE)
        assert ("One live online" in audience) == (ppr.virtual is VirtualScreening.SINGLE)
        assert ("passes to those who borrow" in audience) == ppr.transferable
    dsl, server = bundle.digital_site_license, said[Topic.SERVER].answer
    assert server.startswith("The licensee may keep") == dsl.included
    if dsl.included:
        assert ("from anywhere" in server) == dsl.off_site_access
        assert ("hosting service" in server) == dsl.vendor_hosting
        assert ("Any number of users" in server) == (dsl.concurrent_users is None)
        assert ("Users may keep a copy" in server) == dsl.downloads
    users = said[Topic.USERS].answer
    assert ("Visitors may watch" in users) == (bundle.walk_in_users is Permission.PERMITTED)
    assert ("may not watch" in users) == (bundle.walk_in_users is Permission.PROHIBITED)
    for group, word in (
        (UserGroup.RESEARCHERS, "researchers"),
        (UserGroup.CONTRACTORS, "contract"),
    ):
        assert (word in users) == (group in bundle.users)
    assert ("one building" in said[Topic.SITES].answer) == (
        bundle.sites is SiteScope.SINGLE_BUILDING
    )
