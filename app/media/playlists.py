"""HLS playlists: a pure function of what a package holds. Addresses in them are relative.

Nothing of them is stored, so captions and names change without encoding again; and a token that is
part of the path, not of the query, reaches every file by itself.
"""

from collections import Counter
from collections.abc import Iterable
from math import ceil

import pycountry
from babel import Locale, UnknownLocaleError

from app.catalog.enums import CaptionKind
from app.media.master_states import RenditionKind
from app.media.package_contents import CaptionTrack, PackageContents, PackageStream

DESCRIBES_VIDEO = "public.accessibility.describes-video"
TRANSCRIBES = (
    "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
)
HEARS = frozenset((CaptionKind.CC, CaptionKind.SDH))
_VERSION = "#EXTM3U\n#EXT-X-VERSION:7\n"


def render_master(contents: PackageContents, *, with_captions: bool = True) -> str:
    """Return the playlist of all heights, sounds and captions, the lightest pictures first.

    ``with_captions`` is false for a player that is given captions in another way.
    """
    sounds = [
        *contents.of_kind(RenditionKind.AUDIO),
        *contents.of_kind(RenditionKind.AUDIO_DESCRIPTION),
    ]
    captions = contents.captions if with_captions else ()
    lines = ["#EXT-X-INDEPENDENT-SEGMENTS"]
    for position, (sound, name) in enumerate(zip(sounds, _sound_names(sounds), strict=True)):
        lines.append(_sound_line(sound, name, is_default=position == 0))
    for track, name in zip(captions, caption_names(captions), strict=True):
        lines.append(_caption_line(track, name))
    peak = max((sound.facts.peak_bits for sound in sounds), default=0)
    average = max((sound.facts.average_bits for sound in sounds), default=0)
    codecs = list(dict.fromkeys(sound.facts.codecs for sound in sounds))
    for pictures in contents.of_kind(RenditionKind.VIDEO):
        facts = pictures.facts
        tags = {
            "BANDWIDTH": str(facts.peak_bits + peak),
            "AVERAGE-BANDWIDTH": str(facts.average_bits + average),
            "CODECS": _quote(",".join([facts.codecs, *codecs])),
            "RESOLUTION": f"{facts.width}x{facts.height}",
            "FRAME-RATE": f"{facts.frame_rate or 0:.3f}",
            "AUDIO": _quote("sound") if sounds else "",
            "SUBTITLES": _quote("captions") if captions else "",
            "CLOSED-CAPTIONS": "NONE",
        }
        lines += [f"#EXT-X-STREAM-INF:{_tags(tags)}", pictures.playlist_name]
    return _VERSION + "\n".join(lines) + "\n"


def render_stream(stream: PackageStream) -> str:
    """Return the playlist of one file: its segments as ranges of bytes."""
    facts = stream.facts
    lines = [
        f"#EXT-X-TARGETDURATION:{facts.target_seconds}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f'#EXT-X-MAP:URI="{stream.file_name}",BYTERANGE="{facts.init_length}@0"',
    ]
    position = facts.init_length
    for segment in facts.segments:
        lines += [
            f"#EXTINF:{segment.duration_us / 1_000_000:.6f},",
            f"#EXT-X-BYTERANGE:{segment.length}@{position}",
            stream.file_name,
        ]
        position += segment.length
    return _VERSION + "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def render_captions(track: CaptionTrack, duration_ms: int) -> str:
    """Return the playlist of a caption file, which is one segment as long as the film."""
    seconds = duration_ms / 1000
    lines = [
        f"#EXT-X-TARGETDURATION:{ceil(seconds)}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f"#EXTINF:{seconds:.3f},",
        track.file_name,
        "#EXT-X-ENDLIST",
    ]
    return _VERSION + "\n".join(lines) + "\n"


def caption_names(captions: Iterable[CaptionTrack]) -> list[str]:
    """Return what viewers choose a caption track by: its language in that language."""
    return [
        f"{language_name(track.language)}{' (SDH)' if track.kind is CaptionKind.SDH else ''}"
        f"{' (CC)' if track.kind is CaptionKind.CC else ''}"
        for track in captions
    ]


def language_name(code: str) -> str:
    """Return a language's own name for itself, else its English name.

    >>> language_name("rus"), language_name("eng")
    ('Русский', 'English')
    """
    try:
        name = Locale.parse(language_tag(code)).get_display_name()
    except (UnknownLocaleError, ValueError):
        name = None
    known = pycountry.languages.get(alpha_3=code)
    name = name or (known.name if known else code)
    return name[:1].upper() + name[1:]


def language_tag(code: str) -> str:
    """Return a language as the web writes it: the short code, where there is one.

    >>> language_tag("rus"), language_tag("chr")
    ('ru', 'chr')
    """
    known = pycountry.languages.get(alpha_3=code)
    return str(getattr(known, "alpha_2", code))


def _sound_names(sounds: Iterable[PackageStream]) -> list[str]:
    """Return a name for each, of which no two are the same."""
    names: list[str] = []
    seen: Counter[str] = Counter()
    for sound in sounds:
        name = language_name(sound.language) if sound.language else "Original sound"
        if sound.kind is RenditionKind.AUDIO_DESCRIPTION:
            name = f"{name} (audio description)"
        seen[name] += 1
        names.append(f"{name} {seen[name]}" if seen[name] > 1 else name)
    return names


def _sound_line(sound: PackageStream, name: str, *, is_default: bool) -> str:
    is_described = sound.kind is RenditionKind.AUDIO_DESCRIPTION
    tags = {
        "TYPE": "AUDIO",
        "GROUP-ID": _quote("sound"),
        "NAME": _quote(name),
        "LANGUAGE": _quote(language_tag(sound.language)) if sound.language else "",
        "DEFAULT": "YES" if is_default else "NO",
        # A device that is set to prefer descriptions chooses them by itself.
        "AUTOSELECT": "YES",
        "CHARACTERISTICS": _quote(DESCRIBES_VIDEO) if is_described else "",
        "CHANNELS": _quote(str(sound.facts.channels or 2)),
        "URI": _quote(sound.playlist_name),
    }
    return f"#EXT-X-MEDIA:{_tags(tags)}"


def _caption_line(track: CaptionTrack, name: str) -> str:
    tags = {
        "TYPE": "SUBTITLES",
        "GROUP-ID": _quote("captions"),
        "NAME": _quote(name),
        "LANGUAGE": _quote(language_tag(track.language)),
        "DEFAULT": "NO",
        "AUTOSELECT": "YES",
        "FORCED": "NO",
        "CHARACTERISTICS": _quote(TRANSCRIBES) if track.kind in HEARS else "",
        "URI": _quote(track.playlist_name),
    }
    return f"#EXT-X-MEDIA:{_tags(tags)}"


def _tags(tags: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in tags.items() if value)


def _quote(text: str) -> str:
    """Write a text as an attribute: it may hold no quotes and no line breaks."""
    return '"' + "".join(letter for letter in text if letter.isprintable() and letter != '"') + '"'
