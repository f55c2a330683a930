"""Public responses, rendered once and sent from memory: see docs/decisions/0021."""

from app.core.response_cache.cache import ResponseCache
from app.core.response_cache.freshness import PublicRevision
from app.core.response_cache.middleware import ResponseCacheMiddleware

__all__ = [
    "PublicRevision",
    "ResponseCache",
    "ResponseCacheMiddleware",
]
