"""The folders that travel with the package: `weights`, `web` and `examples`."""

from __future__ import annotations

from pathlib import Path

from adain_nodes.core.errors import AdaINError

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """The path of a file or folder such as ``resource("weights", "lite.safetensors")``.

    A wheel carries the folders inside the package, a checkout beside it.
    Raises AdaINError when the installation lacks it.
    """
    inside = _PACKAGE / "_resources"
    path = (inside if inside.is_dir() else _PACKAGE.parent).joinpath(*parts)
    if not path.exists():
        raise AdaINError(
            f"{path} belongs to adain-nodes and is not there: the installation is incomplete.",
            "Install the package again.",
            path=path,
        )
    return path
