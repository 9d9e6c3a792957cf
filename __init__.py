"""The repository's folder as a custom node package of ComfyUI.

The host imports this file under a name made from the folder's path, whatever that is, while all code inside says
``adain_nodes``. So the folder's own copy is entered under that name, unless one was imported already (a second clone,
an installed package that something else uses): two copies side by side would refuse each other's styles and networks.
``sys.path`` stays as it is. A wheel carries this file and the folders beside it as ``adain_nodes/_resources``; linked
into ``custom_nodes``, that folder is the same pack, with the installed package for its code.

It happens when the host asks for the nodes, and not before: pytest imports this file too, where there is no host.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adain_nodes.comfy.extension import AdaINExtension

WEB_DIRECTORY = "web/comfyui"

__all__ = ["WEB_DIRECTORY", "comfy_entrypoint"]


async def comfy_entrypoint() -> AdaINExtension:
    """What the host calls once, when it has imported the package."""
    if Path(__file__).with_name("adain_nodes").is_dir():
        from . import adain_nodes

        sys.modules.setdefault("adain_nodes", adain_nodes)

    from adain_nodes.comfy.extension import AdaINExtension
    from adain_nodes.comfy.host import register_folders

    register_folders()
    return AdaINExtension()
