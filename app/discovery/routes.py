"""All that is read from outside the store, part by part."""

from app.discovery import (
    card_routes,
    citation_routes,
    crawl_routes,
    feed_routes,
    oai_routes,
)

PARTS = (card_routes, citation_routes, crawl_routes, feed_routes, oai_routes)
