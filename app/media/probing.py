"""What a master is: read from what ffprobe tells, and judged in plain words."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.catalog import countries_languages

MAX_HOURS = 8
# A catalog gives whole minutes.
MIN_TOLERANCE_MS = 60_000
CAPTION_TOLERANCE_MS = 2_000
DESCRIPTION_TOLERANCE_MS = 1_000
MAX_FRAME_RATE = Fraction(60)
HDR_TRANSFERS = frozenset(("smpte2084", "arib-std-b67"))
INTERLACED = frozenset(("tt", "bb", "tb", "bt"))
UNREADABLE = (
    "The file cannot be read as a film. It may be cut off or damaged, or not be a film. Export it "
    "as MP4, MOV, MKV, MXF, or MPEG, and upload it again."
)
NO_PICTURES = "The file has no pictures. Upload the film itself."
CUT_OFF = "The file is cut off: its end is missing. Upload it again."


class MasterRefusedError(Exception):
    """A master cannot be used; says why, in words."""


class SoundFacts(BaseModel):
    """One sound of a master."""

    model_config = ConfigDict(frozen=True)

    index: int
    language: str | None
    channels: int
    is_description: bool


class MasterFacts(BaseModel):
    """What a master is. Width and height are as it is seen: square pixels, turned upright."""

    model_config = ConfigDict(frozen=True)

    duration_ms: int
    video_index: int | None = None
    video_codec: str = ""
    width: int = 0
    height: int = 0
    frame_rate: str = "25"
    is_interlaced: bool = False
    is_hdr: bool = False
    is_anamorphic: bool = False
    is_rotated: bool = False
    sounds: tuple[SoundFacts, ...] = ()
    loudness: float | None = None

    @property
    def notes(self) -> list[str]:
        """What staff should know of a master that can be used."""
        notes = []
        if not self.sounds:
            notes.append("The film has no sound.")
        if any(sound.language is None for sound in self.sounds):
            notes.append("The file does not say the language of its sound.")
        if self.is_interlaced:
            notes.append("The pictures are interlaced. They are made progressive.")
        if self.loudness is not None and not QUIET <= self.loudness <= LOUD:
            notes.append(f"The sound is unusually {'quiet' if self.loudness < QUIET else 'loud'}.")
        return notes


# In LUFS; what is released lies between -27 and -14.
QUIET, LOUD = -35.0, -9.0


def read_facts(told: Mapping[str, Any]) -> MasterFacts:
    """Return the facts of a file from what ffprobe tells of it.

    Raises:
        MasterRefusedError: it has neither pictures nor sound, or no length.
    """
    streams: Sequence[Mapping[str, Any]] = told.get("streams", [])
    sounds = tuple(_sound(stream) for stream in streams if stream.get("codec_type") == "audio")
    film = next((stream for stream in streams if _is_film(stream)), None)
    seconds = (film or {}).get("duration") or told.get("format", {}).get("duration")
    if (film is None and not sounds) or not seconds:
        raise MasterRefusedError(UNREADABLE)
    duration_ms = round(float(seconds) * 1000)
    if film is None:
        return MasterFacts(duration_ms=duration_ms, sounds=sounds)
    width, height = int(film.get("width") or 0), int(film.get("height") or 0)
    aspect = _fraction(film.get("sample_aspect_ratio")) or Fraction(1)
    is_rotated = _rotation(film) % 180 == 90  # noqa: PLR2004 - a quarter turn
    shown_width = round(width * aspect)
    return MasterFacts(
        duration_ms=duration_ms,
        video_index=int(film["index"]),
        video_codec=str(film.get("codec_name", "")),
        width=height if is_rotated else shown_width,
        height=shown_width if is_rotated else height,
        frame_rate=str(_frame_rate(film)),
        is_interlaced=film.get("field_order") in INTERLACED,
        is_hdr=film.get("color_transfer") in HDR_TRANSFERS,
        is_anamorphic=aspect != 1,
        is_rotated=is_rotated,
        sounds=sounds,
    )


def check_film(
    facts: MasterFacts, *, runtime_minutes: int, captions_end_ms: int, is_lenient: bool = False
) -> None:
    """Check that a master can be packaged as a version of this length, with these captions.

    Raises:
        MasterRefusedError: it cannot; says why.
    """
    if facts.video_index is None or not facts.width or not facts.height:
        raise MasterRefusedError(NO_PICTURES)
    if facts.is_hdr:
        msg = "The pictures are HDR. Upload a master in standard range (SDR, Rec. 709)."
        raise MasterRefusedError(msg)
    if facts.duration_ms > MAX_HOURS * 3_600_000:
        msg = f"The film is longer than {MAX_HOURS} hours. Upload it in parts, as versions."
        raise MasterRefusedError(msg)
    wanted = runtime_minutes * 60_000
    if abs(facts.duration_ms - wanted) > max(MIN_TOLERANCE_MS, wanted // 50) and not is_lenient:
        msg = (
            f"The file lasts {clock_words(facts.duration_ms)}, but the version has a running time "
            f"of {runtime_minutes} minutes. Check the file, and the running time of the version."
        )
        raise MasterRefusedError(msg)
    if captions_end_ms > facts.duration_ms + CAPTION_TOLERANCE_MS:
        msg = (
            f"The version's captions end at {clock_words(captions_end_ms)}, after the end of the "
            f"film at {clock_words(facts.duration_ms)}. Withdraw or replace the caption file."
        )
        raise MasterRefusedError(msg)


def check_description(facts: MasterFacts, film: MasterFacts) -> None:
    """Check that an audio description fits its film.

    Raises:
        MasterRefusedError: it does not; says why.
    """
    if not facts.sounds:
        msg = "The file has no sound. Upload the audio description."
        raise MasterRefusedError(msg)
    if abs(facts.duration_ms - film.duration_ms) > DESCRIPTION_TOLERANCE_MS:
        msg = (
            f"The audio description lasts {clock_words(facts.duration_ms)}, the film "
            f"{clock_words(film.duration_ms)}. Upload one that is as long as the film."
        )
        raise MasterRefusedError(msg)


def clock_words(milliseconds: int) -> str:
    """Return a length as hours, minutes and seconds.

    >>> clock_words(5_403_000)
    '1:30:03'
    """
    seconds = round(milliseconds / 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _is_film(stream: Mapping[str, Any]) -> bool:
    """Whether a stream is moving pictures: no cover picture, which some files bring."""
    is_cover = bool(stream.get("disposition", {}).get("attached_pic"))
    return stream.get("codec_type") == "video" and not is_cover


def _sound(stream: Mapping[str, Any]) -> SoundFacts:
    tags = {key.lower(): str(value) for key, value in stream.get("tags", {}).items()}
    try:
        language = countries_languages.language_code(tags.get("language", ""))
    except ValueError:
        language = None
    disposition = stream.get("disposition", {})
    title = f"{tags.get('title', '')} {tags.get('handler_name', '')}".lower()
    is_marked = bool(disposition.get("visual_impaired") or disposition.get("descriptions"))
    return SoundFacts(
        index=int(stream["index"]),
        language=None if language in {"und", "mul"} else language,
        channels=int(stream.get("channels") or 2),
        is_description=is_marked or "audio description" in title or "descriptive" in title,
    )


def _rotation(stream: Mapping[str, Any]) -> int:
    told = [data.get("rotation") for data in stream.get("side_data_list", [])]
    told.append(stream.get("tags", {}).get("rotate"))
    return next((round(float(turn)) for turn in told if turn is not None), 0)


def _frame_rate(stream: Mapping[str, Any]) -> Fraction:
    """Return the pictures a second, at most 60: every second one of more."""
    rate = _fraction(stream.get("avg_frame_rate")) or _fraction(stream.get("r_frame_rate"))
    rate = rate or Fraction(25)
    while rate > MAX_FRAME_RATE:
        rate /= 2
    return rate.limit_denominator(1001)


def _fraction(text: object) -> Fraction | None:
    top, _, bottom = str(text or "").replace(":", "/").partition("/")
    if not (top.isdigit() and (bottom or "1").isdigit()) or int(bottom or 1) == 0:
        return None
    return Fraction(int(top), int(bottom or 1)) or None
