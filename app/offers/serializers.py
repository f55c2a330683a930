"""Licensing answers in the shape of the API."""

from functools import lru_cache

from app.core.config import Settings
from app.core.money import MoneyOut
from app.offers.licensing import LicensingAnswer, NotOffered, OfferAnswer
from app.offers.models import LicenseText
from app.offers.rights_text import RightsSentence
from app.offers.schemas import (
    BuyerOut,
    FilmReferenceOut,
    LicenseTextOut,
    LicensingOut,
    NotOfferedOut,
    OfferedOut,
    OfferedPartnerLinkOut,
    PriceLineOut,
    SentenceOut,
    SizeNeededOut,
    TermOut,
    TextReferenceOut,
)
from app.offers.terms import Term


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
