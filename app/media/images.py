"""Pictures: what comes is checked, turned upright and stripped; what goes out is made in sizes."""

import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from app.catalog.served_images import widths_of
from app.media.errors import FileRefusedError

# Formats of photographs and posters, detected by their bytes and not by the file name.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
MEDIA_TYPE = "image/jpeg"
MAX_PIXELS = 40_000_000
# A larger picture is kept at half its width and height: 10 megapixels at most, which is more than
# any size that is shown, and takes a quarter of the memory from then on.
MAX_STORED_PIXELS = 20_000_000
STRIP_HEIGHT = 256
# The decoders of these need several times the memory of the picture: they get fewer pixels.
MAX_PIXELS_OF = {"WEBP": 12_000_000, "AVIF": 16_000_000}
LEAST_SIDE, MOST_SIDE = 200, 16_000
# How each size is saved; the endings are those of the addresses.
SAVED = {
    "avif": ("AVIF", {"quality": 60, "speed": 7}),
    "webp": ("WEBP", {"quality": 80, "method": 4}),
    "jpg": ("JPEG", {"quality": 82, "progressive": True, "optimize": True}),
}
TOO_MANY = (
    "The image has more than {} million pixels, or a side of more than "
    f"{MOST_SIDE:,}. Upload a smaller one."
)
WHITE = (255, 255, 255)
# A picture of 40 megapixels takes up to 250 MB while it is opened: one at a time in a process.
_decode_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class CleanedImage:
    """A picture as we keep it: upright, in sRGB, without a word about where it was taken."""

    data: bytes
    width: int
    height: int


def cleaned(data: bytes) -> CleanedImage:
    """Return the picture in ``data`` as we keep it: JPEG of high quality.

    Raises:
        FileRefusedError: it is none that we take, damaged, or too large to open safely.
    """
    with _decode_lock:
        image = _opened(data)
        try:
            # Each step lets go of the picture before it: two at most are in memory at once.
            image = _loaded(image)
            ImageOps.exif_transpose(image, in_place=True)
            image = _on_white(image)
            image = _without_depth(image)
            flat = image = _in_srgb(image)
        except Exception as error:
            # Decoders raise many types of errors; with any of them the file is no image.
            detail = "The image is damaged or incomplete. Save it again and upload it."
            raise FileRefusedError(detail) from error
        flat.info.clear()
        out = io.BytesIO()
        flat.save(out, "JPEG", quality=95, subsampling=0, optimize=True)
        return CleanedImage(out.getvalue(), flat.width, flat.height)


def sizes(kept: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Make every size of a picture that we keep: width, ending, bytes."""
    with _decode_lock:
        with Image.open(io.BytesIO(kept), formats=("JPEG",)) as image:
            whole = image.convert("RGB")
        for width in widths_of(whole.width):
            height = max(1, round(whole.height * width / whole.width))
            small = whole.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
            for ending, (form, options) in SAVED.items():
                out = io.BytesIO()
                small.save(out, form, **options)
                yield width, ending, out.getvalue()


def _opened(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        detail = "This file is not a JPEG, PNG, WebP, or AVIF image."
        raise FileRefusedError(detail) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileRefusedError(TOO_MANY.format(MAX_PIXELS // 1_000_000)) from error
    except Exception as error:
        detail = "The image is damaged or incomplete. Save it again and upload it."
        raise FileRefusedError(detail) from error
    # Only the header has been read so far; nothing is decoded yet.
    width, height = image.size
    most = MAX_PIXELS_OF.get(image.format or "", MAX_PIXELS)
    if width * height > most or max(width, height) > MOST_SIDE:
        raise FileRefusedError(TOO_MANY.format(most // 1_000_000))
    if min(width, height) < LEAST_SIDE:
        detail = (
            f"The image is {width} by {height} pixels. Upload one with at least {LEAST_SIDE} "
            f"pixels on its shorter side."
        )
        raise FileRefusedError(detail)
    if getattr(image, "n_frames", 1) > 1:
        detail = "Animated images are not supported. Upload a still image."
        raise FileRefusedError(detail)
    return image


def _loaded(image: Image.Image) -> Image.Image:
    """Unpack a picture, at half its width and height if it is large."""
    width, height = image.size
    if width * height <= MAX_STORED_PIXELS:
        image.load()
        return image
    if image.format == "JPEG":
        # The decoder itself leaves three pixels of four out.
        image.draft(None, (width // 2, height // 2))
        image.load()
        return image
    image.load()
    return _halved(image)


def _halved(image: Image.Image) -> Image.Image:
    """Return the picture at half its width and height, made in strips, on white, of eight bits."""
    width, height = image.size
    halved: Image.Image | None = None
    for top in range(0, height, STRIP_HEIGHT):
        strip = image.crop((0, top, width, min(top + STRIP_HEIGHT, height)))
        strip.info = dict(image.info)
        strip = _without_depth(_on_white(strip))
        strip = (strip.convert("RGB") if strip.mode in {"P", "1"} else strip).reduce(2)
        if halved is None:
            halved = Image.new(strip.mode, (strip.width, (height + 1) // 2))
        halved.paste(strip, (0, top // 2))
    assert halved is not None  # noqa: S101 - a picture has rows
    halved.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return halved


def _on_white(image: Image.Image) -> Image.Image:
    """Lay a picture with see-through parts on white."""
    if image.mode == "P" or "transparency" in image.info:
        image = image.convert("RGBA")
    if "A" not in image.getbands() and "a" not in image.getbands():
        return image
    colors = image if image.mode == "RGBA" else image.convert("RGBA")
    ground = Image.new("RGB", image.size, WHITE)
    ground.paste(colors, mask=colors.getchannel("A"))
    ground.info = dict(image.info)
    return ground


def _without_depth(image: Image.Image) -> Image.Image:
    """Bring sixteen bits of gray down to eight: a plain conversion would cut them off."""
    if not image.mode.startswith("I"):
        return image
    gray = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    gray.info = {}
    return gray


def _in_srgb(image: Image.Image) -> Image.Image:
    """Convert by the picture's own color profile; one that makes no sense is left aside."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            return image.convert("RGB")
        if converted is not None:
            return converted
    return image.convert("RGB")
