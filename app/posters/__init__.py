"""Poster art, drawn as SVG from a film's own facts; it stands in for stills we may not ship."""

from app.posters.facts import PosterFacts, facts_of
from app.posters.poster import RATIOS, poster_svg

__all__ = ["RATIOS", "PosterFacts", "facts_of", "poster_svg"]
