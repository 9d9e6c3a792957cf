"""`adain gatys`, `swap`, `match` and `texture`: the methods that AdaIN is compared with, for use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adain_nodes.cli import baseline_options as baseline
from adain_nodes.cli import options
from adain_nodes.cli.console import err, explain_notes, interruptible, progress, waiting
from adain_nodes.cli.results import place_of, transparency, write_result

if TYPE_CHECKING:
    from adain_nodes.baselines.optimisation import Schedule, Watch
    from adain_nodes.baselines.perception import Losses
    from adain_nodes.models.base import Encoder


def gatys(
    context: typer.Context,
    photo: baseline.Photo,
    style: baseline.Style,
    start: Annotated[
        str, options.option("--start", panel="Optimisation", help="content, noise, or a picture's file.")
    ] = "content",
    iterations: baseline.Iterations = 300,
    scales: baseline.Scales = 1,
    optimizer: baseline.Optimizer = "lbfgs",
    learning_rate: baseline.LearningRate = 0.0,
    seed: baseline.Seed = 0,
    statistics: baseline.Statistics = "gram",
    style_weight: baseline.StyleWeight = 0.0,
    content_weight: baseline.ContentWeight = 1.0,
    variation_weight: baseline.VariationWeight = 0.0,
    style_layers: baseline.StyleLayers = "",
    content_layers: baseline.ContentLayers = "",
    pooling: baseline.Pooling = "max",
    size: baseline.Size = 512,
    style_size: options.StyleSize = 512,
    out_path: baseline.Out = Path("results"),
    encoder: baseline.EncoderName = "vgg19-normalised",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Stylise by optimising the picture itself, as Gatys et al. did: minutes a picture.

    Ctrl-C keeps the picture so far.
    """
    explain_notes()
    with waiting("Loading …"):
        from adain_nodes.backend import choose_backend
        from adain_nodes.baselines.gatys import STARTS, Gatys
        from adain_nodes.baselines.optimisation import Schedule
        from adain_nodes.baselines.perception import Losses
        from adain_nodes.imaging import read_image, resize

        losses, schedule = Losses.of(context.params), Schedule.of(context.params)
        backend, network = choose_backend(device, dtype), _encoder(encoder, losses)
        content, look = read_image(photo), read_image(style)
        first = start if start in STARTS else backend.place(read_image(start).rgb)
    place = place_of(context)
    with _watching(schedule) as watch, backend.running():
        method = Gatys(network, losses, schedule, start=first, watch=watch).eval().to(backend.device)
        looks = method.encode_style(backend.place(resize(look.rgb, style_size)))
        outcome = method.optimise(backend.place(resize(content.rgb, size)), looks)
    write_result(context, place, outcome.picture, transparency(content, size), outcome)


def texture(
    context: typer.Context,
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="The texture.")],
    method: Annotated[
        Literal["gatys", "adain"], typer.Option("--method", help="By optimisation, or noise through AdaIN: seconds.")
    ] = "gatys",
    width: Annotated[int, typer.Option(help="Of the result in pixels.")] = 256,
    height: Annotated[int, typer.Option(help="Of the result in pixels.")] = 256,
    iterations: baseline.Iterations = 300,
    scales: baseline.Scales = 1,
    optimizer: baseline.Optimizer = "lbfgs",
    learning_rate: baseline.LearningRate = 0.0,
    seed: baseline.Seed = 0,
    statistics: baseline.Statistics = "gram",
    style_layers: baseline.StyleLayers = "",
    pooling: baseline.Pooling = "max",
    passes: Annotated[int, typer.Option(help="Of noise through AdaIN.")] = 3,
    texture_size: Annotated[int, typer.Option(help="Short side of the texture in pixels first; 0 keeps it.")] = 256,
    out_path: baseline.Out = Path("results"),
    encoder: baseline.EncoderName = "vgg19-normalised",
    model: options.Model = "vgg19",
    decoder: options.DecoderFile = None,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Make a new picture, of any size, with the texture of another one.

    --method gatys optimises noise (Gatys et al. 2015); Ctrl-C keeps the picture so far. --method adain stylises noise.
    """
    explain_notes()
    with waiting("Loading …"):
        from adain_nodes.backend import choose_backend
        from adain_nodes.baselines.optimisation import Schedule
        from adain_nodes.baselines.perception import Losses
        from adain_nodes.baselines.texture import synthesise, synthesise_by_adain
        from adain_nodes.imaging import read_image, resize

        look, outcome, place = resize(read_image(picture).rgb, texture_size), None, place_of(context)
    if method == "adain":
        transfer = options.load(model, decoder, device, dtype)
        with _share("Stylising noise") as show:
            made = synthesise_by_adain(look, (height, width), transfer, passes=passes, seed=seed, progress=show)
    else:
        losses, schedule = Losses.of(context.params), Schedule.of(context.params)
        backend = choose_backend(device, dtype)
        network = _encoder(encoder, losses).to(backend.device)
        with _watching(schedule) as watch, backend.running():
            outcome = synthesise(backend.place(look), (height, width), network, losses, schedule, watch=watch)
        made = outcome.picture
    write_result(context, place, made, None, outcome)


def swap(
    context: typer.Context,
    photo: baseline.Photo,
    style: baseline.Style,
    alpha: options.Alpha = 1.0,
    patch_size: Annotated[int, typer.Option(help="Side of the patches in cells of the features.")] = 3,
    stride: Annotated[int, typer.Option(help="Cells from patch to patch: more is faster and coarser.")] = 1,
    size: baseline.Size = 512,
    style_size: options.StyleSize = 512,
    out_path: baseline.Out = Path("results"),
    model: options.Model = "vgg19",
    decoder: options.DecoderFile = None,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Stylise by style swap: each patch of features becomes the most similar one of the style (Chen & Schmidt 2016)."""
    explain_notes()
    with waiting("Loading …"):
        from adain_nodes.baselines.transform import style_swap_transfer
        from adain_nodes.core.swap import LONG, Patches, swap_seconds
        from adain_nodes.imaging import read_image, resize

        patches, content = Patches(patch_size, stride), read_image(photo)
    place = place_of(context)
    transfer = options.load(model, decoder, device, dtype)
    method = style_swap_transfer(transfer, patches)
    with waiting("Encoding …"):
        looks, rgb = method.encode(style, size=style_size), resize(content.rgb, size)
        seconds = swap_seconds(transfer.encode(transfer.prepare(rgb).image), looks, patches)
    if seconds > LONG:
        err.print(f"This will take about {timedelta(seconds=round(seconds))}.")
    with _share("Swapping") as show:
        made = method.stylize(rgb, looks, alpha, progress=show)
    write_result(context, place, made, transparency(content, size), None)


def match(
    context: typer.Context,
    photo: baseline.Photo,
    style: baseline.Looks = [],  # noqa: B006 (Typer copies it)
    mask: options.Masks = [],  # noqa: B006
    transform: Annotated[
        Literal["wct", "transport", "histogram", "exact-histogram"],
        typer.Option(help="What of the features' distribution becomes the style's."),
    ] = "wct",
    alpha: options.Alpha = 1.0,
    levels: baseline.Levels = "",
    size: baseline.Size = 512,
    style_size: options.StyleSize = 512,
    out_path: baseline.Out = Path("results"),
    model: options.Model = "vgg19",
    decoder: options.DecoderFile = None,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Stylise by a transform of higher order than AdaIN's.

    Whitening and colouring (wct) and optimal transport match the covariance of the channels, the histograms all of
    each channel's distribution.
    """
    explain_notes()
    with waiting("Loading …"):
        from adain_nodes.baselines.transform import transform_transfer
        from adain_nodes.batch import masked, weighted
        from adain_nodes.imaging import read_image

        content = read_image(photo)
        looks, areas = [weighted(each) for each in style], [masked(each) for each in mask]
    place = place_of(context)
    chosen = [name.strip() for name in levels.split(",") if name.strip()]
    method = transform_transfer(options.load(model, decoder, device, dtype), transform, chosen)
    with waiting("Encoding …"):
        encoded = [method.encode(path, size=style_size) for path, _ in looks]
        inside = [(area, method.encode(path, size=style_size)) for area, path in areas]
    with _share("Stylising") as show:
        made = method.stylize(
            content,
            encoded or None,
            alpha,
            weights=[weight for _, weight in looks] or None,
            masks=inside,
            size=size,
            progress=show,
        )
    write_result(context, place, made, transparency(content, size), None)


def _encoder(name: str, losses: Losses) -> Encoder:
    """The encoder, with the levels that the losses name: of a VGG the file may hold deeper ones than are usual."""
    from adain_nodes.checkpoints.networks import load_encoder

    named = {**(losses.content or {}), **(losses.style or {})}
    return load_encoder(name, tuple(named) or None)


@contextmanager
def _watching(schedule: Schedule) -> Iterator[Watch]:
    """A bar with the losses and the time left; Ctrl-C ends the work in good order."""
    from adain_nodes.baselines.optimisation import Step, Watch

    with interruptible("Stopping …") as stop, progress("iterations") as bar:
        task = bar.add_task("Optimising", total=schedule.iterations * schedule.scales)

        def show(step: Step) -> None:
            said = ", ".join(f"{name} {value:.4g}" for name, value in step.losses.items())
            bar.update(task, completed=step.iteration, description=said)

        yield Watch(show, stop.is_set)


@contextmanager
def _share(what: str) -> Iterator[Callable[[float], None]]:
    with progress("%") as bar:
        task = bar.add_task(what, total=100)
        yield lambda share: bar.update(task, completed=round(100 * share))
