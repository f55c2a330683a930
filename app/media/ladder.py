"""Into which heights and sounds a master is made, and with which words ffmpeg is told. Pure."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from pydantic import BaseModel, ConfigDict

from app.media.master_states import RenditionKind
from app.media.package_contents import ThumbnailGrid
from app.media.probing import MasterFacts

# Named in each package, so that a new way of encoding is told from an old one.
RECIPE = "h264-1"
# Heights with the bits per second that they may take at most.
LADDER = {360: 800_000, 720: 2_800_000, 1080: 5_000_000}
# A height of the master between two of the ladder is added if it brings that much more.
WORTHWHILE = 1.2
QUALITY = 21
KEY_FRAME_SECONDS = 2
SEGMENT_SECONDS = 6
SOUND_BITS = 128_000
MAX_THUMBNAILS = 100
THUMBNAIL_COLUMNS = 10
THUMBNAIL_HEIGHT = 90


class RenditionPlan(BaseModel):
    """How one file of a package is made. Equal plans make equal files."""

    model_config = ConfigDict(frozen=True)

    kind: RenditionKind
    label: str
    master: str
    recipe: str = RECIPE
    stream_index: int
    language: str | None = None
    width: int = 0
    height: int = 0
    max_bits: int = 0
    frame_rate: str = ""
    is_interlaced: bool = False
    duration_ms: int


class DescriptionSource(BaseModel):
    """A master that brings an audio description by itself."""

    model_config = ConfigDict(frozen=True)

    master: str
    language: str | None
    facts: MasterFacts


def plan_renditions(
    master: str, facts: MasterFacts, descriptions: Sequence[DescriptionSource] = ()
) -> list[RenditionPlan]:
    """Return all that is made of a master, the lightest pictures first."""
    plans = [
        RenditionPlan(
            kind=RenditionKind.VIDEO,
            label=f"{height}p",
            master=master,
            stream_index=facts.video_index or 0,
            width=even(height * facts.width / facts.height),
            height=height,
            max_bits=max_bits(height),
            frame_rate=facts.frame_rate,
            is_interlaced=facts.is_interlaced,
            duration_ms=facts.duration_ms,
        )
        for height in choose_heights(facts.height)
    ]
    labels: Counter[str] = Counter()

    def sound(source: str, index: int, language: str | None, *, described: bool) -> RenditionPlan:
        kind = RenditionKind.AUDIO_DESCRIPTION if described else RenditionKind.AUDIO
        name = f"{'description' if described else 'audio'}-{language or 'und'}"
        labels[name] += 1
        label = f"{name}-{labels[name]}" if labels[name] > 1 else name
        return RenditionPlan(
            kind=kind,
            label=label,
            master=source,
            stream_index=index,
            language=language,
            duration_ms=facts.duration_ms,
        )

    # Its own sound comes first: players begin with it.
    plans += [
        sound(master, each.index, each.language, described=each.is_description)
        for each in sorted(facts.sounds, key=lambda each: each.is_description)
    ]
    for source in descriptions:
        first = source.facts.sounds[0]
        language = source.language or first.language
        plans.append(sound(source.master, first.index, language, described=True))
    return plans


def choose_heights(height: int) -> list[int]:
    """Return the heights that a master is made into: never more than it has.

    >>> choose_heights(1080), choose_heights(576), choose_heights(240)
    ([360, 720, 1080], [360, 576], [240])
    """
    own = even(height)
    heights = [rung for rung in LADDER if rung <= height]
    if not heights or (own < max(LADDER) and own >= heights[-1] * WORTHWHILE):
        heights.append(own)
    return heights


def max_bits(height: int) -> int:
    """Return the bits per second that pictures of a height may take, between those of the ladder.

    >>> max_bits(360), max_bits(540), max_bits(180)
    (800000, 1800000, 400000)
    """
    rungs = sorted(LADDER.items())
    low, low_bits = rungs[0]
    if height <= low:
        return low_bits * height // low
    for high, high_bits in rungs[1:]:
        if height <= high:
            return low_bits + (high_bits - low_bits) * (height - low) // (high - low)
        low, low_bits = high, high_bits
    return low_bits


def even(number: float) -> int:
    """Return the nearest even number: H.264 halves its colors."""
    return max(2, round(number / 2) * 2)


def video_words(plan: RenditionPlan) -> list[str]:
    """Return how pictures are encoded: upright, square pixels, key frames at the same moments."""
    filters = ["bwdif=mode=send_frame"] if plan.is_interlaced else []
    filters += [
        f"scale={plan.width}:{plan.height}",
        "setsar=1",
        # From the very start, also if the pictures begin later than the sound.
        f"fps={plan.frame_rate}:start_time=0",
        "format=yuv420p",
    ]
    return [
        "-map", f"0:{plan.stream_index}", "-vf", ",".join(filters),
        "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", str(QUALITY),
        "-maxrate", str(plan.max_bits), "-bufsize", str(2 * plan.max_bits),
        "-force_key_frames", f"expr:gte(t,n_forced*{KEY_FRAME_SECONDS})",
        "-sc_threshold", "0", "-g", str(ceil(Fraction(plan.frame_rate) * 10)),
    ]  # fmt: skip


def sound_words(plan: RenditionPlan) -> list[str]:
    """Return how a sound is encoded: in stereo, and exactly as long as the pictures."""
    return [
        "-map", f"0:{plan.stream_index}", "-af", "aresample=async=1000:first_pts=0,apad",
        "-t", f"{plan.duration_ms / 1000:.3f}",
        "-c:a", "aac", "-b:a", str(SOUND_BITS), "-ac", "2", "-ar", "48000",
    ]  # fmt: skip


def segment_words(media: str, playlist: str) -> list[str]:
    """Return how one file of segments is written, with nothing in it but pictures or sound."""
    return [
        "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact",
        "-flags:v", "+bitexact", "-flags:a", "+bitexact",
        "-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod",
        "-hls_segment_type", "fmp4", "-hls_flags", "single_file",
        "-hls_segment_filename", media, playlist,
    ]  # fmt: skip


def plan_thumbnails(duration_ms: int, width: int, height: int) -> ThumbnailGrid:
    """Return how the small pictures for seeking lie in one file."""
    every_ms = max(2_000, ceil(duration_ms / MAX_THUMBNAILS / 1000) * 1000)
    count = max(1, ceil(duration_ms / every_ms))
    columns = min(THUMBNAIL_COLUMNS, count)
    return ThumbnailGrid(
        columns=columns,
        rows=ceil(count / columns),
        width=even(THUMBNAIL_HEIGHT * width / height),
        height=THUMBNAIL_HEIGHT,
        every_ms=every_ms,
        count=count,
    )


def thumbnail_words(grid: ThumbnailGrid) -> list[str]:
    """Return how the small pictures are made."""
    filters = [
        f"fps=1000/{grid.every_ms}:round=up:start_time=0",
        f"scale={grid.width}:{grid.height}",
        f"tile={grid.columns}x{grid.rows}",
    ]
    return ["-vf", ",".join(filters), "-frames:v", "1", "-q:v", "5", "-update", "1"]
