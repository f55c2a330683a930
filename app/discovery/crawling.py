"""What search engines and browsers are told of the store as a whole."""

from app.core.config import Settings
from app.discovery import xml

# Pages of one visitor, and what is for programs. Searches say themselves that they are not to be
# indexed: a rule for "/films?" is read by some crawlers as one for "/films".
CLOSED = (
    "/alerts/",
    "/api/",
    "/cart",
    "/checkout",
    "/compare",
    "/console",
    "/notes/",
    "/orders/",
    "/verify/",
    "/buyer",
)
OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
# The longest names that OpenSearch 1.1 allows.
SHORT_NAME, LONG_NAME = 16, 48


def robots(settings: Settings) -> bytes:
    """Return robots.txt (RFC 9309)."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in CLOSED),
        "",
        f"Sitemap: {settings.url('/sitemap.xml')}",
    ]
    return "\n".join([*lines, ""]).encode()


def opensearch(settings: Settings) -> bytes:
    """Return how to search the films from a browser's own search field."""
    document = xml.root(OPENSEARCH, "OpenSearchDescription")
    seller = settings.seller_name
    xml.add(document, "ShortName", seller[:SHORT_NAME].strip())
    xml.add(document, "Description", f"Search the documentaries of {seller}")
    xml.add(document, "LongName", seller[:LONG_NAME].strip())
    xml.add(
        document,
        "Url",
        type="text/html",
        method="get",
        template=settings.url("/films?q={searchTerms}"),
    )
    xml.add(
        document,
        "Url",
        type="application/opensearchdescription+xml",
        rel="self",
        template=settings.url("/opensearch.xml"),
    )
    xml.add(
        document,
        "Image",
        settings.url("/static/logo.svg"),
        type="image/svg+xml",
        width="64",
        height="64",
    )
    xml.add(document, "Language", "en-US")
    xml.add(document, "InputEncoding", "UTF-8")
    xml.add(document, "OutputEncoding", "UTF-8")
    return xml.serialize(document)
