"""AdaIN_LoadStyle."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]

from adain_nodes.comfy import host
from adain_nodes.comfy.schema import AdaINStyle, node
from adain_nodes.core.errors import CheckpointError
from adain_nodes.core.style_file import load_style


class LoadStyle(io.ComfyNode):
    """A file becomes a style."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A list of the styles there are."""
        return node(
            "LoadStyle",
            display_name="Load Style (AdaIN)",
            description="Load a style from models/adain_styles. It works with the encoder that made it, and no other.",
            search_aliases=["import style"],
            inputs=[
                io.Combo.Input(
                    "name",
                    options=host.model_files(host.STYLE_FOLDER),
                    tooltip="The files in models/adain_styles: from Save Style, or `adain styles save`.",
                )
            ],
            outputs=[AdaINStyle.Output(display_name="style", tooltip="For AdaIN, Masked AdaIN and Blend Styles.")],
        )

    @classmethod
    def fingerprint_inputs(cls, name: str) -> str:
        """Another one when the file's content changed."""
        return sha256(_path(name).read_bytes()).hexdigest()

    @classmethod
    def execute(cls, name: str) -> io.NodeOutput:
        """Read the file."""
        return io.NodeOutput(load_style(_path(name)).to(host.intermediate_device()))


def _path(name: str) -> Path:
    path = host.model_path(name, host.STYLE_FOLDER)
    if path is None:
        folders = ", ".join(map(str, host.model_folders(host.STYLE_FOLDER)))
        raise CheckpointError(f"There is no style {name}.", f"Put it into {folders}, or choose another one.", name=name)
    return Path(path)
