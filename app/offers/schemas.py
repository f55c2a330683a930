"""What the public API of the offers answers."""

from datetime import date, datetime
from functools import lru_cache
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.customers import CustomerClass
from app.core.config import Settings
from app.core.money import MoneyOut
from app.offers.bundles import RightsBundle
from app.offers.licensing import LicensingAnswer, NotOffered, OfferAnswer
from app.offers.models import LicenseText
from app.offers.rights_text import RightsSentence, Topic, Verdict
from app.offers.states import Delivery, Refusal
from app.offers.terms import Term, TermKind


class TermOut(BaseModel):
    """How long a license runs."""

    kind: TermKind
    months: int | None = Field(description="For the kind `months` only")
    words: str = Field(examples=["3 years"])

    @classmethod
    def of(cls, term: Term) -> Self:
        """Return ``term`` in its API shape."""
        return cls(kind=term.kind, months=term.months, words=term.label())


class SentenceOut(BaseModel):
    """One question of a librarian and its answer, for a row of a comparison."""

    topic: Topic
    question: str
    answer: str = Field(description="The full sentence, as on the certificate")
    short: str = Field(description="The answer in a few words")
    verdict: Verdict

    @classmethod
    def of(cls, sentence: RightsSentence) -> Self:
        """Return ``sentence`` in its API shape."""
        return cls(
            topic=sentence.topic,
            question=sentence.question,
            answer=sentence.answer,
            short=sentence.short,
            verdict=sentence.verdict,
        )


class PriceLineOut(BaseModel):
    """One step of a price's explanation."""

    label: str
    amount: MoneyOut


class TextReferenceOut(BaseModel):
    """The license text that goes with an offer."""

    code: str
    version: str
    title: str
    sha256: str = Field(description="Of the text's canonical form in UTF-8")
    url: str = Field(description="Link to the text")


class LicenseTextOut(TextReferenceOut):
    """A license text, whole."""

    body: str
    published_at: datetime


class OfferedOut(BaseModel):
    """An offer that this buyer may license, and what it costs this buyer."""

    sku: str
    title: str
    delivery: Delivery
    versions: list[str] = Field(description="Labels of the included versions")
    ships: bool = Field(description="Whether the offer ships a physical item")
    term: TermOut
    territory: list[str]
    rights: RightsBundle
    rights_text: str = Field(description="The rights as sentences")
    rights_answers: list[SentenceOut] = Field(description="The rights by question")
    price: MoneyOut
    price_band: str = Field(description="The size band that the price is for")
    price_explanation: list[PriceLineOut]
    rights_end_on: date | None = Field(
        description="The last day of our rights; null if there is no end date"
    )
    license_text: TextReferenceOut


class NotOfferedOut(BaseModel):
    """An offer that is not available to this buyer, with all reasons."""

    sku: str
    title: str
    delivery: Delivery | None
    term: str
    reasons: list[str]
    reason_codes: list[Refusal]


class SizeNeededOut(BaseModel):
    """An offer that this buyer may license at a price that depends on a size not given yet."""

    sku: str
    title: str
    delivery: Delivery | None
    term: str
    question: str = Field(description="The question for the buyer; send the answer as `size`")


class BuyerOut(BaseModel):
    """The buyer that the answer is for."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    customer_class: CustomerClass = Field(alias="class")
    size: int | None
    country: str


class FilmReferenceOut(BaseModel):
    """A film, by name."""

    slug: str
    title: str


class OfferedPartnerLinkOut(BaseModel):
    """Where an institution of this class can stream the film through a partner's platform."""

    platform: str
    url: str
    territory: list[str] = Field(description="ISO 3166-1 alpha-2 codes; empty means worldwide")
    checked_on: date


class LicensingOut(BaseModel):
    """The licenses available to this buyer today, and reasons for the others."""

    film: FilmReferenceOut
    buyer: BuyerOut
    on: date
    offers: list[OfferedOut]
    not_offered: list[NotOfferedOut]
    size_needed: list[SizeNeededOut] = Field(
        description=(
            "Available at a price that depends on the buyer's `size`; repeat the request with it"
        )
    )
    partner_links: list[OfferedPartnerLinkOut]


def licensing_out(answer: LicensingAnswer, settings: Settings) -> LicensingOut:
    """Return all of it. The film's partner links must be loaded."""
    buyer = answer.buyer
    return LicensingOut(
        film=FilmReferenceOut(slug=answer.film.slug, title=answer.film.title),
        buyer=BuyerOut(customer_class=buyer.customer_class, size=buyer.size, country=buyer.country),
        on=answer.on,
        offers=[offered_out(offered, settings) for offered in answer.offers],
        not_offered=[not_offered_out(refused) for refused in answer.not_offered],
        size_needed=[
            SizeNeededOut(
                sku=each.sku,
                title=each.title,
                delivery=each.delivery,
                term=each.term_label,
                question=answer.size_question,
            )
            for each in answer.size_needed
        ],
        partner_links=[
            OfferedPartnerLinkOut(
                platform=link.platform,
                url=link.url,
                territory=link.territory,
                checked_on=link.checked_on,
            )
            for link in answer.partner_links
        ],
    )


def offered_out(answer: OfferAnswer, settings: Settings) -> OfferedOut:
    """Return a yes."""
    return OfferedOut(
        sku=answer.sku,
        title=answer.title,
        delivery=answer.delivery,
        versions=answer.versions,
        ships=answer.ships,
        term=_term_out(answer.term),
        territory=answer.offer.sale_territory.codes(),
        rights=answer.rights,
        rights_text=" ".join(sentence.answer for sentence in answer.rights_sentences),
        rights_answers=list(_sentences_out(answer.rights_sentences)),
        price=MoneyOut.of(answer.price.total),
        price_band=answer.price.band,
        price_explanation=[
            PriceLineOut(label=line.label, amount=MoneyOut.of(line.amount))
            for line in answer.price.lines
        ],
        rights_end_on=answer.rights_end_on,
        license_text=text_reference_out(answer.license_text, settings),
    )


@lru_cache(maxsize=1024)
def _term_out(term: Term) -> TermOut:
    return TermOut.of(term)


@lru_cache(maxsize=1024)
def _sentences_out(sentences: tuple[RightsSentence, ...]) -> tuple[SentenceOut, ...]:
    return tuple(SentenceOut.of(sentence) for sentence in sentences)


def not_offered_out(refused: NotOffered) -> NotOfferedOut:
    """Return a no."""
    return NotOfferedOut(
        sku=refused.sku,
        title=refused.title,
        delivery=refused.delivery,
        term=refused.term_label,
        reasons=refused.reasons,
        reason_codes=refused.codes,
    )


def text_reference_out(text: LicenseText, settings: Settings) -> TextReferenceOut:
    """Return which text it is and where to read it."""
    return TextReferenceOut(
        code=text.code,
        version=text.version,
        title=text.title,
        sha256=text.sha256,
        url=settings.url(f"/license-texts/{text.code}/{text.version}"),
    )


def license_text_out(text: LicenseText, settings: Settings) -> LicenseTextOut:
    """Return a text, whole."""
    return LicenseTextOut(
        **text_reference_out(text, settings).model_dump(),
        body=text.body,
        published_at=text.published_at,
    )
