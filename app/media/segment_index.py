"""Where the segments of one media file begin: what a playlist is rendered from.

A rendition is one fragmented MP4 file: first what every player needs to begin (the init section),
then the segments, without gaps. So lengths say everything.
"""

import re
from functools import cached_property
from math import ceil

from pydantic import BaseModel, ConfigDict, Field

_DURATION = re.compile(r"#EXTINF:([\d.]+)")
_RANGE = re.compile(r'#EXT-X-(?:MAP:.*BYTERANGE="|BYTERANGE:)(\d+)@(\d+)')
# After the box's name come one byte of version and three that name profile and level.
_AVC_BOX = b"avcC"
AAC_LC = "mp4a.40.2"


class IndexRefusedError(Exception):
    """The file is not laid out as ours are; says how, for the log."""


class Segment(BaseModel):
    """A piece of a few seconds, by its place in the file."""

    model_config = ConfigDict(frozen=True)

    duration_us: int = Field(gt=0)
    length: int = Field(gt=0, description="Bytes")


class StreamFacts(BaseModel):
    """What a playlist says of one rendition."""

    model_config = ConfigDict(frozen=True)

    codecs: str = Field(description="As RFC 6381")
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    channels: int | None = None
    init_length: int = Field(gt=0, description="Bytes before the first segment")
    segments: tuple[Segment, ...] = Field(min_length=1)

    @cached_property
    def duration_ms(self) -> int:
        """How long it plays."""
        return round(sum(segment.duration_us for segment in self.segments) / 1000)

    @property
    def target_seconds(self) -> int:
        """The length that no segment exceeds, in whole seconds."""
        return ceil(max(segment.duration_us for segment in self.segments) / 1_000_000)

    @property
    def peak_bits(self) -> int:
        """The bits per second of its heaviest segment."""
        return max(
            ceil(segment.length * 8_000_000 / segment.duration_us) for segment in self.segments
        )

    @property
    def average_bits(self) -> int:
        """The bits per second of the whole."""
        length = sum(segment.length for segment in self.segments)
        return ceil(length * 8_000 / max(1, self.duration_ms))

    @property
    def size_bytes(self) -> int:
        """How long the file must be."""
        return self.init_length + sum(segment.length for segment in self.segments)


def parse_ranges(playlist: str) -> tuple[int, tuple[Segment, ...]]:
    """Return the length of the init section, and the segments, of a playlist of byte ranges.

    Raises:
        IndexRefusedError: the ranges leave a gap, or there are none.
    """
    durations = [round(float(found) * 1_000_000) for found in _DURATION.findall(playlist)]
    ranges = [(int(length), int(start)) for length, start in _RANGE.findall(playlist)]
    if len(ranges) != len(durations) + 1 or not durations:
        msg = f"{len(ranges)} byte ranges for {len(durations)} segments"
        raise IndexRefusedError(msg)
    position = 0
    for length, start in ranges:
        if start != position or length <= 0:
            msg = f"a segment begins at byte {start} instead of {position}"
            raise IndexRefusedError(msg)
        position += length
    segments = tuple(
        Segment(duration_us=duration, length=length)
        for duration, (length, _) in zip(durations, ranges[1:], strict=True)
    )
    return ranges[0][0], segments


def video_codec(init: bytes) -> str:
    """Return how playlists name the H.264 of an init section, with its profile and level.

    Raises:
        IndexRefusedError: it describes no such pictures.
    """
    start = init.find(_AVC_BOX) + len(_AVC_BOX) + 1
    if start <= len(_AVC_BOX) or len(init) < start + 3:
        msg = "no H.264 in the init section"
        raise IndexRefusedError(msg)
    return f"avc1.{init[start : start + 3].hex()}"
