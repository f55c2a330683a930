"""All that is read from outside the store, in one router."""

from fastapi import APIRouter

from app.discovery import (
    card_routes,
    citation_routes,
    crawl_routes,
    feed_routes,
    oai_routes,
)

router = APIRouter(include_in_schema=False)
for part in (card_routes, citation_routes, crawl_routes, feed_routes, oai_routes):
    router.include_router(part.router)
