"""`adain normalize-vgg`: a VGG whose filters are equally active on pictures of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import err, escape, out, progress, waiting


def normalize_vgg(
    encoder: Annotated[str, typer.Argument(metavar="ENCODER", help="A VGG-19: a weight file, or a name.")],
    pictures: Annotated[list[str], typer.Argument(metavar="PICTURE…", help="Files, folders or globs.")],
    out_path: Annotated[Path, typer.Option("--out", "-o", help="The file to write, VGG.safetensors.")],
    size: Annotated[int, typer.Option(help="Short side of the pictures in pixels; 0 keeps theirs.")] = 256,
    device: options.Device = "auto",
) -> None:
    """Rescale a VGG's filters so that each has the mean activation 1 over pictures.

    Its features stay the same but for a factor a channel. Decoders for the original do not fit it.
    """
    with waiting("Loading the VGG …"):
        from adain_nodes.backend import choose_backend
        from adain_nodes.checkpoints.networks import load_encoder
        from adain_nodes.checkpoints.save import save_networks
        from adain_nodes.imaging import find_images, read_image, resize
        from adain_nodes.training.normalize import normalize_vgg as normalize

        backend = choose_backend(device, "float32")
        original = load_encoder(encoder).to(backend.device)
    paths = find_images(pictures)
    with progress("pictures") as bar:
        listed = bar.track(paths, description="Measuring")
        found = normalize(original, (backend.place(resize(read_image(path).rgb, size)) for path in listed))
    for name, filters in found.dead.items():
        err.print(f"{name}: {len(filters)} filter(s) never active on these pictures, left as they are", soft_wrap=True)
    about = {"normalised from": original.fingerprint(), "pictures": str(len(paths)), "short side": str(size)}
    save_networks(out_path, found.encoder, metadata=about)
    out.print(f"{escape(str(out_path))} ({found.encoder.fingerprint()})", soft_wrap=True)
