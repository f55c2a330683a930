"""Addresses of a quote's pages, as emails and documents print them."""

from app.quotes.models import Quote


def quote_url(quote: Quote) -> str:
    """Return the page that the link's holders open."""
    return f"{quote.seller['base_url']}{quote_path(quote)}"


def quote_path(quote: Quote) -> str:
    """Return the same page as a path."""
    return f"/quotes/{quote.number}?token={quote.access_token}"


def pdf_url(quote: Quote) -> str:
    """Return the address of the PDF."""
    return f"{quote.seller['base_url']}/quotes/{quote.number}.pdf?token={quote.access_token}"


def vendor_document_url(quote: Quote, ref: str) -> str:
    """Return the address of a vendor document that the quote offers."""
    path = f"/quotes/{quote.number}/vendor-documents/{ref}.pdf?token={quote.access_token}"
    return f"{quote.seller['base_url']}{path}"


def console_quote_url(quote: Quote) -> str:
    """Return the staff's page of the quote."""
    return f"{quote.seller['base_url']}/console/quotes/{quote.number}"
