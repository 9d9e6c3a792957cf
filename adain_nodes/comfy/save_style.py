"""AdaIN_SaveStyle."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]

from adain_nodes.comfy import host
from adain_nodes.comfy.schema import AdaINStyle, node
from adain_nodes.core.style import Style
from adain_nodes.core.style_file import save_style


class SaveStyle(io.ComfyNode):
    """A style becomes a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A style and a name for it."""
        return node(
            "SaveStyle",
            display_name="Save Style (AdaIN)",
            description="Keep a style as a file of a few kilobytes in models/adain_styles, for Load Style and for "
            "`adain stylize --style`. Files that are there already are never replaced.",
            search_aliases=["export style"],
            is_output_node=True,
            inputs=[
                AdaINStyle.Input("style", tooltip="From Encode Style or Blend Styles."),
                io.String.Input(
                    "filename_prefix",
                    default="style",
                    tooltip="Start of the file's name; a number follows. A / makes a folder.",
                ),
            ],
            outputs=[AdaINStyle.Output(display_name="style", tooltip="The same style.")],
        )

    @classmethod
    def execute(cls, style: Style, filename_prefix: str) -> io.NodeOutput:
        """Write the file and show its name."""
        path = save_style(style, host.new_file(filename_prefix, host.STYLE_FOLDER, ".safetensors"))
        return io.NodeOutput(style, ui={"text": [path.name]})
