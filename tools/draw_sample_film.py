"""Draw the sample film and its package into ``seeds/sample_film/``.

Run by hand, with ffmpeg 5 or later that has flite (Debian's has): it speaks the audio description.
The film is one minute of leader: a hand goes around once a second, and the number is the second.
"""

import json
import math
import struct
import subprocess
import sys
import wave
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw, ImageFont

from app.media.segment_index import AAC_LC, StreamFacts, parse_ranges, video_codec

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "seeds" / "sample_film"
SECONDS, RATE, WIDTH, HEIGHT = 60, 12, 640, 360
SOUND_RATE = 32_000
# Paper, ink and accent of each third of the film.
PARTS = (
    ("Leader", "#e9e4d8", "#2b2a27", "#b5482e"),
    ("Second reel", "#dfe6e4", "#22302f", "#1f7a70"),
    ("Third reel", "#e6dfe6", "#2e2530", "#7a3d86"),
)
PART_SECONDS = SECONDS // len(PARTS)
SPOKEN = (
    (1.0, "A drawn film leader. A hand sweeps around a circle, once a second."),
    (21.0, "The paper turns pale green. The count goes on from twenty."),
    (41.0, "The paper turns pale violet. The count goes on to fifty nine."),
)
CAPTIONS = {
    "eng": (
        "sdh",
        [
            (1.0, 5.0, "[tone]\nThis is a sample film."),
            (8.0, 12.0, "This caption shows from second 8 to second 12."),
            (15.0, 19.0, "[ticking]"),
            (20.0, 24.0, "[tone]\nThe second reel."),
            (28.0, 32.0, "This one shows from second 28 to second 32."),
            (40.0, 44.0, "[tone]\nThe third reel."),
            (48.0, 52.0, "This one shows from second 48 to second 52."),
            (56.0, 59.5, "[ticking stops]\nThe end."),
        ],
    ),
    "spa": (
        "subtitle",
        [
            (1.0, 5.0, "Esta es una película de muestra."),
            (8.0, 12.0, "Este subtítulo se ve del segundo 8 al 12."),
            (20.0, 24.0, "El segundo rollo."),
            (28.0, 32.0, "Este se ve del segundo 28 al 32."),
            (40.0, 44.0, "El tercer rollo."),
            (48.0, 52.0, "Este se ve del segundo 48 al 52."),
            (56.0, 59.5, "Fin."),
        ],
    ),
}
GRID = {"columns": 4, "rows": 3, "width": 160, "height": 90, "every_ms": 5000, "count": 12}
KEY_FRAMES = ["-g", str(2 * RATE), "-keyint_min", str(2 * RATE), "-sc_threshold", "0"]
HLS = ["-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod"]
HLS += ["-hls_segment_type", "fmp4", "-hls_flags", "single_file"]


def main() -> None:
    """Draw, encode, and write what the seeds attach."""
    for old in TARGET.glob("*.*"):
        if old.suffix in {".mp4", ".m4a", ".jpg", ".vtt", ".json"}:
            old.unlink()
    with TemporaryDirectory() as name:
        folder = Path(name)
        draw_pictures(folder / "pictures.mkv")
        write_sound(folder / "sound.wav")
        add_speech(folder, folder / "described.wav")
        files = encode_all(folder)
        write_master(folder)
    files += write_captions()
    files.append(write_thumbnails())
    chapters = [
        {"start_ms": number * PART_SECONDS * 1000, "title": title}
        for number, (title, *_) in enumerate(PARTS)
    ]
    package = {
        "duration_ms": SECONDS * 1000,
        "master": told(TARGET / "master.mp4"),
        "chapters": chapters,
        "files": files,
    }
    (TARGET / "package.json").write_text(json.dumps(package, indent=1) + "\n")


def draw_pictures(path: Path) -> None:
    """Draw every picture and keep it without loss."""
    command = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE)]
    command = ["ffmpeg", "-v", "error", "-y", *command, "-i", "-", "-c:v", "ffv1", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:  # noqa: S603 - our own words
        if encoder.stdin is None:
            sys.exit("no pipe to ffmpeg")
        for number in range(SECONDS * RATE):
            encoder.stdin.write(picture(number / RATE).tobytes())
        encoder.stdin.close()
    if encoder.returncode:
        sys.exit("ffmpeg failed")


def picture(moment: float) -> Image.Image:
    """Return what is seen at a moment."""
    second, share = int(moment), moment % 1
    title, paper, ink, accent = PARTS[second // PART_SECONDS]
    image = Image.new("RGB", (WIDTH, HEIGHT), paper)
    draw = ImageDraw.Draw(image)
    middle = (WIDTH // 2, HEIGHT // 2)
    radius = 130
    box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
    draw.line((0, middle[1], WIDTH, middle[1]), fill=ink, width=1)
    draw.line((middle[0], 0, middle[0], HEIGHT), fill=ink, width=1)
    draw.pieslice(box, -90, -90 + 360 * share, fill=accent)
    draw.ellipse(box, outline=ink, width=3)
    inner = tuple(edge + (16 if place < 2 else -16) for place, edge in enumerate(box))  # noqa: PLR2004
    draw.ellipse(inner, outline=ink, width=2)
    draw.text(middle, str(second), fill=ink, font=font(130), anchor="mm")
    draw.text((20, HEIGHT - 22), f"SAMPLE FILM · {title}", fill=ink, font=font(16), anchor="lm")
    clock = f"{second // 60:02}:{second % 60:02}"
    draw.text((WIDTH - 20, HEIGHT - 22), clock, fill=ink, font=font(16), anchor="rm")
    return image


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the lettering, which comes with Pillow."""
    return ImageFont.load_default(size)


def write_sound(path: Path) -> None:
    """Write a tick a second, and a tone where a reel begins."""
    samples = []
    for number in range(SECONDS * SOUND_RATE):
        moment = number / SOUND_RATE
        into, second = moment % 1, int(moment)
        is_start = second % PART_SECONDS == 0
        length, pitch = (0.6, 440) if is_start else (0.05, 880)
        loud = max(0.0, 1 - into / length) * min(1.0, into / 0.004) * 0.35
        samples.append(int(32767 * loud * math.sin(2 * math.pi * pitch * moment)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def add_speech(folder: Path, path: Path) -> None:
    """Write the sound with the words of the audio description spoken over it."""
    inputs, filters = ["-i", str(folder / "sound.wav")], []
    for number, (start, words) in enumerate(SPOKEN, 1):
        inputs += ["-f", "lavfi", "-i", f"flite=voice=slt:text='{words}'"]
        filters.append(f"[{number}]aresample={SOUND_RATE},adelay={int(start * 1000)}[v{number}]")
    voices = "".join(f"[v{number}]" for number in range(1, len(SPOKEN) + 1))
    mix = f"[0]{voices}amix=inputs={len(SPOKEN) + 1}:duration=first:normalize=0"
    run(*inputs, "-filter_complex", ";".join([*filters, mix]), "-ac", "1", str(path))


def encode_all(folder: Path) -> list[dict[str, object]]:
    """Encode pictures and sounds, each into one file of segments."""
    files = []
    for height, quality in ((180, 34), (360, 36)):
        scale = ["-vf", f"scale=-2:{height},setsar=1", "-pix_fmt", "yuv420p"]
        video = ["-c:v", "libx264", "-preset", "veryslow", "-crf", str(quality), *KEY_FRAMES]
        target = TARGET / f"{height}p.mp4"
        source = ["-i", str(folder / "pictures.mkv")]
        facts = segmented(folder, target, *source, *scale, *video, "-tune", "animation")
        width = height * WIDTH // HEIGHT
        facts |= {"width": width, "height": height, "frame_rate": RATE}
        facts["codecs"] = video_codec(target.read_bytes()[:4096])
        files.append(stream("video", target, None, facts))
    sounds = (
        ("audio", "audio-eng", "sound.wav", "0.4"),
        ("audio_description", "description-eng", "described.wav", "0.5"),
    )
    for kind, label, source_name, quality_words in sounds:
        target = TARGET / f"{label}.m4a"
        source = ["-i", str(folder / source_name)]
        sound = ["-c:a", "aac", "-q:a", quality_words, "-ac", "1"]
        facts = segmented(folder, target, *source, *sound)
        facts |= {"codecs": AAC_LC, "channels": 1}
        files.append(stream(kind, target, "eng", facts))
    return files


def segmented(folder: Path, target: Path, *words: str) -> dict[str, object]:
    """Run ffmpeg, and return what its playlist says of the one file that it makes."""
    playlist = folder / f"{target.stem}.m3u8"
    media = folder / f"{target.stem}.mp4"
    plain = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"]
    plain += ["-flags:v", "+bitexact", "-flags:a", "+bitexact"]
    run(*words, *plain, *HLS, "-hls_segment_filename", str(media), str(playlist))
    media.rename(target)
    init_length, segments = parse_ranges(playlist.read_text())
    return {
        "init_length": init_length,
        "segments": [segment.model_dump() for segment in segments],
    }


def stream(
    kind: str, path: Path, language: str | None, facts: dict[str, object]
) -> dict[str, object]:
    """Return what the seeds need to know of a stream."""
    checked = StreamFacts.model_validate(facts).model_dump(exclude_none=True)
    return told(path) | {"kind": kind, "label": path.stem, "language": language, "facts": checked}


def write_master(folder: Path) -> None:
    """Put pictures and both sounds into one file, as a producer would deliver it."""
    inputs = ["-i", str(TARGET / "360p.mp4"), "-i", str(TARGET / "audio-eng.m4a")]
    inputs += ["-i", str(TARGET / "description-eng.m4a")]
    maps = ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-c", "copy"]
    named = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=eng"]
    named += ["-disposition:a:1", "visual_impaired", "-metadata", "title=Sample film"]
    end = ["-movflags", "+faststart", "-fflags", "+bitexact", str(TARGET / "master.mp4")]
    del folder
    run(*inputs, *maps, *named, *end)


def write_captions() -> list[dict[str, object]]:
    """Write the caption files."""
    files = []
    for language, (kind, cues) in CAPTIONS.items():
        path = TARGET / f"captions-{language}.vtt"
        blocks = [f"{clock(start)} --> {clock(end)}\n{text}\n" for start, end, text in cues]
        path.write_text("WEBVTT\n\n" + "\n".join(blocks), encoding="utf-8")
        files.append(
            told(path)
            | {
                "kind": "captions",
                "label": path.stem,
                "language": language,
                "facts": {"kind": kind},
            }
        )
    return files


def write_thumbnails() -> dict[str, object]:
    """Write one picture of many small ones."""
    size = (GRID["columns"] * GRID["width"], GRID["rows"] * GRID["height"])
    sheet = Image.new("RGB", size)
    for number in range(GRID["count"]):
        small = picture(number * GRID["every_ms"] / 1000 + 0.5)
        small = small.resize((GRID["width"], GRID["height"]), Image.Resampling.LANCZOS)
        left = number % GRID["columns"] * GRID["width"]
        sheet.paste(small, (left, number // GRID["columns"] * GRID["height"]))
    path = TARGET / "thumbnails.jpg"
    sheet.save(path, quality=70, optimize=True)
    return told(path) | {
        "kind": "thumbnails",
        "label": "thumbnails",
        "language": None,
        "facts": GRID,
    }


def told(path: Path) -> dict[str, object]:
    """Return name, length and hash of a file."""
    data = path.read_bytes()
    return {"name": path.name, "size_bytes": len(data), "sha256": sha256(data).hexdigest()}


def clock(seconds: float) -> str:
    """Return a moment as WebVTT writes it."""
    return f"00:00:{seconds:06.3f}"


def run(*words: str) -> None:
    """Run ffmpeg, and stop if it fails."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *words], check=True)  # noqa: S603, S607


if __name__ == "__main__":
    main()
