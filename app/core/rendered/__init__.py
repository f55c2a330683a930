"""Answers of the public, rendered once and sent from memory: see docs/decisions/0007."""

from app.core.rendered.answers import Secret
from app.core.rendered.freshness import Mark
from app.core.rendered.keeping import HOLE, Cookies, Kind, Rendered, hole_in
from app.core.rendered.path import RenderedPath

__all__ = [
    "HOLE",
    "Cookies",
    "Kind",
    "Mark",
    "Rendered",
    "RenderedPath",
    "Secret",
    "hole_in",
]
