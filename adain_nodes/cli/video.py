"""`adain video`: a clip in a style; and `adain flicker`: how steady that is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import err, escape, explain_notes, out, share_bar, waiting
from adain_nodes.core.errors import InvalidValueError

if TYPE_CHECKING:
    from adain_nodes.pipeline import StyleTransfer
    from adain_nodes.video.keys import StyleAt

Source = Annotated[Path, typer.Argument(metavar="IN", help="A clip, in any format that FFmpeg knows.")]
Target = Annotated[Path, typer.Argument(metavar="OUT", help="The result, ending in .mp4, .m4v, .mov, .mkv or .webm.")]
Styles = Annotated[
    list[str],
    options.option("--style", "-s", metavar="STYLE[:WEIGHT]", help="A picture or a saved style; several are blended."),
]
Keys = Annotated[
    list[str],
    options.option(
        "--key",
        metavar="SECONDS:STYLE[:WEIGHT]",
        help="The style at a time, instead of --style: from one to the next it changes evenly. Several for the same "
        "time are blended.",
    ),
]
Smooth = Annotated[
    float, options.option("--smooth", help="Over how many seconds what stands still is averaged; 0 is not at all.")
]


def video(
    source: Source,
    target: Target,
    style: Styles = [],  # noqa: B006 (Typer copies it)
    key: Keys = [],  # noqa: B006
    alpha: options.Alpha = 1.0,
    preserve_color: options.PreserveColor = "none",
    size: options.Size = 0,
    style_size: options.StyleSize = 512,
    smooth: Smooth = 0.5,
    max_pixels: options.MaxPixels = 512_000_000,
    model: options.Model = "lite",
    decoder: options.DecoderFile = None,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Give a clip the style of pictures, which may change over time. Sound, size and frame rate stay as they are."""
    from adain_nodes.batch import weighted
    from adain_nodes.core.files import make_folder
    from adain_nodes.video import stylize_clip

    if bool(style) == bool(key):
        raise InvalidValueError("A clip takes styles, or key frames with styles.", "Give either --style or --key.")
    explain_notes()
    transfer = options.load(model, decoder, device, dtype, max_pixels=max_pixels)
    pictures = [weighted(text) for text in style]
    look = key_styles(transfer, key, style_size) if key else [name for name, _ in pictures]
    make_folder(target.parent)
    with share_bar("Stylising") as advance:
        begun, frames = perf_counter(), 0

        def progress(share: float) -> None:
            nonlocal frames
            frames += 1
            advance(share, f"{frames / (perf_counter() - begun):.1f} frames/s")

        film = stylize_clip(
            transfer, source, target, look, weights=[weight for _, weight in pictures] or None, alpha=alpha,
            preserve_color=preserve_color, size=size, style_size=style_size, smooth=smooth, progress=progress,
        )  # fmt: skip
    for note in film.notes:
        err.print(f"[dim]{escape(str(source))}: {escape(note)}[/]", soft_wrap=True)
    took = perf_counter() - begun
    out.print(
        f"{film.frames} frames in {took:.1f} s ({film.frames / took:.1f} a second): {escape(str(target))}",
        soft_wrap=True,
    )


def flicker(
    clip: Annotated[Path | None, typer.Argument(help="A clip, to measure what moves as well.")] = None,
    style: Annotated[str, options.option("--style", "-s", help="A picture; the example Starry night if none.")] = "",
    smooth: Smooth = 0.5,
    side: Annotated[int, options.option("--size", help="Short side in pixels of all that is measured.")] = 192,
    model: options.Model = "lite",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    as_json: Annotated[bool, options.option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure how much stylised clips flicker, without smoothing and with it.

    Needs scikit-image: pip install scikit-image.
    """
    transfer = options.load(model, None, device, dtype)
    with waiting("Reading …"):
        from adain_nodes.evaluation.flicker import measure_flicker
        from adain_nodes.imaging import read_image, resize
        from adain_nodes.resources import resource

        pictures = resource("examples", "pictures")
        look = transfer.encode_style(style or pictures / "style" / "starry_night.jpg")
        still = resize(read_image(pictures / "content" / "castle.jpg").rgb, side)
    with share_bar("Measuring") as advance:
        table = measure_flicker(transfer, look, still, clip, side=side, smooth=smooth, progress=advance)
    out.print(table.json() if as_json else table.markdown(), soft_wrap=True, highlight=False, markup=False)


def key_styles(transfer: StyleTransfer, keys: Sequence[str], style_size: int) -> StyleAt:
    """The style over time that ``SECONDS:STYLE[:WEIGHT]`` describe.

    Raises InvalidValueError for what does not read so, and the errors of ``encode_style`` and ``key_frames``.
    """
    from adain_nodes.batch import weighted
    from adain_nodes.video import key_frames

    times: dict[float, list[tuple[str, float]]] = {}
    for text in keys:
        seconds, _, name = text.partition(":")
        times.setdefault(_seconds(seconds, name, text), []).append(weighted(name))
    return key_frames(
        [
            (time, transfer.encode_style([n for n, _ in blend], weights=[w for _, w in blend], size=style_size))
            for time, blend in times.items()
        ]
    )


def _seconds(number: str, name: str, text: str) -> float:
    try:
        if name:
            return float(number)
    except ValueError as error:
        raise _no_key(text) from error
    raise _no_key(text)


def _no_key(text: str) -> InvalidValueError:
    return InvalidValueError(f"{text!r} is no time with a style.", "Write --key SECONDS:PICTURE.", key=text)
