"""The parameters of a result, carried inside its file so that it can be made again."""

import json
import os
from pathlib import Path

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from adain_nodes.core.errors import ImageError, InvalidValueError
from adain_nodes.imaging.decoding import DECODE_ERRORS, open_header
from adain_nodes.imaging.files import read_bytes

KEY = "adain"
"""The keyword of the PNG text, and the only key of the JSON object in every format."""


def parameters_text(parameters: dict[str, object]) -> str:
    """``parameters`` as a JSON text in ASCII (the one encoding that PNG, EXIF and TIFF texts share).

    Raises InvalidValueError for values that JSON cannot hold: objects, NaN, infinity.
    """
    try:
        return json.dumps({KEY: parameters}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidValueError(
            f"The parameters cannot be written as JSON: {error}.",
            "Use texts, finite numbers, booleans, None, lists and dictionaries.",
        ) from error


def png_info(text: str | None) -> PngInfo:
    """The PNG chunks for a parameters text; none for None."""
    info = PngInfo()
    if text:
        info.add_itxt(KEY, text)
    return info


def exif_data(text: str | None) -> bytes:
    """EXIF data with a parameters text as the image description, for JPEG and WebP; empty for None."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = text
    return exif.tobytes() if text else b""


def read_parameters(path: str | os.PathLike[str]) -> dict[str, object]:
    """The parameters that ``write_image`` put into a PNG, JPEG, WebP or TIFF file.

    Raises ImageError when the file cannot be read or carries none.
    """
    path = Path(path)
    data = read_bytes(path)
    try:
        image = open_header(data)
        text = image.info.get(KEY) or image.getexif().get(ExifTags.Base.ImageDescription)
    except DECODE_ERRORS as error:
        raise ImageError(f"{path} cannot be decoded: {error}.", "Name a result of this project.", path=path) from error
    parameters = _parse(text)
    if parameters is None:
        raise ImageError(
            f"{path} carries no parameters of AdaIN Nodes.",
            "Results do, in PNG, JPEG, WebP and TIFF; most programs drop them when they save a picture again.",
            path=path,
        )
    return parameters


def _parse(text: object) -> dict[str, object] | None:
    """The parameters in ``text``, or None where it is something else: other programs write descriptions too."""
    try:
        envelope = json.loads(str(text))
    except ValueError:
        return None
    parameters = envelope.get(KEY) if isinstance(envelope, dict) else None
    return parameters if isinstance(parameters, dict) else None
