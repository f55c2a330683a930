"""What a watch page shows: the clip that is linked to, chapters, transcript, and why not."""

import re
from dataclasses import dataclass

import pysubs2

from app.access.decisions import RefusalReason
from app.core.storage import Storage
from app.media.package_contents import CaptionTrack, PackageContents
from app.media.playlists import caption_names, language_tag
from app.media.webvtt import write_captions
from app.streaming.media_paths import media_path
from app.streaming.plays import BegunPlay

_CLIP = re.compile(r"(\d{1,6})(?:,(\d{1,6}))?")
_TAG = re.compile(r"<[^>]*>")

REFUSALS = {
    RefusalReason.NO_LICENSE: (
        "Your institution has no streaming license for this film",
        "Ask your library to license it, or see its licenses and prices.",
    ),
    RefusalReason.NOT_YET: (
        "The license for this film has not started",
        "You can watch it from {starts_on}.",
    ),
    RefusalReason.EXPIRED: (
        "The license for this film has ended",
        "It ended on {ends_on}. Ask your library to renew it.",
    ),
    RefusalReason.SUSPENDED: (
        "The license for this film is suspended",
        "Ask your library. They can contact us.",
    ),
    RefusalReason.SITE: (
        "The license covers other sites of your institution",
        "Watch it from a site that the license names, or ask your library.",
    ),
    RefusalReason.AFFILIATION: (
        "The license covers members of your institution",
        "Sign in with your own account at the institution, or ask your library.",
    ),
    RefusalReason.LIMIT: (
        "Too many people are watching this film",
        "The license allows {max_concurrent} at a time. Try again in a few minutes.",
    ),
}


@dataclass(frozen=True, slots=True)
class Clip:
    """The part of a film that a link leads to, in seconds; without an end, it plays on."""

    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Cue:
    """A line of a transcript."""

    start: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The captions of a film as lines to read."""

    language: str
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class TrackView:
    """A text track of the player."""

    kind: str
    url: str
    language: str
    label: str


@dataclass(frozen=True, slots=True)
class PlayView:
    """What the page of a play that began holds."""

    token: str
    seconds: int
    secret: str
    beat_path: str
    master_url: str
    tracks: tuple[TrackView, ...]


def parse_clip(text: str) -> Clip | None:
    """Read ``60`` or ``60,120``; None if it is neither, or ends before it starts.

    >>> parse_clip("60,120"), parse_clip("120,60")
    (Clip(start=60, end=120), None)
    """
    found = _CLIP.fullmatch(text.strip())
    if found is None:
        return None
    start, end = int(found[1]), int(found[2]) if found[2] else None
    return None if end is not None and end <= start else Clip(start, end)


def play_view(play: BegunPlay, contents: PackageContents, *, media_base_url: str) -> PlayView:
    """Return the player of a play: its address, and its tracks of text."""

    def url(file: str) -> str:
        return media_base_url + media_path(play.grant.token, contents.ref, file)

    names = caption_names(contents.captions)
    tracks = [
        TrackView("captions", url(track.file_name), language_tag(track.language), name)
        for track, name in zip(contents.captions, names, strict=True)
    ]
    if contents.chapters:
        tracks.append(TrackView("chapters", url("chapters.vtt"), "en", "Chapters"))
    return PlayView(
        token=play.grant.token,
        seconds=play.grant.seconds,
        secret=play.secret,
        beat_path=f"/watch/plays/{play.ref}/beat",
        master_url=url("master.m3u8"),
        tracks=tuple(tracks),
    )


def read_transcript(storage: Storage, tracks: tuple[CaptionTrack, ...]) -> Transcript | None:
    """Return the first caption file as lines; None if there is none."""
    if not tracks:
        return None
    text = write_captions(storage.read(tracks[0].storage_name))
    cues = pysubs2.SSAFile.from_string(text, format_="vtt")
    lines = tuple(
        Cue(cue.start / 1000, " ".join(_TAG.sub("", cue.plaintext).split())) for cue in cues
    )
    return Transcript(language_tag(tracks[0].language), lines)
