"""The license texts that the seeds publish say the same as the rights of the offers under them."""

import re
from collections.abc import Callable

import pytest

from app.accounts.customers import CustomerClass
from app.offers import seed_schema
from app.offers.bundles import Permission
from app.offers.rights_text import Topic, describe_rights
from app.offers.staff_schemas import OfferIn
from tests.databases import SEEDS

pytestmark = pytest.mark.once

OFFERS = [seed.offer for seed in seed_schema.read_offers(SEEDS)]
TEXTS = {(text.code, text.version): text for text in seed_schema.read_license_texts(SEEDS)}
REPLACED = "The license goes on with the disc that replaced it, and your rights stay the same."
LOANS = (
    "Lending to other libraries follows the certificate too; where it is silent, the law decides."
)
# What each sentence of a text that allows or forbids something says of an offer under it.
CLAIMS: dict[str, Callable[[OfferIn], bool]] = {
    # The digital site license: each use follows its field, so any value is told truly.
    "They reach the film through your login.": lambda o: o.rights.digital_site_license.included,
    "Convert the file to a newer format when the old one can no longer be played.": lambda o: (
        o.rights.format_migration is not Permission.PERMITTED
        or not o.rights.delivery_conflicts(o.delivery, o.term)
    ),
    "A file in a newer format then needs a new license.": lambda o: (
        str(o.term.kind) != "life_of_format" or o.rights.format_migration is Permission.PROHIBITED
    ),
    # The disc.
    REPLACED: lambda o: "or its replacement" in sentence(o, Topic.TERM),
    "For the life of the disc means: until the disc, or the one that replaced it, is lost or can "
    "no longer be played.": lambda o: (
        "is lost or can no longer be played" in sentence(o, Topic.TERM)
    ),
    LOANS: (
        lambda o: (
            o.rights.interlibrary_loan is not Permission.SILENT
            or "applicable law governs" in sentence(o, Topic.INTERLIBRARY_LOAN)
        )
    ),
    "Copying the disc, or converting it to another format, unless the certificate says so.": (
        lambda o: (
            Permission.PERMITTED not in {o.rights.format_migration, o.rights.archive_copy}
            or "The licensee may keep one copy" in sentence(o, Topic.ARCHIVE_COPY)
        )
    ),
    "Putting the film on a server, unless the certificate says so.": lambda o: (
        sentence(o, Topic.SERVER).startswith("The licensee may keep")
        == o.rights.digital_site_license.included
    ),
}
# A text may allow or forbid something by itself only where no field speaks of it.
UNCONDITIONAL = re.compile(
    r"\b(?:caption|excerpt|backup|convert|lend|class|course|campus|teach|server|audience|visitor)"
)
CONDITION = re.compile(
    r"certificate|the law|needs a new license|server needs|sold separately|If we have"
)


def sentence(offer: OfferIn, topic: Topic) -> str:
    """Return what the certificate of an offer says of a topic."""
    said = describe_rights(offer.rights, offer.term, customer_class=CustomerClass.COLLEGE)
    return next(one.answer for one in said if one.topic is topic)


def sentences(code: str, version: str) -> list[str]:
    """Return the sentences of a text, without its headings."""
    body = re.sub(r"^#.*$", "", TEXTS[code, version].body, flags=re.MULTILINE)
    parts = re.split(r"\n\s*\n|\n- ", body)
    whole = [" ".join(part.split()) for part in parts]
    return [one for part in whole for one in re.split(r"(?<=\.) (?=[A-Z])", part) if one]


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.sku)
def test_text_and_fields_of_each_offer_agree(offer: OfferIn) -> None:
    text = offer.license_text
    said = [one.removeprefix("- ") for one in sentences(text.code, text.version)]
    tried = [claim for claim in CLAIMS if claim in said]
    assert tried
    for claim in tried:
        assert CLAIMS[claim](offer), claim


def test_every_claim_stands_in_a_text() -> None:
    said = {one.removeprefix("- ") for key in TEXTS for one in sentences(*key)}
    assert [claim for claim in CLAIMS if claim not in said] == []


@pytest.mark.parametrize("code", ["digital-site-license", "dvd-ppr"])
def test_a_text_in_use_leaves_each_right_to_the_certificate(code: str) -> None:
    (version,) = {o.license_text.version for o in OFFERS if o.license_text.code == code}
    body = TEXTS[code, version].body
    whole = re.split(r"\n\s*\n", body)
    listed = "Each of these follows the certificate."
    alone = []
    for place, paragraph in enumerate(whole):
        if paragraph.startswith(("#", "Copyright law")):
            continue
        if listed in " ".join(" ".join(whole[max(0, place - 1) : place + 1]).split()):
            continue
        for part in re.split(r"\n- |^- ", paragraph):
            text = " ".join(part.split())
            if UNCONDITIONAL.search(text) and not CONDITION.search(text):
                alone.append(text)
    assert alone == []


@pytest.mark.parametrize("code", ["digital-site-license", "dvd-ppr"])
def test_a_text_in_use_names_no_place_of_one_class(code: str) -> None:
    (version,) = {o.license_text.version for o in OFFERS if o.license_text.code == code}
    body = TEXTS[code, version].body.casefold()
    assert not re.search(r"campus|\bclass(es)?\b|\bcourse|student|patron|faculty", body)


def test_texts_that_orders_refer_to_are_still_published_as_they_were() -> None:
    assert {key for key in TEXTS if key[1] == "1.0"} == {
        ("digital-site-license", "1.0"),
        ("dvd-ppr", "1.0"),
        ("general-terms", "1.0"),
    }
