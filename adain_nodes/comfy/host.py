"""What the host decides: where things run and lie, in which precision, how much at once, and when to stop."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import comfy.model_management as management  # pyright: ignore[reportMissingImports]
import folder_paths  # pyright: ignore[reportMissingImports]
import torch
from comfy.model_patcher import ModelPatcher  # pyright: ignore[reportMissingImports]
from comfy.utils import ProgressBar  # pyright: ignore[reportMissingImports]
from PIL import Image
from torch import Tensor, nn

from adain_nodes.backend import Backend
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.sizing import Size
from adain_nodes.imaging import to_pil
from adain_nodes.tiling import Progress

FOLDER = "adain"
"""The host's model folder for weights."""

STYLE_FOLDER = "adain_styles"
"""The host's model folder for saved styles."""

EXTENSIONS = {FOLDER: {".pth", ".pt", ".safetensors"}, STYLE_FOLDER: {".safetensors"}}

PIXELS_AT_ONCE = 1024 * 1024
"""Pictures of a batch go through the networks together up to this many pixels, which bounds the memory."""

STEPS = 1000
"""The steps of a progress bar that goes evenly."""

PREVIEW_SIZE = 512
"""Longest side in pixels of the pictures shown while a batch is made."""

RUNS = "adain_training"
"""The folder below the host's output folder that keeps the runs of the trainer."""

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
    """A path that is not taken, ``<prefix>_00001_<extension>`` or the next number, in the host's way of naming.

    Raises InvalidValueError without a name.
    """
    _check_name(prefix)
    folder, name, counter, *_ = folder_paths.get_save_image_path(prefix, str(model_folders(kind)[0].absolute()))
    return Path(folder, f"{name}_{counter:05}_{extension}")


def model_name(path: Path, kind: str = FOLDER) -> str:
    """How a file that ``new_file`` named is called in the host's lists."""
    return path.relative_to(model_folders(kind)[0].absolute()).as_posix()


def input_path(name: str) -> Path:
    """A path that a user wrote: as it is, or below the host's input folder."""
    return Path(folder_paths.get_input_directory(), Path(name.strip(' "')).expanduser())


def run_folder(name: str, key: str) -> Path:
    """Where a training run of this name is kept; runs of one name are told apart by the key.

    Raises InvalidValueError without a name.
    """
    _check_name(name)
    parent, last, *_ = folder_paths.get_save_image_path(name, str(Path(folder_paths.get_output_directory(), RUNS)))
    return Path(parent, f"{last}_{key}")


def output_file(prefix: str, extension: str) -> Path:
    """A path below the host's output folder that is not taken, named in the host's way."""
    folder, name, counter, *_ = folder_paths.get_save_image_path(prefix, folder_paths.get_output_directory())
    return Path(folder, f"{name}_{counter:05}_{extension}")


def _check_name(name: str) -> None:
    if not Path(name).name.strip(" ."):
        raise InvalidValueError("There is no name to save under.", "Write one into the node.")


def shown_image(path: Path) -> dict[str, str]:
    """How the page asks for a picture that lies in the output folder."""
    folder = path.parent.relative_to(folder_paths.get_output_directory())
    return {"filename": path.name, "subfolder": folder.as_posix(), "type": "output"}


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


def make_room() -> None:
    """Have the host take its networks off the device, for work that may need all of it."""
    with torch.inference_mode(False):
        management.unload_all_models()
    management.soft_empty_cache()


def intermediate_device() -> torch.device:
    """Where the host keeps what lies between nodes."""
    return management.intermediate_device()


def to_intermediate(tensor: Tensor) -> Tensor:
    """The tensor, where the host keeps what lies between nodes."""
    return tensor.to(intermediate_device())


def new_clip() -> Path:
    """A file that nobody has, for a clip that the host keeps until it ends."""
    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"adain_{uuid.uuid4().hex}.mp4"


def progress_of_one() -> Progress:
    """A progress bar for one long piece of work: at each share that it is told, the user may cancel."""
    bar = ProgressBar(STEPS)

    def tell(share: float) -> None:
        management.throw_exception_if_processing_interrupted()
        bar.update_absolute(round(share * STEPS), STEPS)

    return tell


class Watch:
    """A progress bar for work that must end in good order: cancelling is noted here, and passed on at the end."""

    def __init__(self, total: int) -> None:
        self.cancelled = False
        self._bar, self._total = ProgressBar(total), total

    def show(self, done: int, picture: Image.Image | None = None) -> None:
        """Show how much is done, and perhaps a picture of it."""
        preview = None if picture is None else ("JPEG", picture, None)
        try:
            self._bar.update_absolute(done, self._total, preview)
        except management.InterruptProcessingException:
            self.cancelled = True

    def finish(self) -> None:
        """End the prompt here if the user has cancelled it."""
        if self.cancelled:
            raise management.InterruptProcessingException


Work: TypeAlias = Callable[[slice, Progress], Result]
"""Makes a part of a batch; what goes on for long tells the share of the part that is done."""


def stream(
    work: Work[Result], count: int, size: Size, preview: Callable[[Result], Any] = lambda result: None
) -> list[Result]:
    """``work`` for each part of a batch of ``count`` pictures of ``size``, with a progress bar and previews.

    Whenever there is progress the user may cancel. When memory runs out the parts are halved; a single picture that
    does not fit, in tiles neither, raises the host's error.
    """
    step = max(1, PIXELS_AT_ONCE // (size[0] * size[1]))
    progress = ProgressBar(count)
    results: list[Result] = []
    start = 0
    while start < count:
        management.throw_exception_if_processing_interrupted()
        end = min(start + step, count)

        def advance(share: float, start: int = start, end: int = end) -> None:
            management.throw_exception_if_processing_interrupted()
            if share < 1:
                progress.update_absolute(start + share * (end - start), count)

        try:
            results.append(work(slice(start, end), advance))
        except management.OOM_EXCEPTION:
            if step == 1:
                raise
            step //= 2
        else:
            start = end
            progress.update_absolute(start, count, preview(results[-1]))
    return results


def stream_images(work: Work[Tensor], count: int, size: Size) -> Tensor:
    """The IMAGE of the B×3×H×W that ``work`` makes of each part, where the host keeps them and in its dtype for them.

    The whole batch is held once, in its last place. Of several pictures, the latest is shown on the node.
    """
    dtype = management.intermediate_dtype() if hasattr(management, "intermediate_dtype") else torch.float32
    image = torch.empty((count, *size, 3), dtype=dtype, device=intermediate_device())

    def fill(part: slice, progress: Progress) -> Tensor:
        rgb = work(part, progress)
        image[part] = rgb.movedim(1, -1)
        return rgb[-1:]

    def preview(latest: Tensor) -> tuple[str, Image.Image, int] | None:
        return ("JPEG", to_pil(latest), PREVIEW_SIZE) if count > 1 else None

    stream(fill, count, size, preview)
    return image
