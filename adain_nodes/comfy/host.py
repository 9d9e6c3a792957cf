"""What the host decides: where things run and lie, in which precision, how much at once, and when to stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import comfy.model_management as management  # pyright: ignore[reportMissingImports]
import folder_paths  # pyright: ignore[reportMissingImports]
import torch
from comfy.model_patcher import ModelPatcher  # pyright: ignore[reportMissingImports]
from comfy.utils import ProgressBar  # pyright: ignore[reportMissingImports]
from PIL import Image
from torch import Tensor, nn

from adain_nodes.backend import Backend
from adain_nodes.core.sizing import Size
from adain_nodes.imaging import to_pil

FOLDER = "adain"
"""The host's model folder for weights."""

STYLE_FOLDER = "adain_styles"
"""The host's model folder for saved styles."""

EXTENSIONS = {FOLDER: {".pth", ".pt", ".safetensors"}, STYLE_FOLDER: {".safetensors"}}

PIXELS_AT_ONCE = 1024 * 1024
"""Pictures of a batch go through the networks together up to this many pixels, which bounds the memory."""

PREVIEW_SIZE = 512
"""Longest side in pixels of the pictures shown while a batch is made."""

Result = TypeVar("Result")


def register_folders() -> None:
    """Make ``models/adain`` and ``models/adain_styles`` known, after folders that the user's configuration names."""
    for name, extensions in EXTENSIONS.items():
        folder_paths.add_model_folder_path(name, str(Path(folder_paths.models_dir, name)))
        folder_paths.folder_names_and_paths[name][1].update(extensions)


def model_folders(kind: str = FOLDER) -> list[Path]:
    """The folders in which the host looks for such files, the one to write to first."""
    return [Path(folder) for folder in folder_paths.get_folder_paths(kind)]


def model_files(kind: str = FOLDER) -> list[str]:
    """Names of the files in these folders, relative to them."""
    return folder_paths.get_filename_list(kind)


def model_path(name: str, kind: str = FOLDER) -> str | None:
    """Where the file of this name is, or None."""
    return folder_paths.get_full_path(kind, name)


def new_file(prefix: str, kind: str, extension: str) -> Path:
    """A path that is not taken, ``<prefix>_00001_<extension>`` or the next number, in the host's way of naming."""
    folder, name, counter, *_ = folder_paths.get_save_image_path(prefix, str(model_folders(kind)[0].absolute()))
    return Path(folder, f"{name}_{counter:05}_{extension}")


def backend() -> Backend:
    """The host's device, and the precision that it gives networks which make pictures."""
    device = management.get_torch_device()
    return Backend(device, management.vae_dtype(device, [torch.bfloat16]))


def patcher(network: nn.Module) -> Any:
    """The handle by which the host moves a network to its device, and away when others need the room."""
    return ModelPatcher(network, management.get_torch_device(), management.vae_offload_device())


def load(*patchers: Any) -> None:
    """Have the networks on the host's device.

    Outside its inference mode: parameters that are moved inside could never be trained again.
    """
    with torch.inference_mode(False):
        management.load_models_gpu(list(patchers), force_full_load=True)


def intermediate_device() -> torch.device:
    """Where the host keeps what lies between nodes."""
    return management.intermediate_device()


def to_intermediate(tensor: Tensor) -> Tensor:
    """The tensor, where the host keeps what lies between nodes."""
    return tensor.to(intermediate_device())


def stream(
    work: Callable[[slice], Result], count: int, size: Size, preview: Callable[[Result], Any] = lambda result: None
) -> list[Result]:
    """``work`` for each part of a batch of ``count`` pictures of ``size``, with a progress bar and previews.

    Between parts the user may cancel. When memory runs out the parts are halved; a single picture that does not fit
    raises the host's error.
    """
    step = max(1, PIXELS_AT_ONCE // (size[0] * size[1]))
    progress = ProgressBar(count)
    results: list[Result] = []
    start = 0
    while start < count:
        management.throw_exception_if_processing_interrupted()
        try:
            results.append(work(slice(start, start + step)))
        except management.OOM_EXCEPTION:
            if step == 1:
                raise
            step //= 2
        else:
            start += step
            progress.update_absolute(min(start, count), count, preview(results[-1]))
    return results


def stream_images(work: Callable[[slice], Tensor], count: int, size: Size) -> Tensor:
    """The IMAGE of the B×3×H×W that ``work`` makes of each part, where the host keeps them and in its dtype for them.

    The whole batch is held once, in its last place. Of several pictures, the latest is shown on the node.
    """
    dtype = management.intermediate_dtype() if hasattr(management, "intermediate_dtype") else torch.float32
    image = torch.empty((count, *size, 3), dtype=dtype, device=intermediate_device())

    def fill(part: slice) -> Tensor:
        rgb = work(part)
        image[part] = rgb.movedim(1, -1)
        return rgb[-1:]

    def preview(latest: Tensor) -> tuple[str, Image.Image, int] | None:
        return ("JPEG", to_pil(latest), PREVIEW_SIZE) if count > 1 else None

    stream(fill, count, size, preview)
    return image
