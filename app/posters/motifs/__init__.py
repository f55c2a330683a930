"""The motifs by name. Each fills an area of any shape, from three inks, a chance and the facts."""

from collections.abc import Callable

from app.posters.motifs import built, grids, land
from app.posters.motifs import round as turning
from app.posters.motifs.art import Art

__all__ = ["MOTIFS", "Art"]

MOTIFS: dict[str, Callable[[Art], None]] = {
    motif.__name__: motif
    for motif in (
        turning.divided,
        turning.rings,
        turning.spiral,
        turning.wheel,
        turning.lens,
        turning.rays,
        turning.dial,
        turning.eyes,
        turning.arches,
        turning.dome,
        turning.track,
        turning.overlap,
        land.contours,
        land.relief,
        land.survey,
        land.strata,
        land.furrows,
        land.rails,
        land.road,
        land.peaks,
        land.waves,
        land.songs,
        land.grain,
        grids.frames,
        grids.archive,
        grids.weave,
        grids.tiles,
        grids.voices,
        grids.crowd,
        grids.stripes,
        grids.towers,
        grids.mural,
        grids.bars,
        grids.keys,
        grids.ruler,
        built.wedge,
        built.ladder,
        built.strip,
        built.rooms,
        built.shards,
        built.numeral,
        built.fan,
        built.taps,
        built.prints,
        built.gilt,
    )
}
